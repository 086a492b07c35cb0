"""The refusals of the dialects whose errors are JSON objects."""

from __future__ import annotations

from typing import Any

from accounts.api.errors import Away
from accounts.api.openapi.operations import Answer
from accounts.api.openapi.shapes import Shape, integer, mapping, named, record, string

DETAIL = named("Refusal", record({"detail": string()}, description="Why the request was refused."))
_TEXTS: Shape = {"type": "array", "items": string()}
#: A text, texts, or texts by the position of an item.
PROBLEMS: Shape = {"anyOf": [string(), _TEXTS, mapping({"anyOf": [string(), _TEXTS, mapping()]})]}
INVALID = named(
    "InvalidRequest",
    mapping(
        PROBLEMS,
        description="What is wrong, by field; `non_field_errors` is about several fields together, "
        "`detail` about the request as a whole.",
    ),
)
#: What 503 means everywhere.
AWAY = "The database is away or too busy; come again after `Retry-After` seconds."
_WORDS: dict[int, tuple[str, Any]] = {
    400: ("Something in the request cannot be used; nothing was changed.", None),
    401: ("No credentials, or wrong ones.", "Authentication credentials were not provided."),
    403: ("The caller may not do this.", "You do not have permission to perform this action."),
    404: ("There is no such thing.", "Not found."),
    409: ("The record's present state forbids it.", "The record is in use."),
    413: ("The body is too large.", "The request body is too large."),
    415: (
        "The body is of a media type that is not read here.",
        'Unsupported media type "text/plain" in request.',
    ),
    429: (
        "Too many requests or wrong passwords; come again after `Retry-After` seconds.",
        "Too many wrong passwords.",
    ),
    503: (AWAY, str(Away.default_detail)),
}


def json_refusal(status: int) -> Answer:
    """``{"detail": text}``, or ``{field: [texts]}`` for 400."""
    text, example = _WORDS[status]
    headers: dict[str, Shape] = {}
    if status == 401:
        headers["WWW-Authenticate"] = string()
    if status in (429, 503):
        headers["Retry-After"] = integer(minimum=0)
    if status == 400:
        return Answer(text, INVALID, {"detail": "JSON parse error - Expecting value: line 1 column 1"})
    return Answer(text, DETAIL, {"detail": example}, headers=headers)
