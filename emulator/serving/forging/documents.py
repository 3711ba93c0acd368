"""Documents that a parser should not swallow: markup inside claims, DOCTYPEs, bombs, odd encodings, missing parts."""

import re
from collections.abc import Callable

from emulator.serving.forging.breaks import SAML, SAML11, SAML20, Forgery, Verdict, breaks

_VALUE = re.compile(r"(<saml2?:NameI[^>]*>)([^<]*)(<)")


def _written(name: str, says: str, change: Callable[[str], str], *, kinds: tuple[str, ...] = SAML) -> None:
    """A break that edits the assertion before it is (truly) signed."""

    def apply(forgery: Forgery) -> None:
        def prepare(unsigned: bytes) -> bytes:
            changed = change(unsigned.decode())
            assert changed.encode() != unsigned, name
            return changed.encode()

        forgery.prepare = prepare

    breaks(name, says, kinds=kinds)(apply)


def _carried(
    name: str,
    says: str,
    change: Callable[[bytes], bytes],
    *,
    kinds: tuple[str, ...] = SAML,
    verdict: Verdict = "refused",
) -> None:
    """A break that edits the finished token."""

    def apply(forgery: Forgery) -> None:
        forgery.carry = change

    breaks(name, says, kinds=kinds, verdict=verdict)(apply)


def _in_subject(junk: str) -> Callable[[str], str]:
    """Put into the middle of every name identifier."""
    return lambda text: _VALUE.sub(lambda m: f"{m[1]}{m[2][:6]}{junk}{m[2][6:]}{m[3]}", text)


def _in_user_name(junk: str) -> Callable[[str], str]:
    """Put behind the user name, with a foreign end."""
    return lambda text: re.sub(r"(AttributeValue>[^<@]+@[^<]+)(<)", rf"\1{junk}.evil\2", text, count=1)


_written("comment-in-name-id", "a comment inside the signed name identifier", _in_subject("<!---->"))
_written("comment-text-in-name-id", "a comment with text inside the signed name identifier", _in_subject("<!--x-->"))
_written("comment-in-upn", "a comment inside the signed user name", _in_user_name("<!---->"))
_written("instruction-in-name-id", "a processing instruction inside the signed name identifier", _in_subject("<?x y?>"))
_written("child-in-name-id", "an element inside the signed name identifier", _in_subject("<b>x</b>"))
_written(
    "no-conditions",
    "no conditions at all",
    lambda text: re.sub(r"<saml(2?):Conditions.*</saml2?:Conditions>", "", text),
)
_written(
    "no-end", "no NotOnOrAfter", lambda text: re.sub(r"(<saml2?:Conditions[^>]*) NotOnOrAfter=\"[^\"]*\"", r"\1", text)
)
_written("garbage-date", "a date that is none",
         lambda text: re.sub(r"(<saml2?:Conditions.*?NotOnOrAfter=)\"[^\"]*\"", r'\1"tomorrow"', text))  # fmt: skip
_written("empty-date", "an empty date",
         lambda text: re.sub(r"(<saml2?:Conditions.*?NotOnOrAfter=)\"[^\"]*\"", r'\1""', text))  # fmt: skip
_written(
    "no-audience",
    "an audience restriction without audience",
    lambda text: re.sub(r"<saml2?:Audience>.*?</saml2?:Audience>", "", text),
)
_written(
    "second-restriction",
    "a second audience restriction, a foreign one",
    lambda text: re.sub(
        r"(<saml2?:AudienceRestriction(?:Condition)?>)(<saml2?:Audience>)(.*?)(</saml2?:Audience></saml2?:AudienceRestriction(?:Condition)?>)",
        r"\1\2\3\4\1\2urn:foreign\4",
        text,
    ),
)
_written(
    "no-authentication",
    "no authentication statement",
    lambda text: re.sub(r"<saml(2?):Auth(entication|n)Statement.*</saml2?:Auth(entication|n)Statement>", "", text),
)
_written(
    "two-statements",
    "two attribute statements",
    lambda text: re.sub(r"(<saml:AttributeStatement>.*</saml:AttributeStatement>)", r"\1\1", text),
    kinds=SAML11,
)
_written(
    "different-subjects",
    "the statements name different people",
    lambda text: re.sub(r"(<saml:NameIdentifier[^>]*>)([^<]*)", r"\1someone-else", text, count=1),
    kinds=SAML11,
)
_written(
    "wrong-version",
    "the version says otherwise",
    lambda text: text.replace('MinorVersion="1"', 'MinorVersion="0"').replace('Version="2.0"', 'Version="3.0"'),
)


def _after(mark: bytes, inside: bytes) -> Callable[[bytes], bytes]:
    def change(token: bytes) -> bytes:
        at = token.index(mark) + len(mark)
        return token[:at] + inside + token[at:]

    return change


def _in_claim(junk: bytes) -> Callable[[bytes], bytes]:
    """Put into the first name identifier after signing."""
    return lambda token: re.sub(rb"(<saml2?:NameI[^>]*>[^<]{4})", rb"\1" + junk, token, count=1)


def _entities(levels: int, times: int) -> bytes:
    inside = b"".join(b'<!ENTITY e%d "%b">' % (n + 1, b"&e%d;" % n * times) for n in range(levels))
    return b'<!DOCTYPE x [<!ENTITY e0 "lol">%b]>' % inside


def _deep(token: bytes) -> bytes:
    return _after(b">", b"<x>" * 20_000 + b"</x>" * 20_000)(token)


_carried("comment-after-signing", "a comment put into the name identifier", _in_claim(b"<!---->"))
_carried("nul", "a NUL in the name identifier", _in_claim(b"\0"))
_carried("nul-reference", "a reference to NUL in the name identifier", _in_claim(b"&#0;"))
_carried("doctype", "a DOCTYPE", lambda token: b"<!DOCTYPE x>" + token)
_carried("attlist", "a DOCTYPE that declares ids", lambda token: b"<!DOCTYPE x [<!ATTLIST x Id ID #IMPLIED>]>" + token)
_carried("entity", "an entity that is used in a claim",
         lambda token: b'<!DOCTYPE x [<!ENTITY e "v">]>' + _in_claim(b"&e;")(token))  # fmt: skip
_carried(
    "external-entity",
    "an external entity (a file)",
    lambda token: b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + _in_claim(b"&e;")(token),
)
_carried("external-dtd", "an external DTD", lambda token: b'<!DOCTYPE x SYSTEM "http://canary.example/x.dtd">' + token)
_carried("parameter-entity", "an external parameter entity",
         lambda token: b'<!DOCTYPE x [<!ENTITY % p SYSTEM "http://canary.example/p.dtd"> %p;]>' + token)  # fmt: skip
_carried("billion-laughs", "entities within entities", lambda token: _entities(9, 9) + _in_claim(b"&e9;")(token))
_carried(
    "quadratic-blowup",
    "one long entity, used often",
    lambda token: b'<!DOCTYPE x [<!ENTITY e "%b">]>' % (b"a" * 50_000) + _in_claim(b"&e;" * 20_000)(token),
)
_carried("inner-doctype", "a DOCTYPE inside the document", _after(b">", b"<!DOCTYPE x>"))
_carried("relative-namespace", "a relative namespace URI outside what is signed",
         lambda token: re.sub(rb"^(<[^ >]+)", rb'\1 xmlns:rel="1"', token, count=1))  # fmt: skip
_carried(
    "xinclude",
    "an XInclude of a file beside the token",
    _after(b">", b'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd" parse="text"/>'),
    verdict="owner",
)
_carried("deep", "elements nested 20,000 deep", _deep)
_carried("huge", "12 MB of text", _after(b">", b"x" * 12_000_000))
_carried("over-limit", "300 kB of blanks", _after(b">", b" " * 300_000))
_carried("many-attributes", "one element with 20,000 attributes",
         _after(b">", b"<x " + b" ".join(b'a%d="1"' % n for n in range(20_000)) + b"/>"))  # fmt: skip
_carried("many-namespaces", "one element with 20,000 namespaces",
         _after(b">", b"<x " + b" ".join(b'xmlns:n%d="urn:%d"' % (n, n) for n in range(20_000)) + b"/>"))  # fmt: skip
_carried("utf-7", "declared as UTF-7", lambda token: b'<?xml version="1.0" encoding="utf-7"?>' + token, verdict="owner")
_carried("xml-1.1", "XML 1.1", lambda token: b'<?xml version="1.1"?>' + token)
_carried("cut-off", "only the first half", lambda token: token[: len(token) // 2])
_carried("trailing-junk", "text behind the end", lambda token: token + b"junk")
_carried(
    "empty",
    "nothing in it",
    lambda token: re.sub(rb"<saml2?:Assertion.*</saml2?:Assertion>", b"", token, flags=re.DOTALL),
)

# -- the SAML 2.0 response ---------------------------------------------------------------------------------------------

_carried(
    "destination",
    "a response for another address",
    kinds=SAML20,
    change=lambda token: re.sub(rb'Destination="[^"]*"', b'Destination="https://evil.example/"', token),
)
_carried("no-destination", "a response for no address", kinds=SAML20,
         change=lambda token: re.sub(rb' Destination="[^"]*"', b"", token))  # fmt: skip
_carried("response-in-response-to", "a response to a request that nobody made", kinds=SAML20,
         change=lambda token: token.replace(b'Version="2.0">', b'Version="2.0" InResponseTo="_never">', 1))  # fmt: skip
_carried("status", "a response that says that sign-in failed", kinds=SAML20,
         change=lambda token: token.replace(b"status:Success", b"status:AuthnFailed"))  # fmt: skip
_carried("no-status", "a response without status", kinds=SAML20,
         change=lambda token: re.sub(rb"<saml2p:Status>.*</saml2p:Status>", b"", token))  # fmt: skip
_carried(
    "no-response",
    "an assertion without its response",
    kinds=SAML20,
    change=lambda token: token[token.index(b"<saml2:Assertion") : token.index(b"</saml2:Assertion>") + 18],
)
