"""One winner: of many requests at the same time exactly one uses a thing that is good once. security.md C1, S28."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from emulator import World
from tests.entra.login.test_token import ROPC_FORM
from tests.entra.login.worlds import authorize_url, post_srf, redeem, sign_in_managed, stopping, token, wresult


def at_once(call: Callable[[], int], times: int = 20) -> list[int]:
    with ThreadPoolExecutor(8) as pool:
        return sorted(pool.map(lambda _: call(), range(times)))


def test_an_assertion(world: World) -> None:
    text = wresult(world)
    assert at_once(lambda: post_srf(world, text).status) == [200] + [400] * 19


def test_a_code(world: World) -> None:
    view = sign_in_managed(stopping(world), authorize_url())
    assert at_once(lambda: redeem(world, view)[0]) == [200] + [400] * 19


def test_the_lockout_counter(world: World) -> None:
    wrong = {**ROPC_FORM, "password": "wrong"}
    codes = at_once(lambda: int(token(world, wrong)[1]["error_codes"][0]))
    assert codes == [50053] * 10 + [50126] * 10
