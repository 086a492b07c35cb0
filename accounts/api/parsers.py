"""The JSON parser of all dialects: bounded, and free of what no database can store."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import IO, Any

from django.conf import settings
from rest_framework import parsers
from rest_framework.exceptions import ParseError, ValidationError
from rest_framework.utils.json import strict_constant

#: Levels of arrays and objects; json itself gives up only near the interpreter's recursion limit.
MOST_LEVELS = 64
_NULL = "Null characters are not allowed."
_SURROGATE = "Lone surrogate characters are not allowed."


class JSONParser(parsers.JSONParser):
    """Refuses, with a 400, deep nesting, NUL and lone surrogates.

    The last two are refused here for every string of the document, because
    free-form objects (``metadata``, ``details``) reach a JSON column without
    passing a text field. The error names the outermost field.
    """

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        text = _decode(stream.read(), (parser_context or {}).get("encoding") or settings.DEFAULT_CHARSET)
        try:
            document = json.loads(text, parse_constant=strict_constant)
        except ValueError as error:
            raise ParseError(f"JSON parse error - {error}") from None
        except RecursionError:
            raise ParseError(f"JSON parse error - nested deeper than {MOST_LEVELS} levels") from None
        if not _is_harmless(text):
            check_document(document)
        return document


def _decode(body: bytes, encoding: str) -> str:
    try:
        return body.decode(encoding)
    except (UnicodeError, LookupError):
        raise ParseError("JSON parse error - the body is not in the encoding it claims") from None


def _is_harmless(text: str) -> bool:
    """Whether ``check_document`` can have nothing against the document; true of almost all.

    What cannot be stored stands in the text itself or comes of an escape, and each level has a bracket.
    """
    brackets = text.count("[") + text.count("{")
    return "\\u" not in text and brackets < MOST_LEVELS - 1 and text_problem(text) is None


def check_document(document: Any) -> None:
    """Raise ValidationError (naming the outermost field) or ParseError for what cannot be stored."""
    for field, value in document.items() if isinstance(document, dict) else [("", document)]:
        for text in _texts([field, value]):
            problem = text_problem(text)
            if problem:
                raise ValidationError({field if not text_problem(field) else "non_field_errors": [problem]})


def text_problem(text: str) -> str | None:
    """Why the text cannot be stored, or None."""
    if "\x00" in text:
        return _NULL
    try:
        text.encode()
    except UnicodeEncodeError:
        return _SURROGATE
    return None


def _texts(value: Any) -> Iterator[str]:
    """All strings in the value, keys included, without recursion."""
    waiting = [(value, 1)]
    while waiting:
        item, level = waiting.pop()
        if level > MOST_LEVELS:
            raise ParseError(f"JSON parse error - nested deeper than {MOST_LEVELS} levels")
        if isinstance(item, str):
            yield item
        elif isinstance(item, dict):
            yield from item
            waiting.extend((inner, level + 1) for inner in item.values())
        elif isinstance(item, list):
            waiting.extend((inner, level + 1) for inner in item)
