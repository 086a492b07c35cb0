"""Who may call, and how an answer looks to whom may not."""

from __future__ import annotations

import base64

import pytest

from tests.conftest import client_with_token

ROUTES = [
    "v1/schedule/",
    "v1/schedule/1/",
    "v1/messageset/",
    "v1/messageset/1/messages/",
    "v1/messageset_languages",
    "v1/message/",
    "v1/message/1/content/",
    "v1/binarycontent/",
    "v1/subscriptions/",
    "v1/subscriptions/8646b7bc-b511-4965-a90b-e1145e398703/",
    "v1/subscriptions/request",
    "metrics/",
    "health/",
]


@pytest.mark.parametrize("route", ROUTES)
def test_nobody_gets_in_without_credentials(anonymous, db, route) -> None:
    for form in (route, route.rstrip("/")):
        answer = anonymous.get(f"/api/{form}")

        assert answer.status_code == 401
        assert answer.json() == {"detail": "Authentication credentials were not provided."}
        assert answer["WWW-Authenticate"] == 'Basic realm="api"'


@pytest.mark.parametrize("credentials", ["Token 0000", "Token", "Token a b", "Token \xff"])
def test_a_wrong_token(anonymous, db, credentials) -> None:
    answer = anonymous.get("/api/v1/schedule/", headers={"Authorization": credentials})

    assert (answer.status_code, answer.json()) == (401, {"detail": "Invalid token."})


def test_an_unknown_scheme_counts_as_none(anonymous, db) -> None:
    answer = anonymous.get("/api/v1/schedule/", headers={"Authorization": "Bearer abc"})

    assert answer.json() == {"detail": "Authentication credentials were not provided."}


def test_name_and_password_work_too(anonymous, alice) -> None:
    pair = base64.b64encode(b"alice:alice-password").decode()

    assert anonymous.get("/api/health/", headers={"Authorization": f"Basic {pair}"}).status_code == 200


def test_a_token_for_something_else_is_not_enough(alice, db) -> None:
    elsewhere = client_with_token(alice, "sms")
    answer = elsewhere.get("/api/v1/schedule/")

    assert answer.status_code == 403
    assert answer.json() == {"detail": "You do not have permission to perform this action."}


def test_a_token_for_reading_reads(alice, schedule) -> None:
    reader = client_with_token(alice, "stagebased:read")

    assert reader.get(f"/api/v1/schedule/{schedule.pk}/").status_code == 200
    assert reader.patch(f"/api/v1/schedule/{schedule.pk}/", {"hour": "9"}).status_code == 403
    assert (
        client_with_token(alice, "stagebased").delete(f"/api/v1/schedule/{schedule.pk}/").status_code == 204
    )


NOT_ALLOWED = {
    "v1/schedule/": ["put", "patch", "delete"],
    "v1/schedule/1/": ["post"],
    "v1/messageset/1/messages/": ["post", "put", "delete"],
    "v1/messageset_languages": ["post"],
    "v1/message/1/content/": ["post", "put", "delete"],
    "v1/subscriptions/": ["put", "delete"],
    "v1/subscriptions/8646b7bc-b511-4965-a90b-e1145e398703/": ["post"],
    "health/": ["post", "delete"],
    "metrics/": ["put", "delete"],
}


@pytest.mark.parametrize(("route", "methods"), NOT_ALLOWED.items(), ids=NOT_ALLOWED)
def test_a_method_that_a_route_does_not_have(as_alice, db, route, methods) -> None:
    for method in methods:
        for form in (route, route.rstrip("/")):
            answer = getattr(as_alice, method)(f"/api/{form}")

            assert answer.status_code == 405
            assert answer.json() == {"detail": f'Method "{method.upper()}" not allowed.'}


@pytest.mark.parametrize(
    "path", ["/api/", "/api/v1/", "/api/v2/schedule/", "/api/v1/schedules/", "/api/v1/message/1/x"]
)
def test_a_route_that_there_is_not(as_alice, db, path) -> None:
    answer = as_alice.get(path)

    assert (answer.status_code, answer.json()) == (404, {"detail": "Not found."})


def test_neither_form_of_a_route_redirects(as_alice, schedule, wish) -> None:
    for form in ("", "/"):
        assert as_alice.get(f"/api/v1/schedule/{schedule.pk}{form}").status_code == 200
        assert as_alice.put(f"/api/v1/schedule/{schedule.pk}{form}", {"hour": "7"}).status_code == 200
        assert as_alice.post(f"/api/v1/subscriptions{form}", wish).status_code == 201


def test_head_and_options(as_alice, schedule) -> None:
    assert as_alice.head("/api/v1/schedule/").status_code == 200
    assert as_alice.options("/api/v1/schedule/")["Allow"] == "GET, POST, HEAD, OPTIONS"


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "*/*", "nonsense"])
def test_answers_are_json_whatever_is_asked_for(as_alice, schedule, accept) -> None:
    for query in ("", "?format=xml"):
        answer = as_alice.get(f"/api/v1/schedule/{query}", headers={"Accept": accept})
        assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
