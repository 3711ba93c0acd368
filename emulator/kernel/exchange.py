"""One HTTP exchange as values: what came in, what goes out. Everything that crosses a room's border is one of these."""

from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import unquote

Headers = list[tuple[str, str]]
MOST_FIELDS = 1_000
_SHORT = 200


def pairs(text: str) -> list[tuple[str, str]]:
    """Decoded fields of a query or a form, in order, blanks kept. ValueError over 1,000 of them."""
    if not text:
        return []
    if text.count("&") >= MOST_FIELDS:
        raise ValueError("Max number of fields exceeded")
    found = []
    for part in text.split("&"):
        if part:
            name, _, value = part.partition("=")
            found.append((_plain(name), _plain(value)))
    return found


def _plain(text: str) -> str:
    if "+" in text:
        text = text.replace("+", " ")
    if "%" not in text:
        return text
    return _unquoted(text) if len(text) <= _SHORT else unquote(text)


_unquoted = lru_cache(maxsize=1024)(unquote)  # clients repeat themselves: URLs, user names, scopes


@dataclass(slots=True)
class Exchange:
    """A request as received. `headers` has lower-case names; `query` is the raw text after `?`."""

    method: str
    scheme: str
    host: str
    path: str
    query: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    client: str = "127.0.0.1"

    @property
    def origin(self) -> str:
        """Scheme and Host as the client wrote them: the base of self-links."""
        return f"{self.scheme}://{self.host}"

    @property
    def url(self) -> str:
        return self.origin + self.path + (f"?{self.query}" if self.query else "")

    def params(self) -> list[tuple[str, str]]:
        """Decoded query parameters, in order, blanks kept. ValueError over 1,000 of them."""
        return pairs(self.query)

    def cookies(self) -> dict[str, str]:
        """Cookies by name; the first of a name wins, as in browsers' ordering by path length."""
        found: dict[str, str] = {}
        for part in self.headers.get("cookie", "").split(";"):
            name, mark, value = part.strip().partition("=")
            if mark and name not in found:
                found[name] = value
        return found


@dataclass(slots=True)
class Answer:
    """A response: status, headers in order (names as sent), body.

    A fault rule may ask the edge to hold it back for `delay_ms`, to drop the connection instead (`dropped`; its status
    is 0 then), or to break it off in the middle of its body (`cut`). unwritten: what the request logged is not written
    yet; it goes out afterwards.
    """

    status: int
    headers: Headers = field(default_factory=list)
    body: bytes = b""
    delay_ms: int = 0
    dropped: bool = False
    cut: bool = False
    unwritten: bool = False

    @property
    def plain(self) -> bool:
        """Whether it simply goes out."""
        return not (self.delay_ms or self.dropped or self.cut)

    def header(self, name: str) -> str | None:
        """The first header of that name, whatever its case."""
        wanted = name.lower()
        for key, value in self.headers:
            if key.lower() == wanted:
                return value
        return None

    def all_headers(self, name: str) -> list[str]:
        wanted = name.lower()
        return [value for key, value in self.headers if key.lower() == wanted]

    def text(self) -> str:
        return self.body.decode("utf-8", "replace")
