"""A broad round trip with the vendor's SDK for Python, as an administrator's script would: prints what it saw as JSON."""

import asyncio
import json
import os
import urllib.request
from time import monotonic
from typing import Any

from okta import models
from okta.client import Client

seen: dict[str, Any] = {}
PEOPLE = 250


async def done(call: Any) -> Any:
    """What an SDK call brings. Raises where it brings an error."""
    found = await call
    if found[-1] is not None:
        raise SystemExit(str(found[-1]))
    return found[0]


async def everything(client: Client, list_of: Any, **more: Any) -> list[Any]:
    """All pages: the cursor is in the Link header."""
    found, after = [], None
    while True:
        items, answer, error = await list_of(**more, **({"after": after} if after else {}))
        if error is not None:
            raise SystemExit(str(error))
        found += items or []
        links = (
            answer.headers.getall("Link") if hasattr(answer.headers, "getall") else [str(answer.headers.get("Link"))]
        )
        following = [link for line in links for link in line.split(", <") if 'rel="next"' in link]
        if not following:
            return found
        after = following[0].partition("after=")[2].partition("&")[0].partition(">")[0]


def person(name: str, **more: Any) -> dict[str, Any]:
    login = f"{name}@acme.example"
    return {"profile": {"login": login, "email": login, "firstName": "Python", "lastName": name}, **more}


async def people(client: Client) -> Any:
    body = person("pia", credentials={"password": {"value": "Rather-Long-0-One"}})
    user = await done(client.create_user(models.CreateUserRequest.from_dict(body), activate=True))
    field = {"title": "Badge", "type": "string"}
    schema = {"definitions": {"custom": {"id": "#custom", "type": "object", "properties": {"pythonBadge": field}}}}
    await done(client.update_user_profile("default", models.UserSchema.from_dict(schema)))
    change = models.UpdateUserRequest.from_dict({"profile": {"pythonBadge": "P7", "department": "Python"}})
    changed = await done(client.update_user(user.id, change))
    factor = {"factorType": "question", "provider": "OKTA",
              "profile": {"question": "disliked_food", "answer": "pasta"}}  # fmt: skip
    await done(client.enroll_factor(user.id, models.UserFactor.from_dict(factor)))
    factors = await done(client.list_factors(user.id))
    seen["people"] = [str(getattr(user.status, "value", user.status)), changed.profile.additional_properties["pythonBadge"],
                      len(factors)]  # fmt: skip
    return user


async def groups(client: Client, user: Any) -> Any:
    body = {"profile": {"name": "Pythonistas", "description": "d"}}
    group = await done(client.add_group(models.AddGroupRequest.from_dict(body)))
    await done(client.assign_user_to_group(group.id, user.id))
    members = await done(client.list_group_users(group.id))
    await done(client.unassign_user_from_group(group.id, user.id))
    rule = await done(client.create_group_rule(models.CreateGroupRuleRequest.from_dict({
        "type": "group_rule", "name": "Python rule", "actions": {"assignUserToGroups": {"groupIds": [group.id]}},
        "conditions": {"expression": {"value": 'user.department=="Python"', "type": "urn:okta:expression:1.0"}},
    })))  # fmt: skip
    await done(client.activate_group_rule(rule.id))
    by_rule = await done(client.list_group_users(group.id))
    await done(client.deactivate_group_rule(rule.id))
    seen["groups"] = [str(getattr(group.type, "value", group.type)), len(members), len(by_rule)]
    return group


async def apps(client: Client, user: Any, group: Any) -> Any:
    settings = {"app": {"requestIntegration": False, "url": "https://wiki.example"}}
    body = {"name": "bookmark", "label": "Python wiki", "signOnMode": "BOOKMARK", "settings": settings}
    app = await done(client.create_application(models.BookmarkApplication.from_dict(body)))
    sent = models.AppUserAssignRequest.from_dict({"id": user.id, "scope": "USER", "credentials": {"userName": "pia"}})
    assigned = await done(client.assign_user_to_application(app.id, sent))
    await done(client.assign_group_to_application(app.id, group.id))
    listed = await done(client.list_application_users(app.id))
    field = {"title": "Shelf", "type": "string"}
    schema = {"definitions": {"custom": {"id": "#custom", "type": "object", "properties": {"shelf": field}}}}
    await done(client.update_application_user_profile(app.id, schema))
    [mapping] = await done(client.list_profile_mappings(target_id=app.id))
    change = {"properties": {"shelf": {"expression": "user.department", "pushStatus": "PUSH"}}}
    mapped = await done(client.update_profile_mapping(mapping.id, models.ProfileMappingRequest.from_dict(change)))
    seen["apps"] = [app.status.value, assigned.scope.value if hasattr(assigned.scope, "value") else assigned.scope,
                    len(listed), mapped.properties["shelf"].expression]  # fmt: skip
    return app


async def rules(client: Client, group: Any) -> None:
    gateway = {"type": "CIDR", "value": "192.0.2.0/24"}
    body = {"type": "IP", "name": "Python office", "gateways": [gateway]}
    zone = await done(client.create_network_zone(models.IPNetworkZone.from_dict(body)))
    policy = await done(client.create_policy(models.OktaSignOnPolicy.from_dict({
        "type": "OKTA_SIGN_ON", "name": "Python policy", "conditions": {"people": {"groups": {"include": [group.id]}}},
    })))  # fmt: skip
    await done(client.create_policy_rule(policy.id, models.OktaSignOnPolicyRule.from_dict({
        "type": "SIGN_ON", "name": "In office", "actions": {"signon": {"access": "ALLOW", "requireFactor": False}},
        "conditions": {"network": {"connection": "ZONE", "include": [zone.id]}},
    })))  # fmt: skip
    listed = await done(client.list_policy_rules(policy.id))
    seen["rules"] = [str(getattr(zone.status, "value", zone.status)), str(getattr(policy.type, "value", policy.type)),
                     len(listed)]  # fmt: skip
    await done(client.delete_policy(policy.id))
    await done(client.deactivate_network_zone(zone.id))
    await done(client.delete_network_zone(zone.id))


async def logs(client: Client, user: Any) -> None:
    found = await done(client.list_log_events(filter=f'target.id eq "{user.id}"', limit=50))
    kinds = [event.event_type for event in found]
    seen["logs"] = ["user.lifecycle.create" in kinds, "application.user_membership.add" in kinds]


async def away(client: Client, user: Any, group: Any, app: Any) -> None:
    await done(client.deactivate_application(app.id))
    await done(client.delete_application(app.id))
    await done(client.delete_group(group.id))
    for _ in range(2):
        await done(client.delete_user(user.id))
    _, _, error = await client.get_user(user.id)
    seen["gone"] = "E0000007" if "E0000007" in str(error) else str(error)


async def many(client: Client) -> None:
    """People over several pages, and a limit that the client waits for."""
    for start in range(0, PEOPLE, 25):
        await asyncio.gather(*(done(client.create_user(models.CreateUserRequest.from_dict(person(f"py{start + n}")),
                                                       activate=False)) for n in range(25)))  # fmt: skip
    found = await everything(client, client.list_users, search='profile.firstName eq "Python"', limit=60)
    seen["paged"] = len({user.id for user in found})


def lab(path: str, body: Any) -> None:
    """Change the lab itself, over the org's own address."""
    request = urllib.request.Request(  # https, to the lab
        os.environ["OKTA_CLIENT_ORGURL"] + path, json.dumps(body).encode(), method="PATCH",
        headers={"content-type": "application/json"},
    )  # fmt: skip
    urllib.request.urlopen(request).read()


async def patience(client: Client) -> None:
    """A limit that is reached three seconds before it is lifted: the client waits, and its call succeeds."""
    lab("/_lab/clock", {"advance": "PT61S"})
    lab("/_lab/limits", {"limits": {"okta.apps": 2}})
    await done(client.list_applications())
    lab("/_lab/clock", {"advance": "PT57S"})
    began = monotonic()
    for _ in range(2):
        await done(client.list_applications())
    seen["waited"] = monotonic() - began > 1
    lab("/_lab/limits", {"limits": "off"})


async def main() -> None:
    async with Client() as client:
        user = await people(client)
        group = await groups(client, user)
        app = await apps(client, user, group)
        await rules(client, group)
        await logs(client, user)
        await away(client, user, group, app)
        await many(client)
        await patience(client)
    print(json.dumps(seen))


asyncio.run(main())
