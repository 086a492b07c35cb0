"""Reading what apps send: forms with PHP's brackets, JSON, XML; without a Content-Type it is a form.

Whatever the encoding, the arguments are one dict of texts and further dicts.
"""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import parse_qsl
from xml.etree import ElementTree

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.http import HttpRequest
from django.http.multipartparser import MultiPartParserError
from rest_framework.exceptions import ParseError, ValidationError

from accounts.api.parsers import check_document
from hospitality.api.refusals import Refusal

_KEYS = re.compile(r"\[([^\[\]]*)\]")
_DEEPEST = 12
Arguments = dict[str, Any]


def arguments(request: HttpRequest) -> Arguments:
    """The request's arguments; Refusal 400, 406 or 413."""
    media = _media_type(request)
    reader = _READERS.get(media)
    try:
        if reader is None:
            if request.body:
                raise Refusal(406, f"Unsupported request content type {media[:100]}")
            return {}
        found = reader(request)
    except RequestDataTooBig:
        raise Refusal(413, "The request is too large.") from None
    except SuspiciousOperation:
        raise Refusal(400, "The request has too many fields.") from None
    _check(found)
    return found


def _media_type(request: HttpRequest) -> str:
    """What the body says it is, without parameters; empty when it says nothing."""
    media = str(request.META.get("CONTENT_TYPE", "")).partition(";")[0].strip().lower()
    # Python's own server, which is Django's runserver, calls text/plain what says nothing.
    by_itself = str(request.META.get("SERVER_SOFTWARE", "")).startswith("WSGIServer")
    return "" if by_itself and media == "text/plain" else media


def _check(found: Arguments) -> None:
    try:
        check_document(found)
    except ValidationError as error:
        name = next(iter(error.detail), "") if isinstance(error.detail, dict) else ""
        raise Refusal(400, f"{name} has characters that are not allowed.") from None
    except ParseError:
        raise Refusal(400, "The request is nested too deeply.") from None


def _form(request: HttpRequest) -> Arguments:
    most = settings.DATA_UPLOAD_MAX_NUMBER_FIELDS
    text = request.body.decode("utf-8", "replace")
    try:
        return nested(parse_qsl(text, keep_blank_values=True, max_num_fields=most))
    except ValueError:
        raise Refusal(400, "The request has too many fields.") from None


def _multipart(request: HttpRequest) -> Arguments:
    try:
        return nested([(name, value) for name, values in request.POST.lists() for value in values])
    except MultiPartParserError:
        raise Refusal(400, "Invalid form.") from None


def nested(pairs: list[tuple[str, Any]]) -> Arguments:
    """``a[b][0]=c`` as ``{"a": {"b": {"0": "c"}}}``; of what is given twice, the last counts."""
    found: Arguments = {}
    for name, value in pairs:
        start = name.find("[", 1)
        head = name if start < 0 else name[:start]
        _put(found, [head, *(_KEYS.findall(name[start:]) if start > 0 else [])][:_DEEPEST], value)
    return found


def _put(found: Arguments, keys: list[str], value: Any) -> None:
    here = found
    for key in keys[:-1]:
        inner = here.get(key or str(len(here)))
        if not isinstance(inner, dict):
            inner = here[key or str(len(here))] = {}
        here = inner
    here[keys[-1] or str(len(here))] = value


def _json(request: HttpRequest) -> Arguments:
    try:
        document = json.loads(request.body) if request.body.strip() else {}
    except (ValueError, RecursionError):
        raise Refusal(400, "Invalid JSON.") from None
    if not isinstance(document, dict):
        return {}
    # One app writes a form's bracketed names as keys.
    flat = [(name, value) for name, value in document.items() if "[" in name]
    return {name: value for name, value in document.items() if "[" not in name} | nested(flat)


def _xml(request: HttpRequest) -> Arguments:
    body = request.body
    if not body.strip():
        return {}
    # The second is what the first looks like in UTF-16, of whichever end.
    if b"<!" in body or b"<\0!" in body:
        raise Refusal(400, "Invalid XML.")
    try:
        found = _of_element(ElementTree.fromstring(body), _DEEPEST)  # noqa: S314 - no declarations, so no entities
    except (ElementTree.ParseError, ValueError, LookupError):
        raise Refusal(400, "Invalid XML.") from None
    return found if isinstance(found, dict) else {}


def _of_element(element: Any, levels: int) -> Any:
    if not len(element) or not levels:
        return element.text or ""
    return {
        (str(at) if child.tag == "item" else child.tag): _of_element(child, levels - 1)
        for at, child in enumerate(element)
    }


_READERS = {
    "": _form,
    "application/x-www-form-urlencoded": _form,
    "multipart/form-data": _multipart,
    "application/json": _json,
    "application/xml": _xml,
    "text/xml": _xml,
}


def text(found: Arguments, name: str) -> str:
    """The argument as text: what is no text or number counts as empty, true as "1"."""
    value = found.get(name)
    if isinstance(value, bool):
        return "1" if value else ""
    return str(value) if isinstance(value, str | int | float) else ""


def says_no(found: Arguments, name: str) -> bool:
    """Whether the argument is there and says no: 0 or false, in any encoding."""
    return found.get(name) is False or text(found, name).strip().lower() in ("0", "false")


def given(found: Arguments, name: str) -> bool:
    """Whether the argument is there at all, if only empty."""
    return isinstance(found.get(name), str | int | float)


def count(found: Arguments, name: str, *, default: int, most: int) -> int:
    """A number of rows: the default where it is missing, 0, negative or no number; at most ``most``."""
    value = text(found, name).strip()
    number = int(value) if value.isascii() and value.isdigit() and len(value) < 19 else 0
    return min(number, most) if number else default


def row_id(value: str) -> int | None:
    """The text as a database id, or None when it can be nobody's."""
    value = value.strip()
    whole = value.isascii() and value.isdigit() and len(value) < 20
    return int(value) if whole and 0 < int(value) < 2**63 else None


__all__ = ["Arguments", "arguments", "count", "given", "nested", "row_id", "says_no", "text"]
