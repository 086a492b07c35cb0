"""The OpenAPI document of all dialects, made from their routes and their ``api/schema.py``."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver
from django.utils.module_loading import autodiscover_modules
from drf_spectacular.generators import EndpointEnumerator, SchemaGenerator
from rest_framework.views import APIView

from accounts.api.openapi.operations import dialects, told_of_route
from accounts.api.openapi.shapes import COMPONENTS, RESPONSES, SECURITY_SCHEMES

Endpoint = tuple[str, str, str, Any]
_REFERENCE = re.compile(r"#/components/schemas/([\w.-]+)")
#: Hospitality's routes may name their format at the end.
_SUFFIX = r"(?:\.(?P<suffix>json|xml))?"


class Endpoints(EndpointEnumerator):
    """All routes that are an API: the framework's views, and others that are described."""

    def get_api_endpoints(self, patterns: Any = None, prefix: str = "") -> list[Endpoint]:
        autodiscover_modules("api.schema")
        found: list[Endpoint] = super().get_api_endpoints(patterns, prefix)
        return found


class Generator(SchemaGenerator):
    endpoint_inspector_cls = Endpoints


def with_plain_views(endpoints: list[Endpoint]) -> list[Endpoint]:
    """The endpoints and those of described views that are not the framework's."""
    from config.schema import UNROUTED

    unrouted = [each for path, view in UNROUTED.items() for each in _endpoints(path, path, view)]
    return [*endpoints, *_plain(get_resolver().url_patterns, ""), *unrouted]


def _plain(patterns: list[Any], prefix: str) -> Iterator[Endpoint]:
    namer = EndpointEnumerator(patterns=[])
    for pattern in patterns:
        regex = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _plain(pattern.url_patterns, regex)
        elif isinstance(pattern, URLPattern) and not hasattr(pattern.callback, "cls"):
            path = namer.get_path_from_regex(regex.replace(_SUFFIX, ""))
            yield from _endpoints(path, regex, pattern.callback)


def _endpoints(path: str, regex: str, view: Any) -> Iterator[Endpoint]:
    found = told_of_route(view)
    for method in found[1] if found else ():
        yield path, regex, method.upper(), _stand_in(view, found, method)


def _stand_in(view: Any, told: Any, method: str) -> Any:
    """A view of the framework's with the same description, which is all that is asked of it."""
    members = {"told": told, "authentication_classes": [], "permission_classes": [], method: _nothing}
    plain: Any = type("Plain", (APIView,), {**members, "stands_for": view})
    return plain.as_view()


def _nothing(self: APIView, request: Any) -> None:
    raise NotImplementedError("only described")


def one_form_of_each(endpoints: list[Endpoint]) -> list[Endpoint]:
    """Of routes that answer with and without their last slash, the form with it."""
    views = {(path, method): _view(callback) for path, _, method, callback in endpoints}
    return [
        endpoint
        for endpoint in endpoints
        if endpoint[0].endswith("/") or views.get((f"{endpoint[0]}/", endpoint[2])) is not _view(endpoint[3])
    ]


def _view(callback: Any) -> Any:
    return getattr(callback.cls, "stands_for", callback.cls)


def with_names_and_tags(result: dict[str, Any], generator: Any, **kwargs: Any) -> dict[str, Any]:
    """The document with the named shapes it refers to, and a tag for each dialect."""
    components = result["components"]
    components["responses"] = dict(sorted(RESPONSES.items()))
    components["securitySchemes"] |= SECURITY_SCHEMES
    schemas = components.setdefault("schemas", {})
    used = json.dumps([result["paths"], components["responses"]])
    waiting = set(_REFERENCE.findall(used)) - set(schemas)
    while waiting:
        name = waiting.pop()
        schemas[name] = COMPONENTS[name]
        waiting |= set(_REFERENCE.findall(json.dumps(COMPONENTS[name]))) - set(schemas)
    components["schemas"] = dict(sorted(schemas.items()))
    result["tags"] = [{"name": dialect.tag, "description": dialect.text} for dialect in dialects()]
    return result


@cache
def document() -> dict[str, Any]:
    """The document; the same for as long as the process lives, because settings are."""
    made: dict[str, Any] = Generator().get_schema(public=True)
    return made
