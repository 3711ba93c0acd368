"""The kinds of factors that a person may enrol, as data.

Source: okta-admin-api.md 14, appendix B (UserFactor...). Which strengths a factor has follows the vendor's list of
authenticator characteristics; prefixes of ids are those of the vendor's examples.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from emulator.kernel.doc import Doc

_TOTP = "token:software:totp"


@dataclass(frozen=True, slots=True)
class FactorType:
    """One kind.

    name: `factorType`. key: its name in an org of the Classic engine. authenticator, method: what it is on Identity
    Engine. amr: how sessions and tokens name it. knowledge: something that the person knows. sends: how a code
    comes to them. log: as the System Log names it. bound: to a device; hardware: with a protected key. pages_only:
    enrolled by an operation of its own, and asked for on pages only.
    """

    name: str
    provider: str
    key: str
    authenticator: str
    method: str
    prefix: str
    amr: str
    label: str
    log: str
    vendor: str = "OKTA"
    knowledge: bool = False
    sends: str = ""
    bound: bool = False
    hardware: bool = False
    pages_only: bool = False

    @property
    def code(self) -> bool:
        """Whether an app or a fob shows codes of six digits."""
        return self.name in ("token:hotp", _TOTP)


FASTPASS = FactorType("signed_nonce", "OKTA", "", "okta_verify", "signed_nonce", "crp", "swk", "Okta FastPass",
                      "SIGNED_NONCE", bound=True, pages_only=True)  # fmt: skip
"""Classic does not know this one, nor the next."""
TAC = FactorType("tac", "OKTA", "", "tac", "tac", "tac", "otp", "Temporary access code", "TEMPORARY_ACCESS_CODE",
                 pages_only=True)  # fmt: skip
OWNER = FactorType("user", "OKTA", "", "okta_verify", "signed_nonce", "", "user", "Owner of the device",
                   "SIGNED_NONCE", pages_only=True)  # fmt: skip
"""Inferred: what a device's owner adds to FastPass with a finger, a face or a PIN; nobody enrols it."""
TYPES: Mapping[tuple[str, str], FactorType] = {
    (item.name, item.provider): item
    for item in (
        FactorType("question", "OKTA", "okta_question", "security_question", "security_question", "ufs", "kba",
                   "Security Question", "SECURITY_QUESTION", knowledge=True),
        FactorType(_TOTP, "OKTA", "okta_otp", "okta_verify", "totp", "ost", "otp", "Okta Verify code",
                   "OKTA_SOFT_TOKEN", bound=True),
        FactorType(_TOTP, "GOOGLE", "google_otp", "google_otp", "otp", "uft", "otp", "Google Authenticator",
                   "GOOGLE_AUTHENTICATOR", vendor="GOOGLE", bound=True),
        FactorType("sms", "OKTA", "okta_sms", "phone_number", "sms", "mbl", "sms", "Text message", "SMS_FACTOR",
                   sends="sms"),
        FactorType("call", "OKTA", "okta_call", "phone_number", "voice", "clf", "tel", "Phone call", "CALL_FACTOR",
                   sends="call"),
        FactorType("push", "OKTA", "okta_push", "okta_verify", "push", "opf", "swk", "Okta Verify push",
                   "OKTA_VERIFY_PUSH", bound=True, hardware=True),
        FactorType("email", "OKTA", "okta_email", "okta_email", "email", "emf", "otp", "Email", "EMAIL_FACTOR",
                   sends="email"),
        FactorType("token:hotp", "CUSTOM", "hotp", "custom_otp", "otp", "chf", "otp", "Custom one-time code",
                   "CUSTOM_HOTP", vendor="CUSTOM"),
        FactorType("token:hardware", "YUBICO", "yubikey_token", "yubikey_token", "otp", "ykf", "otp", "YubiKey",
                   "YUBIKEY", vendor="YUBICO", bound=True, hardware=True),
        FactorType("webauthn", "FIDO", "fido_webauthn", "webauthn", "webauthn", "fwf", "hwk",
                   "Security Key or Biometric", "FIDO_WEBAUTHN_FACTOR", vendor="FIDO", bound=True, hardware=True),
        FASTPASS, TAC,
    )
}  # fmt: skip
CARD = FactorType("cert", "X509", "smart_card_idp", "smart_card_idp", "cert", "", "sc", "Smart card", "SMART_CARD",
                  vendor="X509", bound=True)  # fmt: skip
"""A smart card of an identity provider, which nobody enrols. Its provider says whether a PIN goes with it."""
PIN = FactorType("pin", "X509", "", "smart_card_idp", "cert", "", "pin", "PIN of a smart card", "SMART_CARD",
                 vendor="X509", knowledge=True)  # fmt: skip
BY_KEY: Mapping[str, FactorType] = {item.key: item for item in TYPES.values() if item.key}


def type_of(factor: Doc) -> FactorType:
    return TYPES[factor["factorType"], factor["provider"]]


QUESTIONS: Mapping[str, str] = {
    "disliked_food": "What is the food you least liked as a child?",
    "name_of_first_plush_toy": "What is the name of your first stuffed animal?",
    "first_award": "What did you earn your first medal or award for?",
    "favorite_security_question": "What is your favorite security question?",
    "favorite_toy": "What is the toy/stuffed animal you liked the most as a kid?",
    "first_computer_game": "What was the first computer game you played?",
    "favorite_movie_quote": "What is your favorite movie quote?",
    "first_sports_team_mascot": "What was the mascot of the first sports team you played on?",
    "first_music_purchase": "What music album or song did you first purchase?",
    "favorite_art_piece": "What is your favorite piece of art?",
    "grandmother_favorite_desert": "What was your grandmother's favorite dessert?",
    "first_thing_cooked": "What was the first thing you learned to cook?",
    "childhood_dream_job": "What was your dream job as a child?",
    "place_where_significant_other_was_met": "Where did you meet your spouse/significant other?",
    "favorite_vacation_location": "Where did you go for your favorite vacation?",
    "new_years_two_thousand": "Where were you on New Year's Eve in the year 2000?",
    "favorite_speaker_actor": "Who is your favorite speaker/orator?",
    "favorite_book_movie_character": "Who is your favorite book/movie character?",
    "favorite_sports_player": "Who is your favorite sports player?",
}
"""`question` to its text; the texts are the vendor's own, part of the protocol. Those that an org of 2025 offered."""
