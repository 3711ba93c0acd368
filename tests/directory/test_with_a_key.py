"""Where control routes want a token, agent, engine and org reach the directory all the same."""

from emulator import World

from .estate import anonymous, counts, engine, spec


def test_everybody_has_the_key() -> None:
    with World(spec(connect=engine(initial=True), delegatedAuthentication=True)) as world:
        world.control_token = "the-control-token"
        headers = {"authorization": "Bearer the-control-token"}
        assert world.directory.call("GET", "/agent").status == 401
        done = world.directory.post("/_lab/directory/import", headers=headers)["imports"]
        assert counts(done[0]["result"])["new"] == 1
        runs = world.directory.get("/connect", headers=headers)["runs"]
        assert [run["status"] for run in runs] == ["success"]
        body = {"username": "bo@acme.test", "password": "Directory-pass-1"}
        assert anonymous(world).request("POST", "/api/v1/authn", json=body).status == 200
