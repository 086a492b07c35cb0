"""What the dialect accepts and how it answers, whatever the resource."""

from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from telephony.models import TelephonyUser, Voicemail
from tests.conftest import client_with_token
from tests.telephony.conftest import JSON

pytestmark = pytest.mark.django_db

COLLECTIONS = ["/1.0/users/", "/1.0/users", "/1.0/voicemails/", "/1.0/voicemails"]


@pytest.mark.parametrize("path", COLLECTIONS)
def test_both_spellings_answer_without_a_redirect(pbx, path):
    answer = pbx.get(path)
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/json;charset=UTF-8"
    assert answer.json() == {"total": 0, "items": []}


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("application/json", 200),
        ("application/json;charset=UTF-8", 200),
        ("text/html, application/*;q=0.5", 200),
        ("*/*", 200),
        ("", 406),
        ("text/html", 406),
        ("application/json;q=0", 406),
        ("application/xml", 406),
    ],
)
def test_a_get_names_what_it_accepts(pbx, accept, status):
    answer = pbx.get("/1.0/users/", HTTP_ACCEPT=accept)
    assert answer.status_code == status
    assert status == 200 or answer.content == b""


def test_a_missing_accept_header_can_be_allowed(pbx, settings):
    settings.TELEPHONY_LENIENT_ACCEPT = True
    assert pbx.get("/1.0/users/", HTTP_ACCEPT="").status_code == 200


@pytest.mark.parametrize(
    "content_type", ["", "text/plain", "application/x-www-form-urlencoded", "application/xml"]
)
def test_a_body_that_is_not_json_is_415_with_an_empty_body(pbx, content_type):
    for path in ("/1.0/users/", "/1.0/voicemails"):
        answer = pbx.generic(
            "POST", path, b'{"firstname": "Jean", "mailbox": "1"}', content_type=content_type
        )
        assert (answer.status_code, answer.content) == (415, b"")
    assert not TelephonyUser.objects.exists()


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b'{"firstname": "\\ud800"}']
)
def test_a_body_that_cannot_be_used_is_400_with_a_list(pbx, body):
    answer = pbx.generic("POST", "/1.0/users/", body, content_type=JSON)
    assert answer.status_code == 400
    assert isinstance(answer.json(), list)
    assert answer["Content-Type"] == JSON
    assert not TelephonyUser.objects.exists()


@pytest.mark.parametrize("key", ["0", "99999", "-1", "abc", "9" * 18, "9" * 30, "1.5", "%00"])
@pytest.mark.parametrize("kind", ["users", "voicemails"])
def test_an_unknown_id_is_404_with_an_empty_body(pbx, kind, key):
    for call in (pbx.get, pbx.delete):
        answer = call(f"/1.0/{kind}/{key}")
        assert (answer.status_code, answer.content) == (404, b"")
    answer = pbx.generic("PUT", f"/1.0/{kind}/{key}", b"{}", content_type=JSON)
    assert (answer.status_code, answer.content) == (404, b"")


def test_anonymous_callers_get_401_with_a_challenge(db):
    answer = APIClient().get("/1.0/users/", HTTP_ACCEPT="application/json")
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Basic")
    assert isinstance(answer.json(), list)


def test_basic_authentication_works(operator):
    client = APIClient()
    import base64

    client.credentials(HTTP_AUTHORIZATION="Basic " + base64.b64encode(b"operator:operator-password").decode())
    assert client.get("/1.0/users/", HTTP_ACCEPT="*/*").status_code == 200


def test_an_account_without_the_permission_is_refused(as_alice):
    assert as_alice.get("/1.0/users/", HTTP_ACCEPT="*/*").status_code == 403


def test_a_token_for_something_else_is_refused(operator):
    client = client_with_token(operator, "sms")
    assert client.get("/1.0/users/", HTTP_ACCEPT="*/*").status_code == 403


def test_a_reading_token_reads_and_nothing_else(operator):
    client = client_with_token(operator, "telephony:read")
    assert client.get("/1.0/users/", HTTP_ACCEPT="*/*").status_code == 200
    assert client.generic("POST", "/1.0/users/", b'{"firstname":"J"}', content_type=JSON).status_code == 403


def test_only_a_process_declared_trusted_lets_everybody_in(db, settings):
    loopback = {"REMOTE_ADDR": "127.0.0.1", "HTTP_ACCEPT": "*/*"}
    assert APIClient().get("/1.0/users/", **loopback).status_code == 401
    settings.TELEPHONY_TRUSTED_LISTENER = True
    assert APIClient().get("/1.0/users/", **loopback).status_code == 200


@pytest.mark.parametrize("method", ["PATCH", "POST"])
def test_other_methods_are_405(pbx, method):
    voicemail = Voicemail.objects.create(mailbox="1")
    answer = pbx.generic(method, f"/1.0/voicemails/{voicemail.pk}", b"{}", content_type=JSON)
    assert answer.status_code == 405


def test_an_unexpected_error_is_a_list_and_no_page(pbx, monkeypatch):
    monkeypatch.setattr("telephony.api.users.listed", lambda *a, **k: 1 / 0)
    answer = pbx.get("/1.0/users/")
    assert answer.status_code == 500
    assert isinstance(answer.json(), list)


PAGES = {
    "": 5, "_page=0&_pagesize=2": 2, "_page=2&_pagesize=2": 1, "_page=9&_pagesize=2": 0, "_pagesize=3": 3,
    "_page=0": 5, "_limit=2": 2, "_limit=2&_offset=4": 1, "_offset=4": 1, f"_page={'9' * 25}&_pagesize=2": 0,
    "_pagesize=" + "9" * 25: 5, "firstname=nobody": 5, "_unknown=1": 5,
}  # fmt: skip


@pytest.mark.parametrize(("query", "count"), PAGES.items())
def test_pages_begin_at_zero(pbx, query, count):
    TelephonyUser.objects.bulk_create(TelephonyUser(firstname=f"n{n}") for n in range(5))
    answer = pbx.get(f"/1.0/users/?{query}").json()
    assert (answer["total"], len(answer["items"])) == (5, count)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("_page=-1&_pagesize=2", "_page"),
        ("_page=x&_pagesize=y", "_page, _pagesize"),
        ("_page=&_pagesize=2", "_page"),
        ("_page=0&_pagesize=0", "_pagesize"),
        ("_page=1", "_pagesize"),
        ("_page=٣&_pagesize=1", "_page"),
        ("_order=password", "_order"),
        ("_direction=up", "_direction"),
        ("_search=%00", "_search"),
    ],
)
def test_a_page_that_makes_no_sense_is_named(pbx, query, names):
    answer = pbx.get(f"/1.0/users/?{query}")
    assert (answer.status_code, answer.json()) == (400, [f"Incorrect parameters sent: {names}"])


@pytest.mark.parametrize("path", ["/1.0/", "/1.0/nothing", "/1.0/users/1/nothing"])
def test_a_path_that_leads_nowhere_is_404_with_an_empty_body_even_to_a_browser(client, path):
    answer = client.get(path, headers={"accept": "text/html"})
    assert (answer.status_code, answer.content) == (404, b"")
