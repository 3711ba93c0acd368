"""Groups of applications that policies name by a word: Office365 and MicrosoftAdminPortals. Source: Microsoft's page on
applications in Conditional Access policies (graph-entra.md 1.16).
"""

AZURE_MANAGEMENT = "797f4846-ba00-4fd7-ba43-dac1f8f63013"
OFFICE_365 = frozenset({
    "00000002-0000-0ff1-ce00-000000000000",  # Exchange Online
    "00000003-0000-0ff1-ce00-000000000000",  # SharePoint Online
    "00000004-0000-0ff1-ce00-000000000000",  # Skype for Business Online
    "00000005-0000-0ff1-ce00-000000000000",  # Yammer
    "00000006-0000-0ff1-ce00-000000000000",  # Microsoft 365 portal
    "00000007-0000-0ff1-ce00-000000000000",  # Exchange Online Protection
    "4765445b-32c6-49b0-83e6-1d93765276ca",  # OfficeHome
    "cc15fd57-2c6c-4117-a88c-83b1d56b4bbe",  # Microsoft Teams Services
    "1fec8e78-bce4-4aaf-ab1b-5451cc387264",  # Microsoft Teams
    "09abbdfd-ed23-44ee-a2d9-a627aa1c90f3",  # Planner
    "c9a559d2-7aab-4f13-a6ed-e7e9c52aec87",  # Microsoft Forms
    "7df0a125-d3be-4c96-aa54-591f83ff541c",  # Microsoft Flow
})  # fmt: skip
AZURE_PORTAL = "c44b4083-3bb0-49c1-b47d-974e53cbdf3c"
ADMIN_PORTALS = frozenset({
    AZURE_PORTAL,  # Azure portal and Entra admin centre
    "00000006-0000-0ff1-ce00-000000000000",  # Microsoft 365 admin centre
    "497effe9-df71-4043-a8bb-14cf78c4b63b",  # Exchange admin centre
    "80ccca67-54bd-44ab-8625-4b79c4dc7775",  # Microsoft Defender portal
    "5926fc8e-304e-4f59-8bed-58ca97cc39a4",  # Microsoft Intune admin centre
    "74658136-14ec-4630-ad9b-26e160ff0fc6",  # the Entra extension of the Azure portal
})  # fmt: skip
# Inferred: the service refuses tokens for Azure management without MFA from every client only when they change
# something, which a token does not say; so only the portals stand here.
MANDATED = ADMIN_PORTALS - {"497effe9-df71-4043-a8bb-14cf78c4b63b", "80ccca67-54bd-44ab-8625-4b79c4dc7775"}
"""Where Microsoft itself asks everybody for MFA since October 2024."""


def names_of(apps: frozenset[str]) -> list[str]:
    """The words (lower-case) that stand for any of these applications."""
    found = []
    if not apps.isdisjoint(OFFICE_365):
        found.append("office365")
    if not apps.isdisjoint(ADMIN_PORTALS):
        found.append("microsoftadminportals")
    return found
