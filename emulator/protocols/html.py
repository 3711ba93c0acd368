"""HTML pages: Jinja templates with autoescape, and the headers that keep a page from loading or sending elsewhere.

The nonce comes from the caller (it is derived from the request id), so pages repeat byte for byte.
"""

import re
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from emulator.kernel.exchange import Answer, Headers


@cache
def _environment(folder: str) -> Any:
    import jinja2

    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        autoescape=True,
        auto_reload=False,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def page(
    folder: Path,
    template: str,
    values: dict[str, Any],
    *,
    nonce: str,
    status: int = 200,
    posts_to: tuple[str, ...] = (),
) -> Answer:
    """Render `template` of `folder`. `posts_to`: origins its forms may go to besides its own."""
    text = _environment(str(folder)).get_template(template).render(nonce=nonce, **values)
    return Answer(status, page_headers(nonce, posts_to), text.encode())


def filled(
    folder: Path,
    template: str,
    values: dict[str, str],
    fields: list[tuple[str, str]],
    *,
    nonce: str,
    posts_to: tuple[str, ...] = (),
) -> Answer:
    """A page whose form carries `fields`: what `page` would render, but Jinja does so once for the same values and
    field names."""
    names = tuple([name for name, _ in fields])
    pieces, holes = _pieces(str(folder), template, tuple(values.items()), names)
    texts = list(pieces)
    filling = [nonce.encode(), *[exact(value) for _, value in fields]]
    texts[1::2] = [filling[hole] for hole in holes]
    return Answer(200, page_headers(nonce, posts_to), b"".join(texts))


@lru_cache(maxsize=256)
def _pieces(
    folder: str, template: str, values: tuple[tuple[str, str], ...], names: tuple[str, ...]
) -> tuple[tuple[bytes, ...], tuple[int, ...]]:
    """A rendered page, cut where the nonce (0) and the fields' values (1, 2, ...) go: the texts with nothing between
    them, and what goes there."""
    from markupsafe import Markup

    taken = "".join([*names, *(value for _, value in values)])
    mark = next(char for char in map(chr, range(0xE000, 0xF8FF)) if char not in taken)
    fields = [(name, Markup(f"{mark}{number}{mark}")) for number, name in enumerate(names, 1)]  # noqa: S704  (digits)
    text = _environment(folder).get_template(template).render(nonce=f"{mark}0{mark}", fields=fields, **dict(values))
    cut = re.split(f"{mark}([0-9]+){mark}", text)
    holes = tuple([int(piece) for piece in cut[1::2]])
    cut[1::2] = [""] * len(holes)
    return tuple([piece.encode() for piece in cut]), holes


def exact(value: str) -> bytes:
    """A value for an attribute, escaped as Jinja does; a carriage return too, which a parser of HTML would make a line
    feed."""
    text = value.encode().replace(b"&", b"&amp;").replace(b"<", b"&lt;").replace(b">", b"&gt;")
    return text.replace(b'"', b"&#34;").replace(b"'", b"&#39;").replace(b"\r", b"&#13;")


def page_headers(nonce: str, posts_to: tuple[str, ...] = ()) -> Headers:
    """Content type, no-store and a policy that loads nothing from elsewhere."""
    targets = " ".join(("'self'", *posts_to))
    policy = (
        f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; img-src 'self' data:; "
        f"form-action {targets}; base-uri 'none'; frame-ancestors 'none'"
    )
    return [
        ("Content-Type", "text/html; charset=utf-8"),
        ("Cache-Control", "no-cache, no-store"),
        ("Content-Security-Policy", policy),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"),
    ]


def redirect(url: str, *, status: int = 302, headers: Headers | None = None) -> Answer:
    """A redirect that is not cached. ValueError for a URL with line breaks."""
    if any(char in url for char in "\r\n"):
        raise ValueError("a redirect target may not hold line breaks")
    return Answer(status, [("Location", url), ("Cache-Control", "no-cache, no-store"), *(headers or [])])


def set_cookie(
    name: str, value: str, *, secure: bool, same_site: str = "Lax", max_age: int | None = None
) -> tuple[str, str]:
    """A Set-Cookie header: HttpOnly always; Secure with the chosen SameSite on https, plain Lax on loopback http."""
    parts = [f"{name}={value}", "Path=/", "HttpOnly"]
    if max_age is not None:
        parts.append(f"Max-Age={max_age}")
    parts += ["Secure", f"SameSite={same_site}"] if secure else ["SameSite=Lax"]
    return "Set-Cookie", "; ".join(parts)
