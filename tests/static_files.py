"""The site's static files are looked for once, not by each test client.

A client makes the middleware anew, and that reads the times and sizes of some
three hundred files: more work than most requests of the tests.
"""

from __future__ import annotations

from typing import Any

from whitenoise.middleware import WhiteNoiseMiddleware

_FOUND: dict[str, Any] = {}


def connect() -> None:
    """Share what the first client of a process has found with the others."""
    plain = WhiteNoiseMiddleware.add_files_from_finders

    def add_files_from_finders(middleware: WhiteNoiseMiddleware) -> None:
        if not _FOUND:
            before = set(middleware.files)
            plain(middleware)
            _FOUND.update({url: file for url, file in middleware.files.items() if url not in before})
        middleware.files.update(_FOUND)

    WhiteNoiseMiddleware.add_files_from_finders = add_files_from_finders
