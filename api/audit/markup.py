"""HTML and SVG as text, in which nothing that was read from a log can mean more than its letters."""

import html
from typing import Final

VOID: Final = frozenset({"br", "meta", "rect", "line", "circle", "path"})
_SAFE_SPACES: Final = frozenset("\n")


class Markup(str):
    """Text that is HTML already; only `tag` and `joined` make it."""

    __slots__ = ()


def plain(text: str) -> str:
    r"""Write what cannot be seen, or turns the direction of what follows, as `\u202e`."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in _SAFE_SPACES else f"\\u{ord(c):04x}" for c in text)


def tag(element: str, /, *children: str, **attributes: str | float | None) -> Markup:
    """An element; children that are not Markup are escaped, and so is every attribute.

    Args:
        element: its name; ours, never a stranger's.
        children: in order.
        attributes: a trailing underscore is dropped, others become hyphens; None leaves one out.
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{html.escape(_value(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if element in VOID and not children:
        return Markup(f"<{element}{written}>" if element in ("br", "meta") else f"<{element}{written}/>")
    return Markup(f"<{element}{written}>{joined(*children)}</{element}>")


def joined(*children: str) -> Markup:
    """Children one after the other, without an element around them."""
    return Markup("".join(each if isinstance(each, Markup) else html.escape(plain(each)) for each in children))


def _value(value: str | float) -> str:
    if isinstance(value, float):
        return f"{value:.2f}".rstrip("0").rstrip(".")
    return plain(str(value))
