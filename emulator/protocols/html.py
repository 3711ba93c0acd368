"""HTML pages: Jinja templates with autoescape, and the headers that keep a page from loading or sending elsewhere.

The nonce comes from the caller (it is derived from the request id), so pages repeat byte for byte.
"""

from functools import cache
from pathlib import Path
from typing import Any

from emulator.kernel.exchange import Answer, Headers


@cache
def _environment(folder: str) -> Any:
    import jinja2

    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        autoescape=True,
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
