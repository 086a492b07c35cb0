"""The front page, health, and errors outside any view."""

import re

import pytest
from django.test import Client

from config import pages

#: As browsers ask for pages.
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
pytestmark = pytest.mark.django_db


def test_the_front_page_links_to_what_there_is(client: Client):
    page = client.get("/")
    assert page.status_code == 200
    links = set(re.findall(r'href="(/[^"]*)"', page.content.decode()))
    assert links >= {"/admin/", "/api/v1/messageset/", "/docs/stagebased", "/healthz/ready", "/metrics"}
    missing = [link for link in links if client.get(link).status_code == 404]
    assert missing == []


def test_a_document_is_served_as_text(client: Client):
    page = client.get("/docs/architecture")
    assert page["Content-Type"] == "text/plain; charset=utf-8"
    assert page.content.startswith(b"# Architecture")


@pytest.mark.parametrize("name", ["nothing", "..", "%2e%2e%2fREADME", "architecture.md"])
def test_no_other_file_is_served_as_a_document(client: Client, name):
    assert client.get(f"/docs/{name}").status_code == 404


def test_the_process_is_live_without_a_database(client: Client, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert client.get("/healthz/live").json() == {"status": "ok"}


def test_it_is_ready_when_the_database_answers(client: Client, django_assert_num_queries):
    with django_assert_num_queries(1):
        answer = client.get("/healthz/ready")
    assert (answer.status_code, answer.json()["database"]) == (200, "ok")
    assert "no-store" in answer["Cache-Control"]


def test_it_is_not_ready_without_a_database(client: Client, monkeypatch):
    def gone(*args, **kwargs):
        raise pages.DatabaseError("gone")

    monkeypatch.setattr(pages.connection, "cursor", gone)
    answer = client.get("/healthz/ready")
    assert (answer.status_code, answer.json()["database"]) == (503, "unavailable")


@pytest.mark.parametrize("probe", ["/healthz/live", "/healthz/ready"])
def test_a_probe_needs_no_host_name_and_no_https(client: Client, settings, probe):
    settings.ALLOWED_HOSTS = ["switchboard.example.org"]
    settings.SECURE_SSL_REDIRECT = True
    assert client.get(probe, headers={"host": "10.0.0.7:8000"}).status_code == 200
    assert client.get("/", headers={"host": "switchboard.example.org"}).status_code == 301


@pytest.mark.parametrize("path", ["/api/nothing", "/api/v1/nothing/", "/healthz/nothing"])
def test_an_unknown_path_of_a_program_is_json_even_to_a_browser(client: Client, path):
    answer = client.get(path, headers={"accept": BROWSER})
    assert (answer.status_code, answer.json()) == (404, {"detail": "Not found."})


def test_an_unknown_path_is_a_page_to_a_browser_and_json_to_others(client: Client):
    assert client.get("/nothing").json() == {"detail": "Not found."}
    answer = client.get("/nothing", headers={"accept": BROWSER})
    assert answer.status_code == 404
    assert b"<h1>Not found.</h1>" in answer.content


def test_a_crash_in_the_api_is_json(rf):
    answer = pages.server_error(rf.get("/api/v1/message/"))
    assert answer.status_code == 500
    assert answer.content == b'{"detail": "Internal server error."}'


def test_a_host_that_is_not_ours_is_refused_in_json(client: Client):
    answer = client.get("/api/v1/message/", headers={"host": "elsewhere.example"})
    assert answer.status_code == 400
    assert answer.json() == {"detail": "Bad request."}


def test_the_admin_is_found_without_its_slash(client: Client):
    assert client.get("/admin")["Location"] == "/admin/"
