"""What can go wrong with a broadcast, in its own words."""

from __future__ import annotations


class BroadcastError(Exception):
    """``errors`` names the fields, or none; ``code`` is stable."""

    code = "refused"

    def __init__(self, errors: dict[str, list[str]] | str) -> None:
        self.errors = {"": [errors]} if isinstance(errors, str) else errors
        super().__init__("; ".join(text for texts in self.errors.values() for text in texts))


class NotNow(BroadcastError):
    """Its state does not allow this."""

    code = "not_now"
