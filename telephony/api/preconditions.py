"""Entity tags: a change may be made to depend on nobody else having changed the record (412)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from telephony.api.protocol import etag, matches
from telephony.errors import Changed


def tagged(record: Any, out: Callable[[Any], dict[str, Any]]) -> Response:
    """The answer with its ``ETag``."""
    representation = out(record)
    return Response(representation, headers={"ETag": etag(representation, record.updated_at)})


def unless_changed(request: Request, out: Callable[[Any], dict[str, Any]]) -> Callable[[Any], None] | None:
    """A check of the locked record against the request's If-Match; None when there is no such header."""
    header = request.headers.get("If-Match")
    if header is None:
        return None

    def check(record: Any) -> None:
        if not matches(header, etag(out(record), record.updated_at)):
            raise Changed

    return check
