"""The catalogue of AADSTS codes: complete, and every code that is raised is in it. graph-entra.md 2.14."""

import re
from pathlib import Path

import emulator.entra.login
from emulator import World
from emulator.entra.login.aadsts import CATALOGUE
from tests.entra.login.worlds import spec

_TABLE = """16000 20001 20012 50000 50001 500011 50005 50006 50008 500081 500082 500083 500089 50011 50012 50013 500131 500133
50020 50034 50049 50053 50055 50056 50057 50058 50059 50072 50074 50076 50078 50079 50085 50089 50097 50105 50107 50125 50126
50128 50129 50131 50132 50133 50135 50140 50143 50144 50155 50158 50161 50169 50173 50180 50194 50196 50197 51001 51004 51006
53000 53001 53002 53003 53004 530003 530032 530035 54000 54005 65001 65002 65004 65005 650052 650056 650057 70000 70001 7000112
70002 700016 700038 7000215 7000218 7000222 700025 700024 700027 70003 70004 70005 700054 70007 70008 700082 700084 70043 70011
70012 70016 70018 70019 70020 70044 70046 75001 75003 75005 750054 75008 75011 75016 76021 76026 80001 80002 80005 80007 80010
80012 80013 80014 81004 81006 81007 81009 81010 81011 81012 81016 90002 90004 90008 90009 90010 90012 90013 90014 900144 9001023
90019 90020 90023 9002313 9002325 9002326 9002327 9002332 90033 90036 90056 900561 90072 90081 90082 90084 90085 90086 90087
90093 90094 90095 90099 90100 901002 120000 120021 130503 135011 140000 140001 240001 240002 1002012 5000811 5000819 5000820
7500514 50003 50032 50061 50068 50070 50071 7002138 700213 501481"""


def test_the_published_table_is_complete() -> None:
    assert [code for code in _TABLE.split() if code not in CATALOGUE] == []


def test_every_entry_can_be_told() -> None:
    for code, kind in CATALOGUE.items():
        assert code.isdigit()
        assert kind.text and kind.extra["error"], code
        assert kind.status in (400, 401, 404, 500), code
        places = sorted(set(re.findall(r"\{(\d)\}", kind.text)))
        assert places == [str(number) for number in range(len(places))], code


def test_every_code_that_is_raised_is_in_it() -> None:
    folder = Path(emulator.entra.login.__file__).parent
    raised = {code for path in folder.glob("*.py") for code in re.findall(r'Problem\(\s*"(\d+)"', path.read_text())}
    assert len(raised) > 60
    assert raised <= set(CATALOGUE)


def test_error_uris_lead_to_the_text() -> None:
    with World(spec()) as world:
        view = world.browser.get("https://login.microsoftonline.com/error?code=50058")
        assert (view.status, "A silent sign-in request was sent" in view.text) == (200, True)
        assert "No information" in world.browser.get("https://login.microsoftonline.com/error?code=<b>1").text
        assert "A silent" in world.browser.get("https://login.microsoftonline.com/error?code=AADSTS50058").text
