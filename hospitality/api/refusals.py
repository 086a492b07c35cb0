"""How the dialect says no."""

from __future__ import annotations

from typing import Any

from django.utils.html import escape, strip_tags

_WORDS = {401: "Unauthorized", 404: "Not found", 406: "Not Acceptable", 429: "Too Many Requests"}


class Refusal(Exception):
    """An answer of 400 or above: its text as the only element of a list, or an object as ``body``."""

    def __init__(
        self, status: int, text: str, body: dict[str, Any] | None = None, *, wait: int | None = None
    ) -> None:
        """``wait``: seconds after which the same may be asked again (``Retry-After``)."""
        super().__init__(text)
        self.status, self.text, self.body, self.wait = status, text, body, wait

    @property
    def content(self) -> Any:
        return self.body if self.body is not None else self.text

    @property
    def reason(self) -> str:
        """The status line behind the number, where the network's first app reads the text."""
        return f"{_WORDS.get(self.status, '')} : {one_line(strip_tags(self.text))}".lstrip()


def one_line(text: str) -> str:
    """What a header may hold of the text."""
    visible = "".join(char if char.isprintable() else " " for char in text)
    return visible.encode("ascii", "replace").decode()[:300]


def missing(name: str) -> Refusal:
    return Refusal(401, f"Missing required argument {name}")


def denied(name: str | None) -> Refusal:
    """``name``: the caller's user name, None for somebody who is not logged in."""
    return Refusal(403, f"Access denied for user {escape(name) if name else 'anonymous'}")


def placeholder(text: str) -> str:
    """A name or number quoted in a message."""
    return f'<em class="placeholder">{escape(text)}</em>'
