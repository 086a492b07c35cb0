"""Texts as they are compared in searches: without case and accents."""

from __future__ import annotations

import unicodedata


def fold(text: str) -> str:
    """The text without case, accents and surrounding blanks: "Zürich " and "ZURICH" are the same."""
    split = unicodedata.normalize("NFKD", text.strip())
    bare = "".join(char for char in split if not unicodedata.combining(char))
    return unicodedata.normalize("NFKC", bare.casefold())
