"""Forms of self-service registration."""

from tests.okta.worlds import refused, world

AT = "/api/v1/meta/uischemas"
FIELD = {"type": "Control", "scope": "#/properties/city", "label": "Town", "options": {"format": "text"}}
FORM = {"uiSchema": {"type": "Group", "label": "Join", "buttonLabel": "Go", "elements": [FIELD]}}


def test_life_of_a_form() -> None:
    with world() as org:
        (first,) = org.okta.get(AT)
        assert [item["scope"].rpartition("/")[2] for item in first["uiSchema"]["elements"]] == [
            "firstName", "lastName", "email",
        ]  # fmt: skip
        made = org.okta.post(AT, FORM)
        assert made["uiSchema"] == FORM["uiSchema"] and list(made["_links"]) == ["self"]
        at = f"{AT}/{made['id']}"
        assert org.okta.get(at) == made and org.okta.get(AT) == [first, made]
        bare = {"type": "Group", "elements": [{"scope": "#/properties/city"}]}
        assert org.okta.put(at, {"uiSchema": bare})["uiSchema"] == bare
        for _ in range(2):
            assert org.okta.call("DELETE", at).status == 204
        assert refused(org, "GET", at)[2] == f"Not found: Resource not found: {made['id']} (UISchemaEntity)"
        assert refused(org, "PUT", at, FORM)[:2] == (404, "E0000007")


def test_what_no_form_is() -> None:
    with world() as org:
        wrong = {**FIELD, "options": {"format": "song"}}
        for body in ({}, {"uiSchema": {"elements": [{"label": "Town"}]}}, {"uiSchema": {"elements": [wrong]}}):
            assert refused(org, "POST", AT, body)[:2] == (400, "E0000001")
        assert len(org.okta.get(AT)) == 1
