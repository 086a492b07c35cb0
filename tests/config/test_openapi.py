"""The OpenAPI document is complete, well formed and the one in the repository."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import yaml
from django.urls import URLPattern, get_resolver
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.validation import validate_schema
from rest_framework.schemas.generators import EndpointEnumerator

from accounts.api.openapi.operations import dialects
from config.openapi import Generator, document
from config.schema import UNROUTED
from tests.contract import validator

ROOT = Path(__file__).resolve().parents[2]
#: Routes that are no API: pages for people, and what only says that there is nothing.
PAGES = {
    "/": "the front page",
    "/docs/": "the documents",
    "/docs/{name}": "the documents",
    "/docs/{path}": "their pictures",
    "/api/docs/": "this document as a page",
    "/admin": "the admin site without its slash",
    "/services/rest/.": "any path that is no service, in the dialect's words",
    "/1.0/": "any other path of the telephony dialect, in its words",
    "/1.0/{rest}": "the same",
    "/api/v1.0/": "any other path of the SMS gateway's dialect, in its words",
    "/api/v1.0/{rest}": "the same",
}


def operations():
    return [
        (method, path, operation)
        for path, methods in document()["paths"].items()
        for method, operation in methods.items()
    ]


def test_the_one_in_the_repository_is_that_of_the_code():
    kept = yaml.safe_load((ROOT / "docs" / "openapi.yaml").read_text(encoding="utf-8"))
    assert kept == json.loads(json.dumps(document())), "run `make openapi`"


def test_every_view_is_described(capsys):
    GENERATOR_STATS.reset()
    Generator().get_schema(public=True)
    assert capsys.readouterr().err == ""
    assert not GENERATOR_STATS


def test_it_is_well_formed():
    validate_schema(document())
    assert document()["openapi"].startswith("3.1")


def routes(patterns=None, prefix=""):
    """Every route of the project and what it calls, but for the admin site's own."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        regex = prefix + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield regex, pattern.callback
        elif regex != "admin/":
            yield from routes(pattern.url_patterns, regex)


def path_of(regex):
    path = EndpointEnumerator(patterns=[]).get_path_from_regex(
        regex.replace(r"(?:\.(?P<suffix>json|xml))?", "")
    )
    return path.replace("{pk}", "{id}")


def test_every_route_is_in_it_or_is_no_api():
    listed = {path.rstrip("/") for path in document()["paths"]}
    found = {path_of(regex) for regex, _ in routes()} | set(UNROUTED)
    missing = {path for path in found if path.rstrip("/") not in listed and path not in PAGES}
    assert missing == set()


def test_every_method_of_every_route_is_in_it():
    listed = {
        (path.rstrip("/"), method.upper())
        for path, methods in document()["paths"].items()
        for method in methods
    }
    enumerator = EndpointEnumerator(patterns=[])
    answered = {
        (path_of(regex).rstrip("/"), method)
        for regex, callback in routes()
        if hasattr(callback, "cls")
        for method in enumerator.get_allowed_methods(callback)
    }
    assert answered - listed == set()


def test_nothing_in_it_is_no_route():
    known = {path_of(regex).rstrip("/") for regex, _ in routes()} | set(UNROUTED)
    assert {path.rstrip("/") for path in document()["paths"]} - known == set()


def test_each_operation_has_a_name_of_its_own():
    names = Counter(operation["operationId"] for _, _, operation in operations())
    assert [name for name, count in names.items() if count > 1] == []


def test_each_operation_belongs_to_one_dialect_and_says_what_it_does():
    tags = {dialect.tag for dialect in dialects()}
    for method, path, operation in operations():
        assert len(operation["tags"]) == 1, (method, path)
        assert operation["tags"][0] in tags, (method, path)
        assert operation["summary"], (method, path)


def test_each_operation_has_examples():
    assert [missing for each in operations() for missing in without_example(*each)] == []


def without_example(method, path, operation):
    """The parts of an operation that have none and should."""
    bodies = operation.get("requestBody", {}).get("content", {})
    if bodies and not any("example" in each for each in bodies.values()):
        yield method, path, "request"
    for status, answer in operation["responses"].items():
        for media, body in answer.get("content", {}).items():
            if "example" not in body and is_main(media) and not is_a_file(body):
                yield method, path, status
    for each in operation.get("parameters", []):
        if each.get("required") and "example" not in each:
            yield method, path, each["name"]


def examples():
    """Every example with its shape."""
    for method, path, operation in operations():
        where = f"{method} {path}"
        yield from in_content(f"{where} request", operation.get("requestBody", {}))
        for status, answer in operation["responses"].items():
            yield from in_content(f"{where} {status}", answer)
        for each in operation.get("parameters", []):
            if "example" in each:
                yield f"{where} {each['name']}", each["schema"], each["example"]
    for name, answer in document()["components"]["responses"].items():
        yield from in_content(name, answer)


def in_content(where, holder):
    for media, body in holder.get("content", {}).items():
        if "example" in body and media == "application/json":
            yield where, body["schema"], body["example"]


def test_each_example_is_of_its_shape():
    problems = []
    for where, shape, example in examples():
        if not validator(shape).is_valid(example):
            problems.append((where, [str(error) for error in validator(shape).iter_errors(example)]))
    assert problems == []


def is_a_file(content):
    return content["schema"].get("format") == "binary" or content["schema"] == {
        "type": "object",
        "additionalProperties": True,
    }


def is_main(media):
    """XML and YAML say the same again."""
    return "xml" not in media and "yaml" not in media


def test_whoever_must_log_in_is_told_how():
    schemes = set(document()["components"]["securitySchemes"])
    assert schemes == {"token", "basic", "session", "appSession", "appToken", "metrics"}
    for _, path, operation in operations():
        named_here = {name for each in operation.get("security", []) for name in each}
        assert named_here <= schemes, path


def test_a_token_s_scope_is_told():
    send = document()["paths"]["/api/v1.0/sms/outgoing"]
    assert {"token": ["sms"]} in send["post"]["security"]
    assert {"token": ["sms:read"]} in send["get"]["security"]
