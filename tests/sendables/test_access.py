"""Who may call what, how, and with which method."""

from __future__ import annotations

import base64
from datetime import timedelta

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import ApiToken
from tests.conftest import client_with_token

GET = {"get", "head", "options"}
#: Every endpoint of the two entities and the one method it answers, GET with HEAD.
ENDPOINTS = {
    "/messages/send/": "post",
    "/messages/mark-read/": "patch",
    "/messages/mark-unread/": "patch",
    "/messages/delete/": "delete",
    "/messages/delete-sent/": "delete",
    "/messages/": "get",
    "/messages/read/": "get",
    "/messages/unread/": "get",
    "/messages/sent/": "get",
    "/messages/1/": "get",
    "/messages/sent/1/": "get",
    "/notices/send/": "post",
    "/notices/mark-read/": "patch",
    "/notices/mark-unread/": "patch",
    "/notices/delete/": "delete",
    "/notices/": "get",
    "/notices/read/": "get",
    "/notices/unread/": "get",
    "/notices/1/": "get",
    "/messages/unread-count/": "get",
    "/notices/unread-count/": "get",
    "/messages/mark-all-read/": "patch",
    "/notices/mark-all-read/": "patch",
    "/messages/1/reply/": "post",
    "/messages/1/thread/": "get",
    "/messages/threads/": "get",
    "/messages/block/": "post",
    "/messages/unblock/": "post",
    "/messages/blocked/": "get",
    "/notices/scheduled/": "get",
    "/notices/delete-scheduled/": "delete",
    "/messages/export/": "get",
    "/notices/export/": "get",
    "/messages/stream/": "get",
    "/notices/stream/": "get",
}
METHODS = ["get", "post", "put", "patch", "delete"]


@pytest.mark.parametrize("url", ENDPOINTS)
@pytest.mark.parametrize("method", METHODS)
def test_anonymous_callers_are_refused_whatever_they_try(db, anonymous, url, method) -> None:
    answer = getattr(anonymous, method)(url)
    assert answer.status_code == 403
    assert set(answer.json()) == {"detail"}


@pytest.mark.parametrize(("url", "right"), ENDPOINTS.items())
def test_each_endpoint_answers_one_method(as_staff, url, right) -> None:
    for method in METHODS:
        status = getattr(as_staff, method)(url).status_code
        assert (status == 405) == (method != right), method
    assert (as_staff.head(url).status_code == 405) == (right != "get")
    assert as_staff.options(url).status_code == 200


@pytest.mark.parametrize("url", ENDPOINTS)
def test_the_last_slash_may_be_left_out(as_staff, url) -> None:
    method = getattr(as_staff, ENDPOINTS[url])
    with_slash, without = method(url), method(url.removesuffix("/"))
    assert (without.status_code, b"".join(without)) == (with_slash.status_code, b"".join(with_slash))


def test_a_session_may_read(client, bob, write, alice) -> None:
    write(alice, [bob])
    client.force_login(bob)
    assert len(client.get("/messages/").json()) == 1


def test_a_session_needs_the_csrf_token_to_write(bob) -> None:
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(bob)
    answer = client.patch("/messages/mark-all-read/")
    assert answer.status_code == 403
    assert "CSRF" in answer.json()["detail"]
    token = "a" * 32
    client.cookies["csrftoken"] = token
    assert client.patch("/messages/mark-all-read/", HTTP_X_CSRFTOKEN=token).status_code == 200


def basic(name: str, password: str) -> dict[str, str]:
    return {"HTTP_AUTHORIZATION": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


def test_basic_credentials_are_good(bob, anonymous) -> None:
    assert anonymous.get("/messages/", **basic("bob", "bob-password")).status_code == 200


@pytest.mark.parametrize("name", ["bob", "nobody"])
def test_a_wrong_password_is_403(bob, anonymous, name) -> None:
    assert anonymous.get("/messages/", **basic(name, "wrong")).status_code == 403


def test_a_wrong_or_used_up_token_is_403(as_bob) -> None:
    assert as_bob.get("/messages/").status_code == 200
    ApiToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert as_bob.get("/messages/").status_code == 403
    assert APIClient().get("/messages/", HTTP_AUTHORIZATION="Token nonsense").status_code == 403


def test_a_token_with_other_scopes_is_refused(bob) -> None:
    assert client_with_token(bob, "stagebased").get("/messages/").status_code == 403
    assert client_with_token(bob, "sendables").get("/messages/").status_code == 200


def test_a_reading_token_may_not_write(bob) -> None:
    reader = client_with_token(bob, "sendables:read")
    assert reader.get("/messages/").status_code == 200
    assert reader.patch("/messages/mark-all-read/").status_code == 403


@pytest.mark.parametrize(
    "url", ["/messages/abc/", "/messages/-1/", "/messages/1.5/", "/notices/sent/", "/notices/sent/1/"]
)
def test_what_is_no_route_is_404(as_bob, url) -> None:
    assert as_bob.get(url).status_code == 404


def test_notices_have_no_sent_ones_to_delete(as_staff) -> None:
    answer = as_staff.delete("/notices/delete-sent/", {"notice_ids": [1]})
    assert answer.status_code == 404
