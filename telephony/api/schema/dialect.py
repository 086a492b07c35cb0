"""The dialect's tag, its refusals, and what its lists and records have in common."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from accounts.api.errors import Away
from accounts.api.openapi import Answer, Dialect, Parameter
from accounts.api.openapi.refusals import AWAY
from accounts.api.openapi.shapes import (
    URL,
    Shape,
    array,
    choice,
    integer,
    named,
    nullable,
    record,
    string,
    told,
)
from telephony.api.protocol import EMPTY

_ERRORS = named("TelephonyErrors", array(string(), minItems=1))
_WORDS = {
    400: ("Something in the request cannot be used; nothing was stored.", "Incorrect parameters sent: email"),
    401: ("No credentials, or wrong ones.", "Authentication credentials were not provided."),
    403: ("The account may not use telephony.", "You do not have permission to perform this action."),
    404: ("There is no such record. Without a body.", ""),
    406: ("The `Accept` header is missing or does not allow JSON. Without a body.", ""),
    409: ("The folder is full.", "The folder holds as many messages as are allowed."),
    412: (
        "`If-Match` names another state than the record's; or, where the installation says so, a user to be "
        "deleted has a mailbox.",
        "The object was changed by somebody else meanwhile",
    ),
    413: ("The body is too large.", "The request body is too large."),
    415: ("The body is of another media type. Without a body.", ""),
    429: (
        "Too many requests or wrong passwords; come again after `Retry-After` seconds.",
        "Too many wrong passwords.",
    ),
    503: (AWAY, str(Away.default_detail)),
}


def _refusal(status: int) -> Answer:
    text, example = _WORDS[status]
    wait = {"Retry-After": integer(minimum=0)}
    headers = {401: {"WWW-Authenticate": string()}, 429: wait, 503: wait}.get(status, {})
    if status in EMPTY:
        return Answer(text)
    return Answer(text, _ERRORS, [example], headers=headers)


TELEPHONY = Dialect(
    "Telephony",
    "Telephony",
    "Telephone users, mailboxes and the recordings in them: the XiVO 1.0 REST API. Requests that read need "
    "an `Accept` header that allows JSON. Every path answers with and without its last slash.",
    _refusal,
)
#: What reading answers in JSON may be refused with, beside what the dialect says.
READING = (406,)
#: An id in the path; what is no number is nobody's id, and 404.
KEY = integer(minimum=1, maximum=10**18 - 1)
ETAG = {"ETag": string()}
LOCATION = {"Location": URL}
IF_MATCH = Parameter(
    "If-Match",
    "The record's `ETag`: change it only if nobody else has meanwhile.",
    string(),
    '"5d41402abc4b2a76b9719d911017c592"',
    "header",
)


def text(most: int) -> Shape:
    """A text as bodies have it: null empties it."""
    return nullable(string(maxLength=most))


def flag() -> Shape:
    return told({"enum": [0, 1, True, False, "0", "1"]}, "0 or 1, or a boolean.")


def whole() -> Shape:
    return nullable(integer(minimum=0, maximum=2**63 - 1))


def listing(columns: Iterable[str]) -> tuple[Parameter, ...]:
    """The parameters of a list that may be ordered by these properties."""
    some = integer(minimum=0)
    return (
        Parameter("_page", "Which page, from 0; with `_pagesize`.", some, 0),
        Parameter("_pagesize", "Records on a page.", integer(minimum=1), 50),
        Parameter("_search", "Words that must occur, each in any column.", string(maxLength=200)),
        Parameter("_order", "The property to order by.", choice(*columns), "id"),
        Parameter("_direction", "The direction of the order.", choice("asc", "desc"), "asc"),
        Parameter("_limit", "At most so many records.", some, 50),
        Parameter("_offset", "Records to pass over.", some, 0),
    )


def list_of(name: str, item: Shape, example: Mapping[str, Any]) -> Answer:
    shape = record({"total": told(integer(minimum=0), "Of all pages."), "items": array(item)})
    return Answer("The records.", named(name, shape), {"total": 1, "items": [dict(example)]})
