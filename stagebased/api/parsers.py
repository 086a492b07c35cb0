"""Uploads with a limit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from rest_framework import parsers

from accounts.api.errors import BodyTooLarge

#: What a multipart body may hold besides its file: boundaries, headers, other fields.
ENVELOPE = 64 * 1024


class BoundedMultiPartParser(parsers.MultiPartParser):
    """Multipart forms with a file of at most ``settings.MAX_UPLOAD_BYTES``.

    Django limits the fields of a form but not its files: it would write any
    amount to the disk first. So the body is judged by the length it announces;
    a WSGI server hands over no more than that.
    """

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        most = settings.MAX_UPLOAD_BYTES
        if _announced_length(parser_context) > most + ENVELOPE:
            raise BodyTooLarge
        return super().parse(stream, media_type, parser_context)


def _announced_length(context: Mapping[str, Any] | None) -> int:
    length = (context or {})["request"].META.get("CONTENT_LENGTH") or "0"
    return int(length) if str(length).isdecimal() else 0
