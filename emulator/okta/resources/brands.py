"""Brands: /api/v1/brands. Source: the vendor's documentation and schemas; okta-admin-api.md 1.3, 1.5, appendix D."""

from typing import Any

from emulator.kernel.call import Call, Listing
from emulator.kernel.doc import Doc, public
from emulator.kernel.operations import DOCUMENTED, OBSERVED, Paging, operation
from emulator.kernel.party import Seeding
from emulator.kernel.problems import Compared, LabError, Problem, Why
from emulator.okta import branding, custom_domains, email_senders, lists, search, shapes
from emulator.okta.app_kinds import APPS
from emulator.okta.branding import AT, BRANDS, MANAGE, READ, THEMES
from emulator.okta.email_senders import EMAIL_DOMAINS
from emulator.okta.events import emit, target
from emulator.okta.links import link
from emulator.okta.mail_templates import CUSTOMIZATIONS, SETTINGS
from emulator.okta.params import body_object, part
from emulator.okta.problems import invalid
from emulator.okta.resources import themes
from emulator.okta.resources.custom_pages import PAGES
from emulator.okta.resources.well_known_uris import URIS
from emulator.store import Duplicate, Store

__all__ = ["BRANDS", "THEMES"]
SEED_RANK = 62  # after the apps: a brand's default app is the dashboard
MOST = 200
"""Documented: how many brands an org may have."""
RESERVED = "DRAPP_DOMAIN_BRAND"
_ONE = AT + "/{brandId}"
_WHERE_SET = ("locale", "emailDomainId")
"""What is shown only where it has a value (observed)."""
_name = shapes.bounded(255, least=1)


def render(call: Call, brand: Doc, expand: tuple[str, ...] | list[str] = ()) -> Doc:
    at = f"{call.base}{AT}/{brand['id']}"
    shown = {name: value for name, value in public(brand).items() if value is not None or name not in _WHERE_SET}
    links = {"themes": link(f"{at}/themes", "GET"), "self": link(at, "GET", "PUT", "DELETE")}
    if brand["emailDomainId"]:
        links["emailDomain"] = link(f"{call.base}{email_senders.AT}/{brand['emailDomainId']}", "GET", "PUT")
    shown["_links"] = links
    return {**shown, "_embedded": _embedded(call, brand, expand)} if expand else shown


def _embedded(call: Call, brand: Doc, expand: tuple[str, ...] | list[str]) -> Doc:
    found: Doc = {}
    if "themes" in expand:
        found["themes"] = [themes.render(call, branding.theme_of(call.store, brand))]
    if "domains" in expand:
        found["domains"] = _domains(call, brand)
    if "emailDomain" in expand:
        row = call.store.get(EMAIL_DOMAINS, brand["emailDomainId"] or "")
        found["emailDomain"] = email_senders.render(row) if row is not None else None
    return found


def _domains(call: Call, brand: Doc) -> list[Doc]:
    rows = custom_domains.of_brand(call.store, brand)
    return [custom_domains.render(call, row, "GET", "DELETE") for row in rows]


def _target(brand: Doc) -> Doc:
    return target("Brand", brand["id"], name=brand["name"])


@operation(
    "GET", AT, source=OBSERVED, paging=Paging(20, 200), query=("expand", "after", "limit", "q"), **READ
)  # fmt: skip
def list_brands(call: Call) -> Listing:
    """Brands, all or by the start of the name (`q`)."""
    expand = branding.expansions(call, "themes", "domains", "emailDomain")
    where, keep = None, None
    if call.params.get("q"):
        where, keep = search.located(call, BRANDS, search.prefix(call.params["q"], "name"), fold=True)
    return lists.listing(call, BRANDS, lambda of, item: render(of, item, expand), where=where, keep=keep)


@operation("POST", AT, source=OBSERVED, status=201, emits=("system.brand.create",), **MANAGE)
def create_brand(call: Call) -> Doc:
    """Make a brand by its name; everything else begins as the vendor's default.

    The answer does not know the default app yet, which a GET shows (observed).
    """
    brand = add(call, _read_name(body_object(call)))
    return render(call, {**brand, "defaultApp": branding.new_brand("", id="")["defaultApp"]})


def _dashboard(store: Store) -> str | None:
    """The app that people come to first, as long as nobody chose another one (observed)."""
    found = next(iter(store.find_all(APPS, "name", "okta_enduser")), None)
    return str(found["id"]) if found else None


def add(call: Call, name: str) -> Doc:
    """A new brand with its theme. Raises E0000202, E0000220."""
    held = call.store.count(BRANDS)
    if held >= MOST:
        why = Why("An org has only so many brands.", (Compared("brands", held, "org"), Compared("most", MOST, "org")))
        raise Problem("E0000220", why=why)
    brand = branding.new_brand(name, id=call.ids.okta("bnd"))
    brand["defaultApp"]["appInstanceId"] = _dashboard(call.store)
    _keep(call, brand, new=True)
    call.store.add(THEMES, branding.new_theme(brand, id=call.ids.okta("thd")))
    emit(call, "system.brand.create", [_target(brand)])
    return brand


@operation("GET", _ONE, source=OBSERVED, query=("expand",), **READ)
def get_brand(call: Call) -> Doc:
    """One brand."""
    return render(call, branding.load(call), branding.expansions(call, "themes", "domains", "emailDomain"))


@operation("PUT", _ONE, source=OBSERVED, emits=("system.brand.update",), **MANAGE)
def replace_brand(call: Call) -> Doc:
    """Replace a brand. A privacy policy of one's own must be agreed to."""
    brand, body = branding.load(call), body_object(call)
    changed = {**branding.new_brand(_read_name(body), id=brand["id"]), "isDefault": brand["isDefault"]}
    changed |= {key: value for key, value in brand.items() if key.startswith("_")}
    changed |= _read(call, brand, body)
    return render(call, keep(call, changed))


def keep(call: Call, brand: Doc) -> Doc:
    """Store a changed brand, and log it. Raises E0000202."""
    _keep(call, brand, new=False)
    emit(call, "system.brand.update", [_target(brand)])
    return brand


def _read_name(body: Doc) -> str:
    if body.get("name") is None:
        raise shapes.blank("name")
    name = str(_name(body["name"], "name"))
    if name.casefold() == RESERVED.casefold():
        raise shapes.bad("name", name, allowed=f"any name but {RESERVED}", cause=f"name: '{RESERVED}' is reserved")
    return name


_fields = shapes.record({
    "agreeToCustomPrivacyPolicy": shapes.boolean, "removePoweredByOkta": shapes.boolean,
    "customPrivacyPolicyUrl": shapes.bounded(1024), "locale": shapes.bounded(35), "emailDomainId": shapes.text,
})  # fmt: skip
_default_app = shapes.record(
    {"appInstanceId": shapes.text, "appLinkName": shapes.bounded(255), "classicApplicationUri": shapes.bounded(1024)}
)


def _read(call: Call, brand: Doc, body: Doc) -> Doc:
    found: Doc = _fields(body, "")
    if found.get("customPrivacyPolicyUrl") == "":
        found["customPrivacyPolicyUrl"] = None
    url, agreed = found.get("customPrivacyPolicyUrl"), found.get("agreeToCustomPrivacyPolicy", False)
    if url is not None and not url.startswith(("https://", "http://")):
        raise shapes.bad("customPrivacyPolicyUrl", url, allowed="addresses of the web")
    if url is not None and url != brand["customPrivacyPolicyUrl"] and not agreed:
        compared = (Compared("agreeToCustomPrivacyPolicy", agreed, "request body"),
                    Compared("customPrivacyPolicyUrl", url, "request body"))  # fmt: skip
        why = Why("Whoever sets a privacy policy of their own agrees to do so.", compared)
        cause = "agreeToCustomPrivacyPolicy: You must agree to the custom privacy policy"
        raise invalid("agreeToCustomPrivacyPolicy", cause, why=why)
    domain = found.get("emailDomainId")
    if domain is not None and call.store.get(EMAIL_DOMAINS, domain) is None:
        raise shapes.bad("emailDomainId", domain, allowed="an email domain of this org")
    given = part(body, "defaultApp")
    if given is not None:
        none: Doc = branding.new_brand("", id="")["defaultApp"]
        found["defaultApp"] = {**none, **_default_app(given, "defaultApp")}
        app = found["defaultApp"]["appInstanceId"]
        if app is not None and call.store.get(APPS, app) is None:
            raise shapes.bad("defaultApp.appInstanceId", app, allowed="an app of this org")
    return found


def _keep(call: Call, brand: Doc, *, new: bool) -> None:
    try:
        call.store.add(BRANDS, brand) if new else call.store.put(BRANDS, brand)
    except Duplicate as error:
        why = Why("Another brand has that name.", (Compared("name", brand["name"], "request body"),))
        raise Problem("E0000202", why=why) from error


@operation("DELETE", _ONE, source=DOCUMENTED, emits=("system.brand.delete",), **MANAGE)
def delete_brand(call: Call) -> None:
    """Delete a brand that is not the default and that no domain uses, with all that hangs on it."""
    brand = branding.load(call)
    if brand["isDefault"]:
        why = Why("The default brand stays.", (Compared("isDefault", True, "the brand"),))
        raise Problem("E0000200", why=why)
    used = [row["domain"] for row in custom_domains.of_brand(call.store, brand)] or [brand["emailDomainId"]]
    if used[0]:
        why = Why("A domain still carries the brand.", (Compared("domain", used[0], "the brand"),))
        raise Problem("E0000201", why=why)
    call.store.drop(BRANDS, brand["id"])
    for owned in (THEMES, PAGES, CUSTOMIZATIONS, SETTINGS, URIS):
        call.store.drop_where(owned, "_brandId", brand["id"])
    emit(call, "system.brand.delete", [_target(brand)])


@operation("GET", _ONE + "/domains", source=DOCUMENTED, scope=("okta.domains.read", "okta.brands.read"))
def list_brand_domains(call: Call) -> Doc:
    """The domains that carry a brand."""
    return {"domains": _domains(call, branding.load(call))}


# -- seeds -------------------------------------------------------------------------------------------------------------


def seed(seeding: Seeding) -> None:
    """The default brand with its theme, and `brands: [{name, default?, id?, locale?, removePoweredByOkta?,
    customPrivacyPolicyUrl?, theme: {fields of a theme, id?}, emails: [{template, language, subject, body, isDefault?}],
    recipients: {template: ALL_USERS | ADMINS_ONLY | NO_USERS}}]`; `default: true` describes the default brand."""
    from emulator.okta import mail_seeds

    specs: list[Any] = list(seeding.spec.get("brands", ()))
    own = next((spec for spec in specs if spec.get("default")), {"name": seeding.spec["org"]["companyName"]})
    for spec in (own, *(item for item in specs if item is not own)):
        id = spec.get("id") or seeding.ids.okta("bnd")
        brand = branding.new_brand(spec["name"], id=id, default=spec is own)
        brand["defaultApp"]["appInstanceId"] = _dashboard(seeding.store)
        brand |= {key: spec[key] for key in ("locale", "removePoweredByOkta", "customPrivacyPolicyUrl") if key in spec}
        try:
            seeding.store.add(BRANDS, brand)
        except Duplicate as error:
            raise LabError(f"Two brands are named {brand['name']!r}.", hint="Give each brand a name.") from error
        given = dict(spec.get("theme") or {})
        theme = branding.new_theme(brand, id=given.pop("id", None) or seeding.ids.okta("thd"))
        seeding.store.add(THEMES, {**theme, **themes.fields(given, theme)} if given else theme)
        mail_seeds.seed(seeding, brand, spec)
