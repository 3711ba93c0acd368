"""What an org looks like, set by the vendor's SDK for Python: prints what it saw as JSON."""

import asyncio
import json
from typing import Any

from okta import models
from okta.client import Client

seen: dict[str, Any] = {}
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 64


async def done(call: Any) -> Any:
    """What an SDK call brings. Raises where it brings an error."""
    found = await call
    if found[-1] is not None:
        raise SystemExit(str(found[-1]))
    return found[0]


async def brands(client: Client) -> str:
    made = await done(client.create_brand(models.CreateBrandRequest(name="Python")))
    change = models.BrandRequest.from_dict({"name": "Python 3", "locale": "nl", "removePoweredByOkta": True})
    changed = await done(client.replace_brand(made.id, change))
    listed = await done(client.list_brands(q="Python"))
    domains = await done(client.list_brand_domains(made.id))
    one = await done(client.get_brand(made.id))
    seen["brands"] = [changed.name, one.locale, len(listed), len(domains.domains), one.is_default]
    return str(made.id)


async def themes(client: Client, brand: str) -> None:
    (theme,) = await done(client.list_brand_themes(brand))
    variants = dict.fromkeys(("signInPageTouchPointVariant", "endUserDashboardTouchPointVariant", "errorPageTouchPointVariant", "emailTemplateTouchPointVariant"), "OKTA_DEFAULT")  # fmt: skip
    body = models.UpdateThemeRequest.from_dict(
        {"primaryColorHex": "#112233", "secondaryColorHex": "#ffffff", **variants}
    )
    changed = await done(client.replace_brand_theme(brand, theme.id, body))
    logo = await done(client.upload_brand_theme_logo(brand, theme.id, PNG))
    icon = await done(client.upload_brand_theme_favicon(brand, theme.id, PNG))
    picture = await done(client.upload_brand_theme_background_image(brand, theme.id, PNG))
    one = await done(client.get_brand_theme(brand, theme.id))
    same = [one.logo == logo.url, one.favicon == icon.url, one.background_image == picture.url]
    await done(client.delete_brand_theme_logo(brand, theme.id))
    await done(client.delete_brand_theme_favicon(brand, theme.id))
    await done(client.delete_brand_theme_background_image(brand, theme.id))
    seen["themes"] = [changed.primary_color_hex, changed.primary_color_contrast_hex, *same]


async def pages(client: Client, brand: str) -> None:
    error = models.ErrorPage.from_dict({"pageContent": "<h1>No</h1>"})
    sign_in = models.SignInPage.from_dict({"pageContent": "<h1>In</h1>", "widgetVersion": "^7"})
    await done(client.replace_customized_error_page(brand, error))
    await done(client.replace_preview_error_page(brand, error))
    await done(client.replace_customized_sign_in_page(brand, sign_in))
    await done(client.replace_preview_sign_in_page(brand, sign_in))
    found = [
        (await done(client.get_customized_error_page(brand))).page_content,
        (await done(client.get_preview_sign_in_page(brand))).widget_version,
        (await done(client.get_error_page(brand, expand=["customized"]))).embedded.customized.page_content,
        bool((await done(client.get_default_sign_in_page(brand))).page_content),
        "*" in await done(client.list_all_sign_in_widget_versions(brand)),
    ]
    for remove in (client.delete_customized_error_page, client.delete_preview_error_page,
                   client.delete_customized_sign_in_page, client.delete_preview_sign_in_page):  # fmt: skip
        await done(remove(brand))
    out = models.HostedPage.from_dict({"type": "EXTERNALLY_HOSTED", "url": "https://bye.example"})
    await done(client.replace_sign_out_page_settings(brand, out))
    seen["pages"] = [*found, (await done(client.get_sign_out_page_settings(brand))).url]


async def mails(client: Client, brand: str) -> None:
    name = "UserActivation"
    body = {"language": "en", "subject": "Hi", "body": "${activationLink}"}
    first = await done(client.create_email_customization(brand, name, models.EmailCustomization.from_dict(body)))
    french = models.EmailCustomization.from_dict({**body, "language": "fr", "isDefault": False})
    other = await done(client.create_email_customization(brand, name, french))
    await done(client.replace_email_customization(brand, name, other.id, french))
    shown = await done(client.get_customization_preview(brand, name, other.id))
    one = await done(client.get_email_template(brand, name, expand=["settings", "customizationCount"]))
    settings = models.EmailSettings(recipients="ADMINS_ONLY")
    await done(client.replace_email_settings(brand, name, settings))
    await done(client.send_test_email(brand, name, language="fr"))
    seen["mails"] = [
        first.is_default, other.is_default, shown.subject, one.embedded.customization_count,
        (await done(client.get_email_settings(brand, name))).recipients,
        bool((await done(client.get_email_default_content(brand, name))).body),
        bool((await done(client.get_email_default_preview(brand, name))).body),
        len(await done(client.list_email_templates(brand, limit=200))) > 30,
        len(await done(client.list_email_customizations(brand, name))),
    ]  # fmt: skip
    await done(client.delete_email_customization(brand, name, other.id))
    await done(client.delete_all_customizations(brand, name))


async def texts(client: Client) -> None:
    body = {"name": "SMS", "type": "SMS_VERIFY_CODE", "template": "${code}", "translations": {"nl": "${code}!"}}
    made = await done(client.create_sms_template(models.SmsTemplate.from_dict(body)))
    await done(client.update_sms_template(made.id, models.SmsTemplate.from_dict({"translations": {"de": "${code}?"}})))
    found = await done(client.get_sms_template(made.id))
    await done(client.replace_sms_template(made.id, models.SmsTemplate.from_dict(body)))
    seen["texts"] = [sorted(found.translations), len(await done(client.list_sms_templates()))]
    await done(client.delete_sms_template(made.id))


async def main() -> None:
    async with Client() as client:
        brand = await brands(client)
        await themes(client, brand)
        await pages(client, brand)
        await mails(client, brand)
        await texts(client)
        await done(client.delete_brand(brand))


asyncio.run(main())
print(json.dumps(seen))
