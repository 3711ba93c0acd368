"""A device of the cast: enrolled at the org, with a key that the seed decides."""

import hashlib

from emulator.kernel.doc import Doc
from emulator.scenario import cast_words as words
from emulator.scenario.dice import Dice
from emulator.scenario.stage import Stage


def enrolled(stage: Stage, dice: Dice, alias: str, member: words.NewDevice) -> Doc:
    """`{self, id, name, key}`; key: its private JWK, which only the scripted device uses."""
    from emulator.wire.agents import okta_verify

    key = okta_verify.key_of(hashlib.sha256(dice.text(f"{alias} key", 32).encode()).digest())
    name = f"{member.platform.title()} {dice.text(alias, 5)}"
    profile = {"displayName": name, "platform": member.platform, **member.profile}
    made = stage.okta.post("/api/internal/v1/devices", {
        "userId": stage.aliases[member.of].part("id"), "profile": profile, "managed": member.managed,
        "key": okta_verify.public_of(key),
    })  # fmt: skip
    return {"self": made["id"], "id": made["id"], "name": name, "key": key}
