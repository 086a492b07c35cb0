"""Every answer that any test gets is what the OpenAPI document says it is.

``connect()`` looks over the shoulder of the test client: an answer of a route
in the document must have one of its statuses, its media type, and a body that
fits its shape, to the last key. So the document cannot drift from the code
without a test of the code failing.
"""

from __future__ import annotations

import ast
import json
import re
from functools import cache
from typing import Any, NamedTuple

import jsonschema_rs
from django.conf import settings
from django.http import HttpResponseBase
from django.test import Client

#: What any route may answer before or behind its view: a redirect to HTTPS, a crash that a test provokes.
ANYWHERE = {301, 500}


class Undocumented(AssertionError):
    """An answer that is not as the document says."""


class Route(NamedTuple):
    pattern: re.Pattern[str]
    template: str
    methods: dict[str, Any]


def connect() -> None:
    """Check the answers of every test client from now on."""
    plain = Client.request
    usual = settings.SENDABLES

    def request(client: Client, **environ: Any) -> Any:
        response = plain(client, **environ)
        # Tests with other routes, or other kinds of messages, have another document.
        if settings.ROOT_URLCONF == "config.urls" and settings.SENDABLES is usual:
            check(environ["REQUEST_METHOD"], environ["PATH_INFO"], response)
        return response

    Client.request = request  # type: ignore[method-assign]


def check(method: str, path: str, response: HttpResponseBase) -> None:
    """Raise Undocumented for an answer that the document does not allow."""
    route = _route_of(path)
    operation = route.methods.get(method.lower()) if route else None
    status = response.status_code
    if operation is None:
        if route and status < 400 and method not in ("HEAD", "OPTIONS"):
            raise Undocumented(f"{method} {route.template} answers {status} and is not in the document")
        return
    if status in ANYWHERE or _is_of_the_project(response):
        return
    where = f"{method} {route.template if route else path} → {status}"
    told = _resolved(operation["responses"].get(str(status)))
    if told is None:
        raise Undocumented(
            f"{where} is not among {sorted(operation['responses'])}: {_body(response)[:300]!r}"
        )
    _check_content(where, told.get("content", {}), response)


def _is_of_the_project(response: HttpResponseBase) -> bool:
    """Refused before any view: a host name that is not ours."""
    return response.status_code == 400 and _body(response) == b'{"detail": "Bad request."}'


def _check_content(where: str, content: dict[str, Any], response: HttpResponseBase) -> None:
    body = _body(response)
    if not content:
        if body:
            raise Undocumented(f"{where} has a body: {body[:300]!r}")
        return
    media = response.headers.get("Content-Type", "").partition(";")[0]
    if media not in content and "*/*" not in content:
        raise Undocumented(f"{where} is of the media type {media!r}, not of {sorted(content)}")
    if media == "application/json":
        problem = _problem(content[media]["schema"], body)
        if problem:
            raise Undocumented(f"{where}: {problem}\n{body[:2000].decode()}")


def _body(response: HttpResponseBase) -> bytes:
    return b"" if response.streaming else response.content  # type: ignore[attr-defined]


def _problem(schema: dict[str, Any], body: bytes) -> str | None:
    try:
        validator(schema).validate(json.loads(body))
    except jsonschema_rs.ValidationError as error:
        return f"{error.message} at {list(error.instance_path)}"
    return None


def validator(schema: dict[str, Any]) -> Any:
    """Of a shape of the document, to the last key."""
    return _validator(repr(schema))


@cache
def _validator(schema: str) -> Any:
    whole = {"components": closed(_document()["components"]), **closed(ast.literal_eval(schema))}
    return jsonschema_rs.Draft202012Validator(whole, validate_formats=True)


def closed(schema: Any) -> Any:
    """The shape without further keys: clients may get them, but the document must not forget any."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: value if name == "example" else closed(value) for name, value in schema.items()}
    names_its_keys = found.get("type") == "object" and "properties" in found
    return {"additionalProperties": False, **found} if names_its_keys else found


def _resolved(response: Any) -> Any:
    if response is None or "$ref" not in response:
        return response
    return _document()["components"]["responses"][response["$ref"].rpartition("/")[2]]


@cache
def _document() -> dict[str, Any]:
    from config.openapi import document

    return document()


@cache
def _routes() -> list[Route]:
    templates = sorted(_document()["paths"].items(), key=lambda item: (item[0].count("{"), item[0]))
    return [Route(_pattern(template), template, methods) for template, methods in templates]


def _pattern(template: str) -> re.Pattern[str]:
    words = re.split(r"\{\w+\}", template.rstrip("/"))
    slash = "/?" if template.endswith("/") else ""
    return re.compile("[^/]+".join(map(re.escape, words)) + slash + r"(?:\.(?:json|xml))?\Z")


def _route_of(path: str) -> Route | None:
    return next((route for route in _routes() if route.pattern.match(path)), None)
