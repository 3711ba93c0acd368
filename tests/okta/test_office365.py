"""Office 365: addresses, issuers, consent, provisioning settings, domains, licences."""

from urllib.parse import parse_qs, urlsplit

import pytest

from emulator.okta import office365
from emulator.okta.app_kinds import APPS
from tests.okta import o365, worlds
from tests.okta.o365 import APP, INTERNAL, ack, assign, lease, work
from tests.okta.worlds import SAM_ID, refused


def stored(world):
    return world.database.store("okta:acme").get(APPS, o365.APP_ID)


def consent(world, app_id, kind):
    """The whole way: link, what Microsoft sends back, the callback."""
    begun = world.okta.post(f"/api/internal/v1/apps/{app_id}/office365/consent", {"kind": kind})
    asked = urlsplit(begun["authorizeUrl"])
    query = {name: values[0] for name, values in parse_qs(asked.query).items()}
    assert (asked.netloc, asked.path) == ("login.microsoftonline.com", "/acme.onmicrosoft.com/adminconsent")
    back = f"{query['redirect_uri']}?admin_consent=True&tenant=1234&state={query['state']}"
    shown = worlds.anonymous(world).request("GET", back)
    assert shown.status == 200
    link = world.okta.get(back)["continue_oauth_flow_url"]
    assert link["method"] == "POST"
    return query["client_id"], link["href"]


@pytest.mark.parametrize(("name", "issuer"), [
    ("dana@acme.example", "acme.example:"), ("dana@sales.acme.example", "acme.example:"),
    ("dana@EU.example", "eu.example:"), ("dana@x.sub.eu.example", "sub.eu.example:"),
    ("dana@elsewhere.example", "acme.example:"), ("dana@notacme.example", "acme.example:"),
])  # fmt: skip
def test_issuers_are_one_for_each_federated_domain(name, issuer):
    domains = [{"name": n, "federated": n != "off.example"} for n in ("eu.example", "sub.eu.example", "off.example")]
    settings = {"app": {"msftTenant": "acme", "domain": "acme.example", "domains": domains}}
    with o365.made(settings=settings) as world:
        app = stored(world)
        assert office365.issuer_for(app, name) == issuer + o365.KEY
        assert office365.federated_domains(app) == ["eu.example", "sub.eu.example"]


def test_manual_federation_has_one_issuer_and_canonical_addresses():
    settings = {"app": {"msftTenant": "acme", "domain": "acme.example", "wsFedConfigureType": "MANUAL"}}
    with o365.made(settings=settings) as world:
        app = stored(world)
        assert office365.issuer_for(app, "dana@acme.example") == f"https://{o365.KEY}"
        base = f"https://{worlds.HOST}/app/office365/{o365.KEY}/sso/wsfed/"
        tickets = base.replace("acme.okta", "acme.kerberos.okta") + "windowstransport"  # the host that they are for
        assert office365.endpoints(worlds.HOST, app) == {
            **{name: base + name for name in ("passive", "active", "username13", "mex", "signout")},
            "windowstransport": tickets,
        }
        found = world.okta.get(f"{INTERNAL}/office365/federation-settings")
        [key] = world.okta.get(f"{APP}/credentials/keys")
        assert found == {
            "issuerUri": f"https://{o365.KEY}", "passiveSignInUri": base + "passive", "activeSignInUri": base + "active",
            "metadataExchangeUri": base + "mex", "signOutUri": base + "signout", "signingCertificate": key["x5c"][0],
            "federationBrandName": "Microsoft Office 365", "supportsMfa": False,
        }  # fmt: skip
        assert refused(world, "PUT", f"{INTERNAL}/office365/domains", {"names": []})[:2] == (400, "E0000001")


def test_consent_opens_ws_federation(org):
    app = org.okta.post("/api/v1/apps", o365.request())
    at = f"/api/v1/apps/{app['id']}"
    body = o365.request(signOnMode="SAML_1_1")
    assert refused(org, "PUT", at, body)[3] == [o365.CONSENT_TEXT]
    client, callback = consent(org, app["id"], "FEDERATION")
    assert org.okta.call("POST", callback).status == 204
    assert refused(org, "POST", callback)[:2] == (400, "E0000001")
    switched = org.okta.put(at, body)
    assert switched["signOnMode"] == "SAML_1_1" and switched["credentials"]["signing"]["kid"]
    other, _ = consent(org, app["id"], "GRAPH")
    assert client != other
    assert org.okta.put(at, o365.request())["credentials"]["signing"] == {}
    again = org.okta.put(at, body)
    assert again["credentials"]["signing"] == switched["credentials"]["signing"]
    assert "app.oauth2.admin.consent.grant" in worlds.kinds(org)


def test_consent_that_was_not_given_or_is_late(org):
    app = org.okta.post("/api/v1/apps", o365.request())
    at = f"/api/internal/v1/apps/{app['id']}/office365/consent"
    callback = f"/api/v1/apps/office365/{app['id']}/oauth2/callback"
    state = org.okta.post(at, {"kind": "FEDERATION"})["state"]
    got = refused(org, "POST", f"{callback}?error=access_denied&error_description=No&state={state}")
    assert got[2:] == ("Api validation failed: consent", ["No"])
    assert refused(org, "POST", f"{callback}?admin_consent=False&state={state}")[:2] == (400, "E0000001")
    assert refused(org, "POST", f"{callback}?code=x&state=nothing")[:2] == (400, "E0000001")
    newer = org.okta.post(at, {"kind": "FEDERATION"})["state"]
    assert refused(org, "POST", f"{callback}?code=x&state={state}")[:2] == (400, "E0000001")
    org.clock.advance(hours=1)
    assert refused(org, "POST", f"{callback}?code=x&state={newer}")[:2] == (400, "E0000001")
    assert refused(org, "POST", at, {"kind": "SOMETHING"})[:2] == (400, "E0000001")
    assert worlds.anonymous(org).request("GET", f"{office365.CONSENT_RETURN}?state=nothing").status == 404
    assert refused(org, "POST", f"/api/v1/apps/bookmark/{app['id']}/oauth2/callback?state=x")[:2] == (404, "E0000007")


def test_the_connection_from_nothing_to_enabled(org):
    app = org.okta.post("/api/v1/apps", o365.request())
    at = f"/api/v1/apps/{app['id']}/connections/default"
    features = f"/api/v1/apps/{app['id']}/features"
    assert org.okta.get(at) == {"status": "UNKNOWN", "profile": {"authScheme": "UNKNOWN"}}
    assert refused(org, "PUT", f"{features}/USER_PROVISIONING", {})[3] == ["Provisioning is not enabled."]
    assert refused(org, "POST", at, {"profile": {"authScheme": "TOKEN"}})[:2] == (400, "E0000001")
    made = org.okta.post(at, {"profile": {"authScheme": "OAUTH2"}})
    assert (made["status"], made["profile"]) == ("DISABLED", {"authScheme": "OAUTH2"})
    assert refused(org, "POST", f"{at}/lifecycle/activate")[:2] == (400, "E0000001")
    state = parse_qs(urlsplit(made["_links"]["authorize"]["href"]).query)["state"][0]
    callback = f"/api/v1/apps/office365/{app['id']}/oauth2/callback?code=abc&state={state}"
    assert org.okta.call("POST", callback).status == 204
    assert org.okta.call("POST", f"{at}/lifecycle/activate").status == 204
    assert org.okta.get(at)["_links"]["deactivate"]
    on = {"status": "ENABLED"}
    body = {"create": {"lifecycleCreate": on}, "update": {"profile": on, "lifecycleDeactivate": on}}
    feature = org.okta.put(f"{features}/USER_PROVISIONING", body)
    assert feature["status"] == "ENABLED" and feature["capabilities"]["update"]["password"]["seed"] == "RANDOM"
    shown = org.okta.get(f"/api/v1/apps/{app['id']}")
    assert shown["features"] == [
        "PUSH_NEW_USERS", "PUSH_PROFILE_UPDATES", "PUSH_USER_DEACTIVATION", "REACTIVATE_USERS", "GROUP_PUSH",
            "IMPORT_USER_SCHEMA",
    ]  # fmt: skip
    assert shown["settings"]["app"]["office365ProvisioningType"] == "PROFILE_SYNC"
    assert [item["name"] for item in org.okta.get(features)] == ["USER_PROVISIONING", "INBOUND_PROVISIONING"]
    assert org.okta.get(f"{features}/INBOUND_PROVISIONING")["capabilities"]["importRules"]
    assert org.okta.call("POST", f"{at}/lifecycle/deactivate").status == 204
    assert org.okta.get(f"/api/v1/apps/{app['id']}")["features"] == []


def test_features_are_checked(org):
    wiki = org.okta.post("/api/v1/apps", {"name": "bookmark", "label": "W", "settings": {"app": {"url": "https://w"}}})
    got = refused(org, "GET", f"/api/v1/apps/{wiki['id']}/features")
    assert got[2:] == ("Api validation failed: feature", ["Provisioning is not supported."])
    assert org.okta.get(f"/api/v1/apps/{wiki['id']}/connections/default")["status"] == "UNKNOWN"
    assert org.okta.call("POST", f"/api/v1/apps/{wiki['id']}/connections/default/lifecycle/activate").status == 204
    with o365.made() as world:
        at = f"{APP}/features"
        assert refused(world, "GET", f"{at}/OTHER")[:2] == (404, "E0000007")
        for name, body in (
            ("USER_PROVISIONING", {"create": {"lifecycleCreate": {"status": "MAYBE"}}}), ("USER_PROVISIONING", {"x": 1}),
            ("USER_PROVISIONING", {"create": []}),
            ("INBOUND_PROVISIONING", {"importSettings": {"schedule": {"status": "ENABLED"}}}),
            ("INBOUND_PROVISIONING", {"importRules": {"userCreateAndMatch": {"autoActivateNewUsers": "yes"}}}),
        ):  # fmt: skip
            assert refused(world, "PUT", f"{at}/{name}", body)[:3] == (
                400,
                "E0000001",
                "Api validation failed: feature",
            )
        body = {"importSettings": {"username": {"userNameFormat": "CUSTOM", "userNameExpression": "source.email"}}}
        changed = world.okta.put(f"{at}/INBOUND_PROVISIONING", body)["capabilities"]
        assert changed["importSettings"]["username"]["userNameExpression"] == "source.email"
        world.okta.put(f"{at}/USER_PROVISIONING", {"update": {"password": {"status": "ENABLED"}}})
        assert "PUSH_PASSWORD_UPDATES" in world.okta.get(APP)["features"]
        world.okta.put(APP, o365.request())
        for name, value in (("seed", "MINE"), ("change", "NEVER")):
            body = {"update": {"password": {"status": "ENABLED", name: value}}}
            assert refused(world, "PUT", f"{at}/USER_PROVISIONING", body)[:2] == (400, "E0000001")


def test_unknown_provisioning_types_are_refused():
    with o365.made() as world:
        for kind in ("NONSENSE", "user_sync"):
            body = o365.request(signOnMode="SAML_1_1")
            body["settings"]["app"]["office365ProvisioningType"] = kind
            assert refused(world, "PUT", APP, body)[:3] == (400, "E0000001", "Api validation failed: settings")
        body["settings"]["app"]["office365ProvisioningType"] = "LICENSE_ONLY"
        assert "PUSH_NEW_USERS" not in world.okta.put(APP, body)["features"]


def test_domains_are_fetched_federated_and_released_as_operations():
    settings = {"app": {"msftTenant": "acme", "domain": "acme.example"}}
    with o365.made(settings=settings) as world:
        begun = world.okta.call("POST", f"{INTERNAL}/office365/domains/fetch", None)
        assert begun.status == 202
        [job] = lease(world)
        assert job["kind"] == "domains.fetch" and job["secret"]["client_id"] == o365.CLIENTS["federation"]["client_id"]
        domains = [{"name": "acme.example", "isDefault": False, "isInitial": False, "isVerified": True}]
        ack(world, job, result={"domains": domains})
        done = world.okta.get(f"/api/internal/v1/operations/{job['subject']['operationId']}")
        assert (done["status"], done["result"]) == ("SUCCESS", {"domains": domains})

        names = ["acme.example", "Second.example"]
        begun = world.okta.put(f"{INTERNAL}/office365/domains", {"names": names})
        assert begun["status"] == "PENDING"
        one, two = lease(world, max=2)
        assert one["desired"]["domain"] == "acme.example" and two["desired"]["domain"] == "second.example"
        base = f"https://{worlds.HOST}/app/office365/{o365.KEY}/sso/wsfed/"
        [key] = world.okta.get(f"{APP}/credentials/keys")
        assert one["desired"]["configuration"] == {
            "displayName": "Microsoft Office 365", "issuerUri": f"acme.example:{o365.KEY}",
            "passiveSignInUri": base + "passive", "activeSignInUri": base + "active", "metadataExchangeUri": base + "mex",
            "signOutUri": base + "signout", "signingCertificate": key["x5c"][0], "preferredAuthenticationProtocol": "wsFed",
        }  # fmt: skip
        ack(world, one, events=[{"type": "app.office365.api.set.domain.federation.success", "outcome": "SUCCESS"}])
        assert world.okta.get(begun["_links"]["self"]["href"])["status"] == "PENDING"
        ack(world, two, "failed", message="no", errorCode="403")
        done = world.okta.get(begun["_links"]["self"]["href"])
        assert done["status"] == "FAILED"
        assert done["result"]["domains"] == [
            {"domain": "acme.example", "action": "federate", "status": "SUCCESS"},
            {"domain": "second.example", "action": "federate", "status": "FAILED", "message": "no", "errorCode": "403"},
        ]  # fmt: skip
        federated = [{"name": "acme.example", "federated": True, "isDefault": False}]
        assert world.okta.get(APP)["settings"]["app"]["domains"] == federated
        assert world.okta.put(APP, o365.request(signOnMode="SAML_1_1"))["settings"]["app"]["domains"] == federated

        begun = world.okta.put(f"{INTERNAL}/office365/domains", {"names": ["acme.example"]})
        assert begun["status"] == "PENDING"  # saving again looks at what is there, and sets it right
        [job] = lease(world)
        assert (job["kind"], job["desired"]["domain"]) == ("domain.federate", "acme.example")
        ack(world, job, result={"domain": "acme.example", "change": "unchanged"})
        done = world.okta.get(begun["_links"]["self"]["href"])
        assert (done["status"], done["result"]["domains"]) == (
            "SUCCESS",
            [{"domain": "acme.example", "action": "none", "status": "SUCCESS"}],
        )
        world.okta.put(f"{INTERNAL}/office365/domains", {"names": []})
        [job] = work(world)
        assert (job["kind"], job["desired"]) == (
            "domain.unfederate",
            {"domain": "acme.example", "issuerUri": f"acme.example:{o365.KEY}"},
        )
        assert world.okta.get(APP)["settings"]["app"]["domains"] == []
        assert refused(world, "PUT", f"{INTERNAL}/office365/domains", {"names": ["x"]})[:2] == (400, "E0000001")


def test_leaving_ws_federation_takes_the_federation_along_and_coming_back_restores_it():
    with o365.made() as world:
        world.okta.put(APP, o365.request())
        [job] = work(world)
        assert (job["kind"], job["desired"]["domain"]) == ("domain.unfederate", "acme.example")
        assert world.okta.get(APP)["settings"]["app"]["domains"][0]["federated"] is False
        world.okta.put(APP, o365.request(signOnMode="SAML_1_1"))
        [job] = work(world)
        assert job["kind"] == "domain.federate"
        assert world.okta.get(APP)["settings"]["app"]["domains"][0]["federated"] is True


@pytest.mark.parametrize(("mode", "kinds"), [("AUTO", ["domain.unfederate"]), ("MANUAL", [])])
def test_deleting_the_app_releases_domains_of_automatic_federation_only(mode, kinds):
    settings = o365.seeded()["settings"]["app"] | {"wsFedConfigureType": mode}
    with o365.made(settings={"app": settings}) as world:
        assign(world, SAM_ID)
        world.okta.post(f"{APP}/lifecycle/deactivate")
        assert world.okta.call("DELETE", APP).status == 204
        assert [job["kind"] for job in work(world)] == kinds


def test_licences_are_a_copy_that_the_schema_enumerates():
    with o365.made() as world:
        assert world.okta.get(f"{INTERNAL}/office365/licenses") == {"fetchedAt": None, "items": []}
        assign(world, SAM_ID, profile={"licenses": ["ANYTHING"]})
        assert world.okta.call("POST", f"{INTERNAL}/metadata/refresh", None).status == 202
        [job] = lease(world, kinds=["licenses.refresh"])
        items = [{"id": "1", "skuPartNumber": "SPE_E5", "servicePlans": ["EXCHANGE_S_ENTERPRISE", "TEAMS1"]},
                 {"id": "2", "skuPartNumber": "SPE_F1", "servicePlans": []}]  # fmt: skip
        ack(world, job, result={"items": items})
        assert world.okta.get(f"{INTERNAL}/office365/licenses?q=team") == {
            "fetchedAt": "2026-01-15T09:00:00.000Z", "items": items[:1],
        }  # fmt: skip
        schema = world.okta.get(f"/api/v1/meta/schemas/apps/{o365.APP_ID}/default")
        assert schema["definitions"]["base"]["properties"]["licenses"]["items"]["enum"] == [
            "SPE_E5", "SPE_E5:EXCHANGE_S_ENTERPRISE", "SPE_E5:TEAMS1", "SPE_F1",
        ]  # fmt: skip
        at = f"{APP}/users/{SAM_ID}"
        assert world.okta.post(at, {"profile": {"licenses": ["SPE_E5:TEAMS1"]}})
        got = refused(world, "POST", at, {"profile": {"licenses": ["SPE_E3"]}})
        assert got[3] == ["licenses: 'SPE_E3' is not one of the allowed values"]


def test_credentials_are_tested_by_the_connector():
    with o365.made() as world:
        begun = world.okta.post(f"{INTERNAL}/connections/default/test")
        [job] = lease(world)
        assert job["kind"] == "credentials.test" and job["subject"]["operationId"] == begun["id"]
        result = {"result": "FAILURE", "message": "AADSTS700016"}
        ack(world, job, "failed", result=result, message="AADSTS700016", errorCode="AADSTS700016")
        done = world.okta.get(begun["_links"]["self"]["href"])
        assert (done["status"], done["result"]) == ("FAILED", {**result, "errorCode": "AADSTS700016"})
        assert refused(world, "GET", "/api/internal/v1/operations/opnnothing")[:2] == (404, "E0000007")


def test_the_deactivation_menu():
    with o365.made() as world:
        at = f"{INTERNAL}/office365/deprovisioning"
        assert world.okta.get(at) == {"action": "BLOCK_SIGN_IN", "gracePeriodDays": 0}
        chosen = {"action": "BLOCK_SIGN_IN_REMOVE_LICENSES_AFTER_GRACE", "gracePeriodDays": 3}
        assert world.okta.put(at, chosen) == chosen == world.okta.get(at)
        for body in ({"action": "DELETE"}, {**chosen, "gracePeriodDays": 31}, {**chosen, "gracePeriodDays": "3"}):
            assert refused(world, "PUT", at, body)[:2] == (400, "E0000001")
        wiki = world.okta.post(
            "/api/v1/apps", {"name": "bookmark", "label": "W", "settings": {"app": {"url": "https://w"}}}
        )
        assert refused(world, "GET", f"/api/internal/v1/apps/{wiki['id']}/office365/deprovisioning")[:2] == (
            400,
            "E0000001",
        )


def test_seeded_users_with_an_account_are_provisioned_and_by_hand_values_stay():
    users = [
        {
            "login": "sam@acme.example",
            "externalId": "ms-1",
            "immutableId": "hand",
            "licenses": ["E3"],
            "userName": "s@x.example",
        }
    ]
    with o365.made(users=users, groups=[{"name": "Sales", "profile": {"licenses": ["F3"]}}]) as world:
        sam, dana = world.okta.get(f"{APP}/users")[::-1]
        assert (sam["externalId"], sam["status"], sam["syncState"]) == ("ms-1", "PROVISIONED", "SYNCHRONIZED")
        assert sam["credentials"]["userName"] == "s@x.example" and sam["profile"]["licenses"] == ["E3"]
        assert (dana["scope"], dana["profile"]["licenses"]) == ("GROUP", ["F3"])
        world.okta.post(f"{INTERNAL}/sync")
        assert o365.app_user(world, SAM_ID)["profile"]["immutableId"] == "hand"


def test_seeds_that_do_not_fit_are_named():
    from emulator.kernel.problems import LabError

    for change in ({"name": "Other app"}, {"users": [{"login": "nobody"}]}, {"groups": [{"name": "None"}]},
                   {"rules": [{"name": "x", "zones": ["None"]}]}, {"mappings": {"shoeSize": "1"}},
                   {"settings": {"app": {"domain": "x"}}}, {"users": [{"login": "sam@acme.example", "licenses": "E3"}]}):  # fmt: skip
        with pytest.raises(LabError), o365.made(**change):
            pass
