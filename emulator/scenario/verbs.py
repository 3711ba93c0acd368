"""What the verbs of a scenario line do: one function each, from the line and the stage to a plain result.

Here are time, the connector, faults, people at work, looking, and the user's own code; requests are in `api_verbs`,
assignments in `assignment_verbs`.
"""

from collections.abc import Callable
from typing import Any

from emulator.kernel.doc import Doc
from emulator.scenario import api_verbs, assignment_verbs, commands, delegated
from emulator.scenario import vocabulary as words
from emulator.scenario.api_verbs import Failed
from emulator.scenario.matching import mismatch
from emulator.scenario.members import each_of, subject_of
from emulator.scenario.references import plain
from emulator.scenario.stage import Stage
from emulator.wire.agents import Visit, agents, sign_in
from emulator.wire.browser import USER_AGENT, Browser


def sync(stage: Stage, line: words.Sync, *, asking: bool) -> Doc:
    return stage.sync()


def advance(stage: Stage, line: words.Advance, *, asking: bool) -> Doc:
    return dict(stage.control("PATCH", "clock", {"advance": line.advance}))


def fault(stage: Stage, line: words.Fault, *, asking: bool) -> Doc:
    return dict(stage.control("POST", "faults", line.fault))


def clear_faults(stage: Stage, line: words.ClearFaults, *, asking: bool) -> Doc:
    return dict(stage.control("DELETE", "faults"))


def limits(stage: Stage, line: words.Limits, *, asking: bool) -> Doc:
    return dict(stage.control("PATCH", "limits", {"limits": line.limits}))


def consent(stage: Stage, line: words.Consent, *, asking: bool) -> Doc:
    return delegated.consent(stage, line.app or stage.app_id, line.consent, by=subject_of(stage, line.by))


def signs_in(stage: Stage, line: words.SignIn, *, asking: bool) -> Any:
    if line.client not in agents():
        raise Failed(f"there is no client {line.client!r}; known: {', '.join(sorted(agents()))}")
    found = [_signed_in(stage, line, subject_of(stage, value)) for value in each_of(line.sign_in)]
    return found if isinstance(line.sign_in, list) else found[0]


def _signed_in(stage: Stage, line: words.SignIn, subject: Any) -> Doc:
    browser = None
    if line.browser:
        agent = line.user_agent or USER_AGENT
        made = stage.browsers.setdefault(line.browser, Browser(stage.transport, user_agent=agent, client=line.address))
        made.client, browser = line.address, made
    visit = Visit(
        stage.transport, stage.lab, str(subject.part("login")),
        password=line.password if line.password is not None else subject.secret, address=line.address,
        user_agent=line.user_agent, device=line.device, factors=line.factors, start=line.start, scope=line.scope,
        asked=line.asked, browser=browser, consent=line.consents, answers=line.answers,
    )  # fmt: skip
    return sign_in(line.client, visit).to_doc()


def journal(stage: Stage, line: words.Journal, *, asking: bool) -> list[Doc]:
    rows: list[Doc] = []
    after = stage.since["journal"]
    while True:
        query = f"journal?after={after}&limit=1000" + (f"&stream={line.stream}" if line.stream else "")
        page = stage.control("GET", query)["rows"]
        rows += [row for row in page if row["party"].partition(":")[0] == line.journal]
        if len(page) < 1000:
            break
        after = page[-1]["n"]
    return [row for row in rows if mismatch(line.where, row) is None] if line.where else rows


def tape(stage: Stage, line: words.Tape, *, asking: bool) -> list[Doc]:
    hops = stage.control("GET", f"tape?after={stage.since['tape']}&limit=100000")["hops"]
    return [hop for hop in hops if mismatch(line.tape, hop) is None]


def value(stage: Stage, line: words.Value, *, asking: bool) -> Any:
    return plain(line.value)


def answer(stage: Stage, line: words.Answer, *, asking: bool) -> Doc:
    stage.answers.update(line.answer)
    return dict(stage.answers)


def answered(stage: Stage, line: words.Answered, *, asking: bool) -> Any:
    return stage.answers.get(line.answered)


def run(stage: Stage, line: words.Run, *, asking: bool) -> Doc:
    """The command sees the world as the environment of a running lab; a world in process is served for it."""
    if stage.serve is None:
        raise Failed("commands run against a served world only")
    with stage.serve() as environment:
        try:
            done = commands.run(stage.folder, line, environment)
        except LookupError as error:
            raise Failed(str(error)) from error
    if done["code"] and not asking:
        raise Failed(f"{line.run[0]} ended with {done['code']}: {done['err'][-300:]}")
    return done


def python(stage: Stage, line: words.Python, *, asking: bool) -> Any:
    if stage.own is None:
        raise Failed("this scenario has no steps.py")
    return stage.own(line.python)(stage, **line.with_)


Does = Callable[..., Any]
VERBS: dict[str, Does] = {
    "okta": api_verbs.okta, "entra": api_verbs.entra, "directory": api_verbs.directory, "lab": api_verbs.lab,
    "http": api_verbs.http, "merge": api_verbs.merge, "assign": assignment_verbs.assign,
    "unassign": assignment_verbs.unassign, "app_user": assignment_verbs.app_user, "mapping": assignment_verbs.mapping,
    "sync": sync, "advance": advance, "consent": consent, "sign_in": signs_in, "fault": fault,
    "clear_faults": clear_faults, "limits": limits, "journal": journal, "tape": tape, "value": value, "answer": answer,
    "answered": answered, "run": run, "python": python,
}  # fmt: skip
"""Verb to what does it: from the stage and the line (see `vocabulary`) to a plain result."""
