"""Pages: what is filled into a page that was rendered before is what Jinja would have written."""

import pytest

from emulator.protocols import html
from emulator.protocols.html import exact, filled, page, page_headers

TEMPLATE = """<title>{{ title }}</title><style nonce="{{ nonce }}"></style>
{% for name, value in fields %}
<input name="{{ name }}" value="{{ value }}">
{% endfor %}
<script nonce="{{ nonce }}">{{ title }}</script>
"""
HOSTILE = ["", "<script>", "\"'&amp;&#34;", "{{ nonce }}{% raw %}", "\ue0000\ue000", "☃ä", "%s{0}", "x" * 5000]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "form.html").write_text(TEMPLATE)
    yield tmp_path
    html._environment.cache_clear()
    html._pieces.cache_clear()


@pytest.mark.parametrize("text", HOSTILE)
def test_a_filled_page_is_the_rendered_one(folder, text):
    for other in HOSTILE:
        fields = [("wa", other), (text, text), ("wctx", other + text)]
        made = filled(folder, "form.html", {"title": text}, fields, nonce="n0nce", posts_to=("https://a.example",))
        assert made.body == page(folder, "form.html", {"title": text, "fields": fields}, nonce="n0nce").body
        assert made.headers == page_headers("n0nce", ("https://a.example",))


def test_a_carriage_return_survives_a_parser():
    assert exact("a\r\nb") == b"a&#13;\nb"
