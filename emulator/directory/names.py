"""Distinguished names: taken apart, put together, and compared. Source: RFC 4514, as Active Directory uses it."""

import re

_SPECIAL = re.compile(r'([,\\#+<>;"=])')
_PAIR = re.compile(r"\\(.)")


def escape(value: str) -> str:
    """A value as it stands in a name."""
    text = _SPECIAL.sub(r"\\\1", value)
    return f"\\{text}" if text.startswith(" ") else text


def split(name: str) -> list[str]:
    """The parts of a name, nearest first; escaped commas do not separate. ValueError where a part is no `KEY=value`."""
    parts, current, escaped = [], "", False
    for letter in name:
        if letter == "," and not escaped:
            parts.append(current.strip())
            current = ""
            continue
        escaped = letter == "\\" and not escaped
        current += letter
    parts.append(current.strip())
    if not all(re.match(r"[A-Za-z][A-Za-z0-9-]*=.", part) for part in parts):
        raise ValueError(f"{name!r} is no distinguished name")
    return parts


def parent(name: str) -> str:
    """The name of the container."""
    return ",".join(split(name)[1:])


def value_of(name: str) -> str:
    """The value of the nearest part: a person's cn."""
    return _PAIR.sub(r"\1", split(name)[0].partition("=")[2])


def of_domain(domain: str) -> str:
    """`corp.example` as `DC=corp,DC=example`."""
    return ",".join(f"DC={part}" for part in domain.split("."))


def domain_of(name: str) -> str:
    """The DNS domain at the end of a name."""
    return ".".join(part[3:] for part in split(name) if part[:3].upper() == "DC=")


def below(name: str, container: str) -> bool:
    """Whether a name is inside a container, or the container itself."""
    name, container = name.casefold(), container.casefold()
    return name == container or name.endswith("," + container)
