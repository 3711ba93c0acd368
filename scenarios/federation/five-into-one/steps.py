"""Instances of the Office 365 app, one for each domain, and their end."""

from emulator.scenario import delegated


def instance(stage, domain, person, sku, tenant):
    """A new instance that federates `domain` and signs the alias `person` in, who holds a licence; its id."""
    person, admin = stage.aliases[person], stage.aliases["admin"]
    settings = {"app": {"domain": domain, "msftTenant": tenant}}
    new = {
        "name": "office365",
        "label": f"Microsoft Office 365 {domain}",
        "signOnMode": "AUTO_LOGIN",
        "settings": settings,
    }
    app = stage.okta.post("/api/v1/apps", new)["id"]
    delegated.consent(stage, app, "FEDERATION", by=admin)
    whole = stage.okta.get(f"/api/v1/apps/{app}")
    stage.okta.put(f"/api/v1/apps/{app}", {**whole, "signOnMode": "SAML_1_1"})
    stage.okta.put(f"/api/internal/v1/apps/{app}/office365/domains", {"names": [domain]})
    profile = {"immutableId": person.part("id")}
    stage.okta.post(f"/api/v1/apps/{app}/users", {"id": person.part("id"), "scope": "USER", "profile": profile})
    licence = {"addLicenses": [{"skuId": sku}], "removeLicenses": []}
    stage.entra.post(f"/v1.0/users/{person.part('object')}/assignLicense", licence)
    stage.sync()
    return app


def removed(stage, apps):
    """Deactivate and delete instances."""
    for app in apps:
        stage.okta.post(f"/api/v1/apps/{app}/lifecycle/deactivate")
        stage.okta.delete(f"/api/v1/apps/{app}")
