"""Pictures of the flows, docs/pictures/*.svg: drawn from what really crossed the wire when a scenario was played.

`python tests/docs/generate.py` draws them again; a picture that no longer fits what happens fails the tests.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from pathlib import Path
from urllib.parse import urlsplit

from emulator import World
from emulator.scenario.files import by_id, read
from emulator.scenario.runner import staged
from emulator.wire.tape import Hop

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "pictures"
SEED = "1"
LANES = {"browser": 110, "okta": 460, "entra": 810}
NAMES = {"browser": "Browser and application", "okta": "Okta", "entra": "Microsoft"}
WIDTH, ROW, TOP = 920, 52, 64
STYLE = (
    "text{font:12px system-ui,sans-serif;fill:#1b2733}.head{font-weight:600;font-size:14px}.small{font-size:10.5px;fill:#5b6b7a}"
    ".why{font-size:11px;fill:#a4262c}.lane{stroke:#c9d3dc;stroke-dasharray:3 4}.hop{stroke:#2b6cb0;stroke-width:1.5}"
    ".bad{stroke:#a4262c;stroke-width:1.5}.turn{fill:#eef4fa;stroke:#c9d3dc}"
    "@media(prefers-color-scheme:dark){text{fill:#dfe7ee}.small{fill:#9fb0bf}.why{fill:#ff9c9c}.lane{stroke:#405060}"
    ".hop{stroke:#7ab8f5}.bad{stroke:#ff9c9c}.turn{fill:#1d2a36;stroke:#405060}}"
)


@dataclass(frozen=True)
class Flow:
    """A picture: its name, its title, and what is recorded for it."""

    name: str
    title: str
    record: Callable[[], list[Hop]]


def sign_in() -> list[Hop]:
    """Somebody of a federated domain signs in, and nothing is wrong."""
    with World("acme", seed=SEED) as world:
        after = max((hop.n for hop in world.tape), default=0)
        assert world.browser.sign_in("dana@acme.example").ok
        return [hop for hop in world.tape if hop.n > after]


def first_push() -> list[Hop]:
    """Office 365 is assigned to somebody new, and the connector makes the account."""
    with World("acme", seed=SEED) as world:
        app = world.spec.lab["okta"]["o365_app_id"]
        profile = {"firstName": "Nia", "lastName": "New", "login": "nia@acme.example", "email": "nia@acme.example"}
        person = {"profile": profile, "credentials": {"password": {"value": "Test-Only-7-Larch"}}}
        assert world.okta.call("POST", "/api/v1/users?activate=true", person).status == 200
        world.sync()
        identifier = world.okta.get("/api/v1/users/nia@acme.example")["id"]
        world.okta.call("POST", f"/api/v1/apps/{app}/users", {"id": identifier, "scope": "USER"})
        after = max(hop.n for hop in world.tape)
        world.sync()
        assert world.entra.get("/users/nia@acme.example")["displayName"] == "Nia New"
        made = [hop for hop in world.tape if hop.n > after and "/hooks/" not in hop.url]
        last = max(at for at, hop in enumerate(made) if hop.url.endswith("/ack"))
        return made[: last + 1]


def scenario(name: str) -> list[Hop]:
    """The symptom of a scenario: its first sign-in that is expected to go wrong."""
    found = read(by_id(name)[0])
    with staged(found, SEED) as (world, play):
        play.prepare()
        play.set_up()
        after = max(hop.n for hop in world.tape)
        step = next(each for each in found.expect if each.verb == "sign_in")
        assert play.check([step])[0].ok
        return [hop for hop in world.tape if hop.n > after]


FLOWS = (
    Flow("sign-in", "One federated sign-in", sign_in),
    Flow("first-push", "A person is assigned, and the connector makes the account", first_push),
    Flow("ids-differ", "The immutable ids differ", lambda: scenario("ids-differ")),
    Flow(
        "mfa-loop",
        "Microsoft wants a second factor, Okta does not ask for one",
        lambda: scenario("policy-stricter-than-okta"),
    ),
)


def render(flow: Flow) -> str:
    """The picture as SVG."""
    hops = [hop for hop in flow.record() if "/_lab/" not in urlsplit(hop.url).path or "/agent/" in hop.url]
    return draw(flow.title, fold(hops))


def fold(hops: list[Hop]) -> list[tuple[Hop, str]]:
    """Hops, with a round that is gone through again and again shown once: (hop, note over it)."""
    keys = [(hop.operation, hop.method, hop.status) for hop in hops]
    for size in range(2, len(keys) // 2 + 1):
        for start in range(len(keys) - 2 * size + 1):
            times = 1
            while keys[start + times * size : start + (times + 1) * size] == keys[start : start + size]:
                times += 1
            if times > 1:
                last = start + (times - 1) * size
                kept = [*((hop, "") for hop in hops[:start]), *((hop, "") for hop in hops[last:])]
                head, _ = kept[start]
                kept[start] = (head, f"this round is gone through {times} times")
                return kept
    return [(hop, "") for hop in hops]


def draw(title: str, hops: list[tuple[Hop, str]]) -> str:
    height = TOP + 34 + sum(_height(hop, note) for hop, note in hops)
    who = "Connector" if any("/agent/" in hop.url for hop, _ in hops) else NAMES["browser"]
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" role="img" aria-label="{escape(title)}">',
        f"<style>{STYLE}</style><title>{escape(title)}</title>",
        '<defs><marker id="end" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0L8 4L0 8z" fill="context-stroke"/></marker></defs>',
    ]
    for lane, x in LANES.items():
        name = who if lane == "browser" else NAMES[lane]
        lines.append(f'<text class="head" x="{x}" y="26" text-anchor="middle">{escape(name)}</text>')
        lines.append(f'<line class="lane" x1="{x}" y1="38" x2="{x}" y2="{height - 12}"/>')
    y = TOP
    for number, (hop, note) in enumerate(hops, start=1):
        if note:
            lines.append(f'<rect class="turn" x="20" y="{y - 14}" width="{WIDTH - 40}" height="20" rx="4"/>')
            lines.append(f'<text class="small" x="{WIDTH // 2}" y="{y}" text-anchor="middle">{escape(note)}</text>')
            y += 26
        lines += _arrow(number, hop, y)
        y += _height(hop, "")
    return "\n".join([*lines, "</svg>"]) + "\n"


def _height(hop: Hop, note: str) -> int:
    return ROW + (26 if note else 0) + 15 * len(_reason(hop))


def _arrow(number: int, hop: Hop, y: int) -> list[str]:
    start, end = LANES["browser"], LANES.get(hop.party.partition(":")[0], LANES["okta"])
    kind = "bad" if hop.status >= 400 or hop.why else "hop"
    lines = [
        f'<text x="{start + 10}" y="{y}">{number}. {escape(_request(hop))}</text>',
        f'<line class="{kind}" x1="{start}" y1="{y + 7}" x2="{end}" y2="{y + 7}" marker-end="url(#end)"/>',
        f'<text class="small" x="{start + 10}" y="{y + 22}">{escape(_answer(hop))}</text>',
    ]
    texts = [
        f'<text class="why" x="{start + 10}" y="{y + 38 + 15 * at}">{escape(text)}</text>'
        for at, text in enumerate(_reason(hop))
    ]
    return [*lines, *texts]


_IDS = re.compile(
    r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\b(?:00u|00g|0oa|0ua|exk|job|lse)[0-9A-Za-z]{15,}|\b[0-9A-Za-z]{22,}\b"
)


_MOST = 8


def _request(hop: Hop) -> str:
    parts = urlsplit(hop.url)
    text = f"{hop.method} {parts.hostname}{_IDS.sub('…', parts.path)}"
    return text if len(text) < 92 else text[:91] + "…"


def _answer(hop: Hop) -> str:
    headers = {name.lower(): value for name, value in hop.response_headers}
    if "location" in headers and 300 <= hop.status < 400:
        there = urlsplit(headers["location"])
        return f"{hop.status}, go to {there.hostname or ''}{_IDS.sub('…', there.path)}"[:110]
    title = re.search(rb"<title>([^<]*)</title>", hop.response_body)
    code = re.search(rb"AADSTS\d+", hop.response_body)
    kind = "a page" if title else "JSON" if b"json" in headers.get("content-type", "").encode() else ""
    if re.search(rb'name="wresult"', hop.response_body):
        kind = "a form that carries the signed statement (wresult) on to Microsoft"
    return ", ".join(filter(None, (str(hop.status), kind, code[0].decode() if code else "")))


def _reason(hop: Hop) -> list[str]:
    """Why it was refused: the rule, and the values compared."""
    if not hop.why:
        return []
    compared = hop.why.get("compared", ())
    values = [f"{item['name']} = {item['value']}  ({item['where']})" for item in compared[:_MOST]]
    values += [f"and {len(compared) - _MOST} more values"] if len(compared) > _MOST else []
    return [text[:125] for text in (hop.why["rule"], *values)]


def pages() -> dict[str, str]:
    """File name to SVG, for all flows."""
    return {f"{flow.name}.svg": render(flow) for flow in FLOWS}
