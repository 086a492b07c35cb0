"""The dialect's tag, its refusals, and what all its services have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from accounts.api.errors import Away
from accounts.api.openapi import Answer, Body, Dialect, Operation, Parameter, describe
from accounts.api.openapi.refusals import AWAY
from accounts.api.openapi.shapes import (
    SECURITY_SCHEMES,
    Shape,
    array,
    integer,
    mapping,
    named,
    record,
    string,
    told,
)
from hospitality.api.service import Service

#: XML says the same in other words: ``<result>`` with an element for each key.
XML: dict[str, Shape] = {"text/xml": string(), "application/xml": string()}
JSON = ("application/json",)
_FORM = "application/x-www-form-urlencoded"
_TEXTS = named("HospitalityRefusal", array(string(), minItems=1, maxItems=1))
_PROBLEMS = record({"form_errors": mapping(string())})
_WORDS = {
    400: ("Something in the request cannot be used.", "Invalid parameters passed."),
    401: (
        "An argument is missing, the password is wrong, or the CSRF token is.",
        "Missing required argument thread_id",
    ),
    403: ("The caller is not logged in, or may not do this.", "Access denied for user anonymous"),
    404: ("There is no such thing, or HTTPS is required.", "There is no user with ID 99."),
    406: (
        "Nothing can be answered in the media type asked for, or the request makes no sense now.",
        "Unsupported response content type",
    ),
    413: ("The body is too large.", "The request is too large."),
    429: ("Too many requests; come again after `Retry-After` seconds.", "Too many requests."),
    503: (AWAY, str(Away.default_detail)),
}


def _refusal(status: int) -> Answer:
    text, example = _WORDS[status]
    headers = {"Retry-After": integer(minimum=0)} if status in (429, 503) else {}
    return Answer(text, _TEXTS, [example], media=JSON, others=XML, headers=headers)


HOSPITALITY = Dialect(
    "Hospitality",
    "Hospitality",
    "Members, hosts, feedback and private messages of a hospitality network, as its phone apps call them "
    "(Drupal Services). Answers are XML unless `Accept` asks for JSON; a path with `.json` or `.xml` at its "
    "end decides by itself. Bodies may be forms with PHP's brackets, JSON or XML; scalars are the only "
    "element of a list.",
    _refusal,
    # 404 also where HTTPS is required and not used: the apps follow no redirect.
    without_body=(404, 406, 429),
    with_body=(400, 404, 406, 413, 429),
)
SECURITY_SCHEMES["appSession"] = {
    "type": "apiKey",
    "in": "cookie",
    "name": "SSESS",
    "description": "The cookie of a logged-in app. Its name is `session_name` of the log-in: `SSESS` and 32 "
    "hexadecimal digits of the host's name.",
}
SECURITY_SCHEMES["appToken"] = {
    "type": "apiKey",
    "in": "header",
    "name": "X-CSRF-Token",
    "description": "The session's token (`/services/session/token`), on every POST.",
}
_MEMBER: dict[str, list[str]] = {"appSession": []}


def answer(
    text: str, shape: Shape, example: Any, headers: Mapping[str, Shape] | None = None
) -> dict[int, Answer]:
    """An answer of 200 in JSON, or in XML."""
    return {200: Answer(text, shape, example, media=JSON, others=XML, headers=headers or {})}


#: What is done, and nothing else.
DONE = answer("Done.", array({"const": True}, minItems=1, maxItems=1), [True])


def form(example: Mapping[str, Any], **fields: Shape) -> Body:
    """The arguments of a service; those in the example are needed."""
    shape = record(fields, optional=[name for name in fields if name not in example])
    return Body(shape, dict(example), (_FORM, "application/json"), required=bool(example))


def service(
    view: type[Service],
    name: str,
    summary: str,
    answers: Mapping[int, Answer],
    body: Body | None = None,
    *,
    parameters: Sequence[Parameter] = (),
    refusals: tuple[int, ...] = (),
    text: str = "",
) -> Operation:
    """A service's operation: its rights and its CSRF token are told by its class."""
    posts = view.method != "GET"
    member = (403,) if view.members_only else ()
    token = (401,) if posts and (view.csrf or view.required) else ()
    need = _MEMBER | ({"appToken": []} if posts and view.csrf else {})
    return Operation(
        name,
        summary,
        answers,
        body,
        parameters,
        (*refusals, *member, *token),
        text,
        [need] if view.members_only else [],
    )


def describe_service(view: type[Service], *args: Any, **options: Any) -> None:
    """Describe a view that is one service."""
    told_of = service(view, *args, **options)
    describe(view, HOSPITALITY, **{view.method.lower(): told_of})


WINDOW = {
    "limit": told(integer(minimum=0), "Rows; 0, and what is no number, is none named."),
    "offset": told(integer(minimum=0), "Rows to pass over."),
}
FEEDBACK_REFUSAL = Answer(
    "What is wrong, by the form's field.",
    {"anyOf": [_PROBLEMS, _TEXTS]},
    {"form_errors": {"field_rating][und": "Rate the member."}},
    media=JSON,
    others=XML,
)
