"""The pump looks for work when there may be some: a document or the clock has changed, not when somebody signed in."""

from emulator.serving.pump import Pump
from tests.okta.sso.worlds import made, passive, posted, sign_in


def test_sign_ins_do_not_wake_the_pump():
    with made() as world:
        browser = world.browser
        sign_in(browser, "dana@acme.example")
        pump = Pump(world, world.transport)
        posted(browser, passive())
        assert not pump._wake.is_set()
        world.okta.post("/api/v1/groups", {"profile": {"name": "new"}})
        assert pump._wake.is_set()
        pump._wake.clear()
        world.clock.advance(hours=1)
        assert pump._wake.is_set()
