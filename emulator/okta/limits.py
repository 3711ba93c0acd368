"""Rate-limit buckets and their documented limits per minute. Source: okta-admin-api.md 1.7.

Headers always show the bucket; requests are only refused when the world's `limits` setting says so.
"""

from emulator.kernel.call import Call
from emulator.kernel.clock import MINUTE
from emulator.kernel.problems import Compared, Problem, Why

PER_MINUTE = {
    "users.get": 2000, "users.list": 1000, "users": 1000, "groups.get": 1000, "groups": 500, "apps.get": 500,
    "apps": 100, "logs": 120, "token": 2000, "authn": 600, "login": 850, "wsfed.active": 2000, "wsfed.passive": 250,
    "saml": 600, "api": 1200, "factors": 600,
}  # fmt: skip


def used_up(call: Call, wait_s: str | None) -> list[tuple[str, str]]:
    """The three headers of a refusal that was not counted here (a fault rule's): nothing is left for so long."""
    seconds = int(wait_s) if wait_s is not None and wait_s.isdigit() else MINUTE // 1000
    return [
        ("X-Rate-Limit-Limit", str(PER_MINUTE[call.operation.bucket or "api"])),
        ("X-Rate-Limit-Remaining", "0"),
        ("X-Rate-Limit-Reset", str(-(-call.now // 1000) + seconds)),
    ]


def limit(call: Call) -> None:
    """Count the call against its bucket and show the three headers. Raises 429 where limits are on.

    The org's own agents are part of it, and not counted.
    """
    if call.caller.kind == "agent":
        return
    bucket = call.operation.bucket or "api"
    setting = call.settings.get("limits", "off")
    most = PER_MINUTE[bucket]
    if isinstance(setting, dict):
        most = int(setting.get(f"okta.{bucket}", most))
    start, used = call.windows.count(bucket, call.now, MINUTE)
    reset = (start + MINUTE) // 1000
    remaining = max(0, most - used - 1)
    over = used >= most
    call.headers += [
        ("X-Rate-Limit-Limit", str(most)),
        ("X-Rate-Limit-Remaining", str(remaining if setting != "off" else max(1, remaining))),
        ("X-Rate-Limit-Reset", str(reset)),
    ]
    if over and setting != "off":
        compared = (Compared("requests", used + 1, f"bucket {bucket}"), Compared("limit", most, "world limits"))
        raise Problem("E0000047", why=Why("More requests in this minute than the bucket allows.", compared))
