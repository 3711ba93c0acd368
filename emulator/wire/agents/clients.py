"""The clients as data: what each is, what it speaks, and what it says of itself.

Source: seed-catalogue.md 0.3 and 1.3, federation.md 3 and 4. User agents are of the form that these clients send; the
emulated servers know clients by the same words in them as the vendors do.
"""

from dataclasses import dataclass
from typing import Literal

from emulator.wire.browser import USER_AGENT

Protocol = Literal["browser", "native", "relay", "password", "silent", "certificate", "activation"]
OFFICE, TEAMS, BROKER = (
    "d3590ed6-52b3-4102-aeff-aad2292ab01c", "1fec8e78-bce4-4aaf-ab1b-5451cc387264",
    "29d9ed98-a469-4536-ade2-f981bc1d605e",
)  # fmt: skip
"""Microsoft's own applications: Office, Teams, and the broker that Windows signs in with."""
NATIVE_REDIRECT = "https://login.microsoftonline.com/common/oauth2/nativeclient"
EXCHANGE = "openid profile offline_access https://outlook.office365.com/.default"
GRAPH = "openid profile offline_access https://graph.microsoft.com/User.Read"
REGISTRATION = "openid urn:ms-drs:enterpriseregistration.windows.net/.default"
_WINDOWS = "Windows-AzureAD-Authentication-Provider/1.0"


@dataclass(frozen=True, slots=True)
class Client:
    """One client.

    protocol: `browser` (pages), `native` (an application with an embedded browser: modern authentication where the
    server offers it, else a password for the mail server to relay), `relay` (mail with a password, always),
    `password` (user name and password over WS-Trust or the password grant), `silent` (a refresh token that it
    already has), `activation` (a Kerberos ticket, over Windows transport), `certificate` (pages, on which it looks
    for sign-in with a smart card, and has no password). client_id: the application it is; empty: the world's own
    public client. modern: speaks modern authentication. session: keeps cookies or tokens in a browser profile.
    device: can say which device it runs on. application: how Exchange Online names the protocol when it relays a
    password. setting: the tenant's switch for the protocol.
    """

    name: str
    about: str
    protocol: Protocol
    user_agent: str
    client_id: str = ""
    redirect: str = ""
    scope: str = GRAPH
    modern: bool = False
    session: bool = False
    device: bool = False
    application: str = ""
    setting: str = ""

    def to_doc(self) -> dict[str, object]:
        """The row as plain values, for `tenantlab agent --list`."""
        names = ("name", "about", "protocol", "user_agent", "client_id", "modern", "session", "device", "application")
        return {name: getattr(self, name) for name in names}


# Differs: Windows' primary refresh token does not sign applications in here: nothing makes the signed cookies that
# carry it. Each application signs in for itself.
# Differs: Outlook on phones is an application of its own at Microsoft (27922004-…); here it is Microsoft Office.
_ROWS = (
    Client("browser", "a web browser on a desktop: modern authentication, passive federation", "browser", USER_AGENT,
           modern=True, session=True, device=True),
    Client("office", "desktop Outlook: modern authentication in an embedded browser where Exchange offers it", "native",
           "Mozilla/5.0 (Windows NT 10.0; Win64; x64; MSAL) Microsoft Office/16.0 (Microsoft Outlook 16.0.17928; Pro)",
           OFFICE, NATIVE_REDIRECT, EXCHANGE, modern=True, session=True, device=True,
           application="Microsoft.Exchange.RPC", setting="modernAuthentication"),
    Client("outlook-mobile", "Outlook on a phone: modern authentication in an embedded browser", "native",
           "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 PKeyAuth/1.0 "
           "Outlook-iOS/4.2444", OFFICE, NATIVE_REDIRECT, EXCHANGE, modern=True, session=True, device=True,
           application="Microsoft.Exchange.ActiveSync", setting="modernAuthentication"),
    Client("pop", "an old mail client that fetches mail over POP with a password", "relay", "POP3 client", OFFICE,
           scope=EXCHANGE, application="Microsoft.Exchange.POP", setting="pop"),
    Client("imap", "an old mail client that reads mail over IMAP with a password", "relay", "Thunderbird/60.9", OFFICE,
           scope=EXCHANGE, application="Microsoft.Exchange.IMAP", setting="imap"),
    Client("smtp", "a scanner or script that sends mail over SMTP with a password", "relay", "SMTP client", OFFICE,
           scope=EXCHANGE, application="Microsoft.Exchange.SMTP", setting="smtp"),
    Client("activesync", "a phone's own mail application: Exchange ActiveSync with a password", "relay",
           "Android-Mail/2023.05", OFFICE, scope=EXCHANGE, application="Microsoft.Exchange.ActiveSync",
           setting="activeSync"),
    Client("teams-rooms", "a meeting room device with a resource account: user name and password, nobody to ask",
           "password", "SkypeRoomSystem/5.1.0 (Windows NT 10.0) Teams Rooms", TEAMS),
    Client("service", "a script with a service account: user name and password", "password", "python-requests/2.32.3"),
    Client("windows", "Windows itself signs a person in to a joined device, and gets its primary token", "password",
           _WINDOWS, BROKER, device=True),
    Client("device-registration", "Windows registers a device for hybrid join, with a person's password", "password",
           _WINDOWS, BROKER, scope=REGISTRATION, device=True),
    Client("autopilot", "Windows out of the box, in Autopilot: a device that nobody has managed yet", "password",
           _WINDOWS, BROKER),
    Client("certificate", "a browser whose person has a smart card and no password", "certificate", USER_AGENT,
           modern=True, session=True, device=True),
    Client("activation", "desktop Office on a computer of the domain, activated with a ticket and without a question",
           "activation", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Microsoft Office/16.0", OFFICE, scope=EXCHANGE,
           modern=True),
    Client("silent", "an application that only uses the refresh token it already has", "silent",
           "Mozilla/5.0 (Windows NT 10.0; MSAL) Microsoft Office/16.0", OFFICE, scope=EXCHANGE, modern=True,
           session=True, device=True),
)  # fmt: skip
CLIENTS = {row.name: row for row in _ROWS}
