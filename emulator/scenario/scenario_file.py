"""What a scenario file holds, and its published JSON Schema."""

from typing import Any, Literal

import msgspec

from emulator.kernel.doc import Doc
from emulator.scenario.cast_words import CAST
from emulator.scenario.vocabulary import VERBS


class Wrong(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A plausible wrong fix. do: its lines. worsens: checks that hold after it, where it makes things worse."""

    say: str
    do: list[Doc]
    worsens: list[Doc] = []


class Question(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Something that the trainee has to say. kind: how it is answered."""

    ask: str
    kind: Literal["text", "choice", "number", "list", "table"] = "text"
    choices: list[str] = []


class File(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A scenario file. Lines are checked one by one against `VERBS`.

    id: the catalogue's row. shows: further rows that it witnesses. differs: what of it is not emulated.
    """

    id: str
    title: str
    level: int
    minutes: int
    teaches: list[str]
    area: str = ""
    shows: list[str] = []
    differs: str = ""
    world: Any = "acme"
    cast: dict[str, Doc] = {}
    backdrop: list[Doc] = []
    cause: list[Doc] = []
    play: list[Doc] = []
    expect: list[Doc] = []
    questions: dict[str, Question] = {}
    check: list[Doc]
    hints: list[str] = []
    wrong: list[Wrong] = []
    solve: list[Doc]


def json_schema() -> Doc:
    """The JSON Schema of scenario files, for editors."""
    components = msgspec.json.schema_components([File, *VERBS.values(), *CAST.values()])
    _, definitions = components
    line = {"oneOf": [{"$ref": f"#/$defs/{verb.__name__}"} for verb in VERBS.values()]}
    top = definitions["File"]
    for name in ("backdrop", "cause", "play", "expect", "check", "solve"):
        top["properties"][name]["items"] = line
    for name in ("do", "worsens"):
        definitions["Wrong"]["properties"][name]["items"] = line
    top["properties"]["cast"]["additionalProperties"] = {
        "oneOf": [{"$ref": f"#/$defs/{member.__name__}"} for member in dict.fromkeys(CAST.values())]
    }
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "A tenantlab scenario", **top,
            "$defs": {name: value for name, value in definitions.items() if name != "File"}}  # fmt: skip
