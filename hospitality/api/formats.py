"""JSON and XML, and which of them an answer is written in.

Source: the network's page about its services ("Optional. Otherwise, XML is
sent") and Drupal's Services module, which picks by Accept and, of equals,
takes the media type that comes last in the alphabet.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any
from xml.sax.saxutils import escape

from django.http import HttpRequest

from hospitality.api.refusals import Refusal

Writer = Callable[[Any], bytes]
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NO_NAME = re.compile("[^A-Za-z0-9_]")
JSON_TYPE = "application/json"
_SUFFIXES = {"json": JSON_TYPE, "xml": "text/xml"}


def as_json(value: Any) -> bytes:
    """Objects and lists as they are; anything else as the only element of a list."""
    whole = value if isinstance(value, dict | list) else [value]
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode()


def as_xml(value: Any) -> bytes:
    text = "".join(_element("result", value[0] if _is_single(value) else value))
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'.encode()


def _is_single(value: Any) -> bool:
    """A scalar in the list that JSON wraps it in."""
    return isinstance(value, list) and len(value) == 1 and not isinstance(value[0], dict | list)


def _element(name: str, value: Any) -> Iterator[str]:
    numbered = isinstance(value, list) or (isinstance(value, dict) and _is_numbered(value))
    yield f'<{name} is_array="true">' if numbered else f"<{name}>"
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _element(_name(str(key)), inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _element("item", inner)
    else:
        yield escape(_NO_XML.sub("", _scalar(value)))
    yield f"</{name}>"


def _is_numbered(value: dict[Any, Any]) -> bool:
    return bool(value) and all(str(key).isdigit() for key in value)


def _name(key: str) -> str:
    if key.isdigit():
        return "item"
    name = _NO_NAME.sub("_", key) or "_"
    return f"_{name}" if name[0].isdigit() else name


def _scalar(value: Any) -> str:
    if value is None or value is False:
        return ""
    return "1" if value is True else str(value)


WRITERS: dict[str, Writer] = {JSON_TYPE: as_json, "application/xml": as_xml, "text/xml": as_xml}


def media_type(request: HttpRequest, suffix: str | None) -> str:
    """One of WRITERS, as the request wants it; Refusal 406 when it wants none of them."""
    if suffix:
        return _SUFFIXES[suffix]
    accept = request.headers.get("Accept", "").strip()
    if not accept:
        # The first Android app names nothing and reads JSON only.
        android = request.headers.get("User-Agent", "").startswith("WSAndroid ")
        return JSON_TYPE if android else "text/xml"
    ranges = [_range(part) for part in accept.lower().split(",")]
    best = max((*_best(ranges, kind), kind) for kind in WRITERS)
    if not best[1]:
        raise Refusal(406, "Unsupported response content type")
    return best[2]


def _range(text: str) -> tuple[str, float]:
    """A media range and its quality."""
    media, *parameters = (part.strip() for part in text.split(";"))
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return media, float(parameter[2:])
            except ValueError:
                return media, 0.0
    return media, 1.0


def _best(ranges: list[tuple[str, float]], kind: str) -> tuple[int, float]:
    """How exactly, and how much, the media type is wanted."""
    family = kind.partition("/")[0] + "/*"
    fitness = {kind: 3, family: 2, "*/*": 1}
    return max(((fitness[media], quality) for media, quality in ranges if media in fitness), default=(0, 0.0))
