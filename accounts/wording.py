"""Small change of speech for the admin site's answers."""

from __future__ import annotations


def counted(number: int, one: str, many: str = "") -> str:
    """``1 message``, ``2 messages``. ``many``: the plural, where it is not ``one`` and an s."""
    return f"{number} {one if number == 1 else many or one + 's'}"
