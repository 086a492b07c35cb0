"""Character sets that requests name, put right before Django sees them.

Django takes any name that Python has a codec for, for the query string too,
and fails while it makes the request object, before any handler of errors.
Some of those codecs are no text at all (``zlib``), others raise what a decoder
should not (``idna``, ``undefined``).
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

_CHARSETS = frozenset(codecs.lookup(name).name for name in ("utf-8", "ascii", "latin-1", "cp1252", "utf-16"))
_PARAMETER = re.compile(r""";\s*charset\s*=\s*("[^"]*"|[^;\s]*)""", re.IGNORECASE)

Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]
Asgi = Callable[[dict[str, Any], Any, Any], Awaitable[None]]


def believable(content_type: str) -> str:
    """The Content-Type without a charset that clients do not really use, which means UTF-8."""
    named = _PARAMETER.search(content_type)
    return _PARAMETER.sub("", content_type) if named and not _is_known(named[1].strip('"')) else content_type


def _is_known(charset: str) -> bool:
    try:
        return codecs.lookup(charset).name in _CHARSETS
    except (LookupError, ValueError):
        return False


def wsgi(application: Wsgi) -> Wsgi:
    """The WSGI application, spared odd charsets."""

    def spared(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if "CONTENT_TYPE" in environ:
            environ["CONTENT_TYPE"] = believable(environ["CONTENT_TYPE"])
        return application(environ, start_response)

    return spared


def asgi(application: Asgi) -> Asgi:
    """The ASGI application, spared odd charsets."""

    async def spared(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            scope = scope | {"headers": [_header(name, value) for name, value in scope["headers"]]}
        await application(scope, receive, send)

    return spared


def _header(name: bytes, value: bytes) -> tuple[bytes, bytes]:
    if name.lower() != b"content-type":
        return name, value
    return name, believable(value.decode("latin-1")).encode("latin-1")
