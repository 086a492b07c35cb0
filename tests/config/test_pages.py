"""The front page, the documents, and errors outside any view."""

import re
from base64 import b64encode

import pytest
from django.db import OperationalError, connection
from django.test import Client

from config import pages

#: As browsers ask for pages.
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
pytestmark = pytest.mark.django_db


def test_the_front_page_links_to_what_there_is(client: Client):
    page = client.get("/")
    assert page.status_code == 200
    links = set(re.findall(r'href="(/[^"]*)"', page.content.decode()))
    assert links >= {
        "/admin/",
        "/api/docs/",
        "/api/schema/",
        "/docs/api",
        "/healthz/ready",
        "/metrics",
    }
    answers = {link: client.get(link) for link in links}
    for answer in answers.values():
        answer.close()
    assert [link for link, answer in answers.items() if answer.status_code == 404] == []


@pytest.mark.parametrize("path", ["/api/nothing", "/api/v1/nothing/", "/healthz/nothing"])
def test_an_unknown_path_of_a_program_is_json_even_to_a_browser(client: Client, path):
    answer = client.get(path, headers={"accept": BROWSER})
    assert (answer.status_code, answer.json()) == (404, {"detail": "Not found."})


def test_an_unknown_path_is_a_page_to_a_browser_and_json_to_others(client: Client):
    assert client.get("/nothing").json() == {"detail": "Not found."}
    answer = client.get("/nothing", headers={"accept": BROWSER})
    assert answer.status_code == 404
    assert b"<h1>Not found.</h1>" in answer.content


def test_who_is_refused_in_the_admin_is_told_why_and_led_back_there(client: Client, staff):
    client.force_login(staff)
    refused = client.get("/admin/accounts/user/", headers={"accept": BROWSER})
    assert refused.status_code == 403
    assert "Your role does not open this page" in refused.content.decode()
    for path in ("/admin/accounts/user/", "/admin/nothing/"):
        assert '<a href="/admin/">' in client.get(path, headers={"accept": BROWSER}).content.decode()


def test_a_crash_in_the_api_is_json(rf):
    answer = pages.server_error(rf.get("/api/v1/message/"))
    assert answer.status_code == 500
    assert answer.content == b'{"detail": "Internal server error."}'


#: A call of each dialect, as its clients make it.
CALLS = [
    ("get", "/api/v1/subscriptions/"),
    ("post", "/api/v1/subscriptions/request"),
    ("get", "/api/v1/identities/"),
    ("get", "/messages/"),
    ("post", "/api/v1.0/sms/outgoing"),
    ("get", "/1.0/users/"),
    ("post", "/services/rest/user/login"),
    ("post", "/admin/login/"),
]
BASIC = ["/api/v1.0/sms/outgoing", "/1.0/users/"]


@pytest.mark.parametrize(("method", "path"), CALLS, ids=[path for _, path in CALLS])
def test_while_the_database_is_away_clients_are_asked_to_come_back(client: Client, monkeypatch, method, path):
    def gone(*args, **kwargs):
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(connection, "cursor", gone)
    monkeypatch.setattr(connection, "set_autocommit", gone)
    client.raise_request_exception = False
    client.cookies["sessionid"] = "x" * 32
    proof = "Basic " + b64encode(b"alice:alice-password").decode() if path in BASIC else "Token abc"
    answer = getattr(client, method)(
        path,
        {"username": "alice", "password": "p"},
        headers={"authorization": proof, "accept": "application/json"},
    )
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")


def test_a_host_that_is_not_ours_is_refused_in_json(client: Client):
    answer = client.get("/api/v1/message/", headers={"host": "elsewhere.example"})
    assert answer.status_code == 400
    assert answer.json() == {"detail": "Bad request."}


def test_the_admin_is_found_without_its_slash(client: Client):
    assert client.get("/admin")["Location"] == "/admin/"


@pytest.mark.parametrize(
    ("path", "kind"), [("/media/content/x.mp3", "application/json"), ("/admin/login/", "text/html")]
)
def test_a_form_without_the_csrf_token_is_refused_in_the_caller_s_form(path, kind):
    answer = Client(enforce_csrf_checks=True).post(path, headers={"accept": BROWSER})
    assert (answer.status_code, answer["Content-Type"].partition(";")[0]) == (403, kind)
