"""Reports of a run: lines for people, JUnit, JSON, a summary for a pipeline's page, and artefacts of what failed."""

from collections.abc import Iterable
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

import orjson

from emulator.kernel.doc import Doc
from emulator.scenario.runner import Result


def line(result: Result) -> str:
    """One line for a terminal or a log."""
    mark = "ok  " if result.ok else "FAIL"
    return f"{mark} {result.id or '?':<5} {result.title or result.path}  (seed {result.seed}, {result.seconds:.2f} s)"


def junit(results: Iterable[Result]) -> bytes:
    """JUnit XML: a case for each scenario and seed."""
    cases = list(results)
    failed, errors = (sum(not each.ok and each.error is wanted for each in cases) for wanted in (False, True))
    rows = [
        f'<testsuite name="tenantlab scenarios" tests="{len(cases)}" failures="{failed}" errors="{errors}" '
        f'time="{sum(each.seconds for each in cases):.3f}">'
    ]
    for each in cases:
        name = quoteattr(f"{each.id} {each.title} [seed {each.seed}]")
        head = f'<testcase classname={quoteattr(each.path)} name={name} time="{each.seconds:.3f}"'
        if each.ok:
            rows.append(head + "/>")
            continue
        kind = "error" if each.error else "failure"
        message = quoteattr(each.problems[0][:300])
        rows.append(f"{head}><{kind} message={message}>{escape(chr(10).join(each.problems))}</{kind}></testcase>")
    return ('<?xml version="1.0" encoding="utf-8"?>\n' + "\n".join([*rows, "</testsuite>"]) + "\n").encode()


def summary(results: Iterable[Result]) -> str:
    """Markdown for a pipeline's summary page."""
    cases = list(results)
    good = sum(each.ok for each in cases)
    rows = [f"### Scenarios: {good} of {len(cases)} as they should be", ""]
    bad = [each for each in cases if not each.ok]
    if bad:
        rows += ["| scenario | seed | what is wrong |", "|---|---|---|"]
        rows += [f"| {each.id} {each.title} | {each.seed} | {each.problems[0].replace('|', '/')} |" for each in bad]
    return "\n".join(rows) + "\n"


def as_doc(results: Iterable[Result]) -> Doc:
    cases = list(results)
    return {"ok": all(each.ok for each in cases), "scenarios": [each.to_doc() for each in cases]}


def write_artifacts(result: Result, folder: Path) -> Path:
    """What is needed to look into a failure: the sentences, both logs, the tape, and how to see it again.

    The scenario is played once more up to its symptom; ids and bytes are the same for the same seed.
    """
    from emulator.scenario.files import read
    from emulator.scenario.runner import staged
    from emulator.scenario.show import render
    from emulator.scenario.timeline import timeline
    from emulator.wire.tape import masked

    target = folder / f"{result.id or 'unknown'}-seed{result.seed}"
    target.mkdir(parents=True, exist_ok=True)
    again = f"tenantlab run {result.path} --verify --seed {result.seed}"
    why = "\n".join([f"# {result.id} {result.title}", "", *(f"- {each}" for each in result.problems), "",
                     f"Again: `{again}`",

                     "In a lab of your own: `tenantlab up`, then "
                     f"`tenantlab scenario start {result.id} --seed {result.seed}` and `tenantlab browser`.",
                     ""])  # fmt: skip
    (target / "why.md").write_text(why, encoding="utf-8")
    (target / "result.json").write_bytes(orjson.dumps(result.to_doc(), option=orjson.OPT_INDENT_2))
    if result.error and not result.id:
        return target
    with staged(read(Path(result.path)), result.seed) as (world, play):
        try:
            play.prepare()
            play.set_up()
            play.check(play.scenario.expect)
        finally:
            hops = [masked(hop.to_doc()) for hop in world.tape]
            rows = world.journal(limit=100_000)
            (target / "tape.jsonl").write_bytes(b"".join(orjson.dumps(hop) + b"\n" for hop in hops))
            (target / "journal.jsonl").write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
            text = render(timeline(hops, play.stage.control("GET", "journal?after=0&limit=5000")["rows"]), colour=False)
            (target / "timeline.txt").write_text(text + "\n", encoding="utf-8")
    return target
