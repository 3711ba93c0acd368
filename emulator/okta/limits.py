"""Rate-limit buckets and their documented limits per minute. Source: okta-admin-api.md 1.7.

Headers always show the bucket; requests are only refused when the world's `limits` setting says so.
"""

from emulator.kernel.call import Call
from emulator.kernel.clock import MINUTE
from emulator.kernel.doc import Doc
from emulator.kernel.problems import Compared, Problem, Why
from emulator.okta import rate_shares
from emulator.okta.events import emit, target

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


def uncounted(call: Call) -> list[tuple[str, str]]:
    """The three headers of an answer that was refused before it was counted (inferred: nothing is taken off)."""
    bucket, most = _bucket(call)
    start, used = call.windows.seen(bucket, call.now, MINUTE)
    return _headers(call, most, most - used, start)


def _on(call: Call) -> bool:
    return bool(call.settings.get("limits", "off") != "off")


def _bucket(call: Call) -> tuple[str, int]:
    """The call's bucket, and how many a minute it takes in this world."""
    bucket = call.operation.bucket or "api"
    setting = call.settings.get("limits", "off")
    most = PER_MINUTE[bucket]
    return bucket, int(setting.get(f"okta.{bucket}", most)) if isinstance(setting, dict) else most


def _headers(call: Call, most: int, left: int, start: int) -> list[tuple[str, str]]:
    return [
        ("X-Rate-Limit-Limit", str(most)),
        ("X-Rate-Limit-Remaining", str(max(0 if _on(call) else 1, left))),
        ("X-Rate-Limit-Reset", str((start + MINUTE) // 1000)),
    ]


def limit(call: Call) -> None:
    """Count the call against its bucket and show the three headers. Raises 429 where limits are on.

    The org's own agents are part of it, and not counted. A token or client with a share of its own is counted by itself
    (inferred), and so is each browser at the pages where the org's settings say so.
    """
    if call.caller.kind == "agent":
        return
    bucket, most = _bucket(call)
    own = rate_shares.share(call)
    if own is not None:
        bucket, most = f"{bucket} {own[0]}", max(1, most * own[1] // 100)
    start, used = call.windows.count(bucket, call.now, MINUTE)
    call.headers += _headers(call, most, most - used - 1, start)
    if not _on(call):
        return
    if used >= most:
        compared = (Compared("requests", used + 1, f"bucket {bucket}"), Compared("limit", most, "world limits"))
        why = Why("More requests in this minute than the bucket allows.", compared)
        raise _refused(call, "system.org.rate_limit.violation", why, first=used == most)
    _warn(call, bucket, most, used + 1)
    _count_browser(call)


def _warn(call: Call, bucket: str, most: int, used: int) -> None:
    """One warning a minute, when the org's threshold is reached."""
    threshold = rate_shares.setting(call, rate_shares.THRESHOLD)["warningThreshold"]
    if used == -(-most * threshold // 100):
        emit(call, "system.org.rate_limit.warning", [_bucket_target(bucket)], debug={"rateLimitBucket": bucket})


def _count_browser(call: Call) -> None:
    found = rate_shares.client_of(call)
    if found is None or found[1] == rate_shares.DISABLE:
        return
    name, mode = found
    _, used = call.windows.count(f"client {name}", call.now, MINUTE)
    if used < rate_shares.PER_CLIENT:
        return
    compared = (Compared("requests", used + 1, name), Compared("limit", rate_shares.PER_CLIENT, "one browser a minute"),
                Compared("mode", mode, "rate-limit-settings/per-client"))  # fmt: skip
    why = Why("One browser asked for the page more often in this minute than the org allows.", compared)
    if mode == rate_shares.ENFORCE:
        raise _refused(call, "system.client.rate_limit.violation", why, first=used == rate_shares.PER_CLIENT)
    if used == rate_shares.PER_CLIENT:
        emit(call, "system.client.rate_limit.notification", [_bucket_target(name)], why=why)


def _refused(call: Call, event: str, why: Why, *, first: bool) -> Problem:
    """The refusal; the first of a minute is logged."""
    if first:
        emit(call, event, [_bucket_target(why.compared[0].where)], outcome="DENY", reason=why.rule, why=why)
    return Problem("E0000047", why=why, log=tuple(call.entries))


def _bucket_target(name: str) -> Doc:
    return target("Bucket", name[:200], name=name[:200])
