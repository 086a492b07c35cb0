"""Every operation, called with generated requests by all kinds of callers, answers as the document says.

Schemathesis makes the requests from the document: its examples, each rule of
each shape kept and broken (coverage), random ones (fuzzing), and chains in
which one answer gives the next request its ids (stateful). None is a crash,
each answer has a status, media type, headers and body of the document, and
nobody unknown is let in. ``EXAMPLES=200`` looks longer.
"""

from __future__ import annotations

import os
import zlib
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from django.test import Client
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.abuse import cast
from tests.openapi import world

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.generated,
    # The generated requests' client leaves served files to the garbage collector.
    pytest.mark.filterwarnings("ignore:.*unclosed file.*"),
]
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
#: The live streams do not end; they have tests of their own.
ENDLESS = r"/stream/$"
HOST = "localhost"
#: Whoever may do everything makes half of the requests: the others hardly get beyond the door.
CALLERS = (
    "administrator", "member", "administrator", "outsider",
    "administrator", "unknown", "administrator", "staff",
)  # fmt: skip

document = schemathesis.openapi.from_wsgi("/api/schema/?format=json", get_wsgi_application())


@schemathesis.serializer("audio/wav")
def as_it_is(context, value):
    """Bodies that are a file."""
    content = value if isinstance(value, bytes) else str(value).encode()
    return {"data": content}


@pytest.fixture
def callers(db, settings, tmp_path):
    """The headers of each kind of caller, for APIs and for the hospitality network's services."""
    settings.PASSWORD_FAILURES = 10_000_000
    stage = cast.set_up(settings, tmp_path)
    keys = {
        "administrator": world.KEY,
        "member": stage.keys[cast.OWNER],
        "outsider": stage.keys[cast.OUTSIDER],
        "staff": stage.keys[cast.STAFF],
    }
    names = {
        "administrator": ("root", "root-password"),
        "member": ("alice", "correct horse battery staple"),
        "outsider": ("eve", "eve-password"),
        "staff": ("clerk", "clerk-password"),
    }
    made: dict[str, dict[bool, dict[str, str]]] = {"unknown": {True: {}, False: {}}}
    for caller, key in keys.items():
        made[caller] = {False: {"Authorization": f"Token {key}"}, True: log_in_to_app(*names[caller])}
    return made


@pytest.fixture(autouse=True)
def one_connection(callers):
    """A real server's requests begin and end with connections; these are within a test's transaction.

    After the callers have logged in: the test client puts the receivers back.
    """
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


def log_in_to_app(name: str, password: str) -> dict[str, str]:
    client = Client(headers={"host": HOST, "accept": "application/json"})
    answer = client.post("/services/rest/user/login", {"username": name, "password": password})
    (cookie,) = (f"{key}={one.value}" for key, one in client.cookies.items() if key.startswith("SSESS"))
    return {"Cookie": cookie, "X-CSRF-Token": answer.json()["token"]}


def caller_of(case: Any) -> str:
    """Who makes a request: the same each time that it is made, so that a failure can be seen again."""
    asked = repr((case.path_parameters, case.query, case.body)).encode()
    return CALLERS[zlib.crc32(asked) % len(CALLERS)]


def headers_of(case: Any, callers: dict[str, Any], caller: str) -> dict[str, str]:
    is_service = case.operation.path.startswith(("/services/", "/user/"))
    return {"Accept": "application/json", "Host": HOST, **callers[caller][is_service]}


def needs_log_in(case: Any) -> bool:
    security = case.operation.definition.raw.get("security")
    return bool(security) and {} not in security


def check(case: Any, response: Any, caller: str) -> None:
    if caller == "unknown" and needs_log_in(case):
        assert response.status_code >= 400, f"{case.operation.label} lets in whoever comes"
    case.validate_response(response, checks=CHECKS)


BOUNDED = settings(
    max_examples=int(os.environ.get("EXAMPLES", "10")),
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)


@document.exclude(path_regex=ENDLESS).parametrize()
@BOUNDED
def test_the_answer_is_as_the_document_says(case, callers):
    caller = caller_of(case)
    check(case, case.call(headers=headers_of(case, callers, caller)), caller)


def test_chains_of_requests_are_answered_as_the_document_says(callers):
    """One request's answer gives the next its ids: made, read, changed, removed, and asked for again."""
    asked: list[int] = []

    class Chains(document.exclude(path_regex=ENDLESS).as_state_machine()):
        def call(self, case, **options):
            response = case.call(headers=headers_of(case, callers, "administrator"))
            asked.append(response.status_code)
            return response

        def validate_response(self, response, case, **options):
            check(case, response, "administrator")

    Chains.run(settings=settings(BOUNDED, stateful_step_count=6))
    assert sum(status < 300 for status in asked) > 5, asked
