"""The tour's part through what an org looks like: brands, themes, pages, email and SMS templates."""

from typing import Any

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 64
CONTENT = {"language": "en", "subject": "Hello", "body": "<p>Go ${activationLink}</p>"}
VARIANTS = {
    "signInPageTouchPointVariant": "BACKGROUND_SECONDARY_COLOR", "endUserDashboardTouchPointVariant": "FULL_THEME",
    "errorPageTouchPointVariant": "OKTA_DEFAULT", "emailTemplateTouchPointVariant": "FULL_THEME",
}  # fmt: skip
THEME = {"primaryColorHex": "#112233", "secondaryColorHex": "#fefefe", **VARIANTS}
SMS = {
    "name": "Ours",
    "type": "SMS_VERIFY_CODE",
    "template": "${org.name}: ${code}",
    "translations": {"es": "${code}!"},
}


AGENT = "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_1) Chrome/126.0"


def form(data: bytes = PNG, name: str = "file") -> tuple[bytes, str]:
    """A multipart body with one file, and its content type."""
    head = f'--b\r\nContent-Disposition: form-data; name="{name}"; filename="a.png"\r\n'
    return (
        head.encode() + b"Content-Type: image/png\r\n\r\n" + data + b"\r\n--b--\r\n",
        "multipart/form-data; boundary=b",
    )


def tour(tour: Any) -> None:
    brand = tour.send("POST", "/api/v1/brands", {"name": "Tour"})["id"]
    at = f"/api/v1/brands/{brand}"
    tour.send("PUT", at, {"name": "Tours", "locale": "nl-NL"})
    tour.send("GET", f"{at}?expand=themes")
    tour.send("GET", f"{at}/domains")
    themes(tour, at)
    pages(tour, f"{at}/pages")
    files(tour)
    mails(tour, f"{at}/templates/email/UserActivation")
    tour.send("GET", f"{at}/templates/email")
    upload(tour, "/api/v1/org/logo")
    tour.send("DELETE", at)
    tour.cycle("/api/v1/templates/sms", SMS, partial={"translations": {"nl": "${code} dus"}})


def themes(tour: Any, at: str) -> None:
    theme = tour.send("GET", f"{at}/themes")[0]["id"]
    one = f"{at}/themes/{theme}"
    tour.send("GET", one)
    tour.send("PUT", one, THEME)
    for picture in ("logo", "favicon", "background-image"):
        upload(tour, f"{one}/{picture}")
        tour.send("DELETE", f"{one}/{picture}")


def upload(tour: Any, at: str) -> None:
    body, kind = form()
    sent = tour.org.okta.call("POST", at, body=body, headers={"content-type": kind, "user-agent": AGENT})
    assert sent.status < 300, sent.body


def pages(tour: Any, at: str) -> None:
    for page in ("error", "sign-in"):
        for state in ("customized", "preview"):
            tour.send("PUT", f"{at}/{page}/{state}", {"pageContent": "<h1>Ours</h1>"})
            tour.send("GET", f"{at}/{page}/{state}")
        brand = at.split("/")[4]
        tour.send("GET", f"{'/error' if page == 'error' else '/login'}/preview?brandId={brand}")
        tour.send("GET", f"{at}/{page}?expand=default,preview")
        tour.send("GET", f"{at}/{page}/default")
        for state in ("customized", "preview"):
            tour.send("DELETE", f"{at}/{page}/{state}")
    tour.send("GET", f"{at}/sign-in/widget-versions")
    tour.send("PUT", f"{at}/sign-out/customized", {"type": "EXTERNALLY_HOSTED", "url": "https://bye.example"})
    tour.send("GET", f"{at}/sign-out/customized")


def mails(tour: Any, at: str) -> None:
    for path in ("", "/default-content", "/default-content/preview", "/settings", "/customizations"):
        tour.send("GET", at + path)
    tour.send("PUT", f"{at}/settings", {"recipients": "NO_USERS"})
    made = tour.send("POST", f"{at}/customizations", CONTENT)
    other = tour.send("POST", f"{at}/customizations", {**CONTENT, "language": "fr"})
    one = f"{at}/customizations/{other['id']}"
    for path in ("", "/preview"):
        tour.send("GET", one + path)
    tour.send("PUT", one, {**CONTENT, "language": "de"})
    tour.send("DELETE", one)
    assert made["isDefault"] and tour.send("POST", f"{at}/test") is None
    tour.send("DELETE", f"{at}/customizations")


def files(tour: Any) -> None:
    """Of the default brand, whose files the org's own name shows."""
    brand = tour.first("/api/v1/brands", isDefault=True)["id"]
    at = f"/api/v1/brands/{brand}/well-known-uris"
    for path in ("webauthn", "apple-app-site-association"):
        tour.send("PUT", f"{at}/{path}/customized", {"representation": {"origins": ["https://acme.example"]}})
        for asked in (f"{at}/{path}", f"{at}/{path}/customized", f"/.well-known/{path}"):
            tour.send("GET", asked)
    tour.send("PUT", f"{at}/assetlinks.json/customized", {"representation": []})
    tour.send("GET", "/.well-known/assetlinks.json")
    tour.send("GET", f"{at}?expand=all")
    tour.send("GET", "/.well-known/app-authenticator-configuration?oauthClientId=0oaown")
