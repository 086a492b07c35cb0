"""How much, how often and how large: each dialect says no in its own words, and nothing is stored."""

from __future__ import annotations

from base64 import b64encode
from typing import Any, NamedTuple

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from accounts.models import API_CLIENTS, User
from hospitality.models import Member
from tests.conftest import client_with_token

pytestmark = pytest.mark.django_db


class Door(NamedTuple):
    """Where a dialect is told a password, and how it answers a wrong one and one too many."""

    path: str
    wrong: int
    shut: int
    words: str


def basic(name: str, password: str) -> dict[str, str]:
    return {"authorization": "Basic " + b64encode(f"{name}:{password}".encode()).decode()}


DOORS = {
    "stage-based": Door("/api/v1/schedule/", 401, 429, "Too many wrong passwords."),
    "identities": Door("/api/token-auth/", 400, 429, "Too many wrong passwords."),
    "SMS gateway": Door("/api/v1.0/sms/sent/", 401, 429, "Too many"),
    "telephony": Door("/1.0/users/", 401, 429, "Too many wrong passwords."),
    "hospitality": Door("/services/rest/user/login", 401, 406, "temporarily"),
    "messages": Door("/messages/", 403, 429, "Too many wrong passwords."),
    "admin": Door("/admin/login/", 200, 200, "Too many wrong passwords. Try again in a few minutes."),
}
FORMS = {"identities", "hospitality", "admin"}


def log_in(dialect: str, password: str, *, name: str = "alice", address: str = "192.0.2.1") -> Any:
    client, path = Client(REMOTE_ADDR=address), DOORS[dialect].path
    accept = {"accept": "text/html" if dialect == "admin" else "application/json"}
    if dialect in FORMS:
        return client.post(path, {"username": name, "password": password}, headers=accept)
    return client.get(path, headers=accept | basic(name, password))


def is_shut(dialect: str, answer: Any) -> bool:
    door = DOORS[dialect]
    return answer.status_code == door.shut and door.words in answer.content.decode()


@pytest.fixture(autouse=True)
def strict(settings, alice, bob):
    """Three wrong passwords for an account from an address, thirty for either alone."""
    settings.PASSWORD_FAILURES = 3
    settings.PASSWORD_CACHE_SECONDS = 0
    # Where the counters are.
    cache.clear()
    yield
    cache.clear()


@pytest.mark.parametrize("dialect", DOORS)
def test_guessing_an_account_from_one_address_ends_in_the_dialect_s_words(dialect):
    first = log_in(dialect, "wrong")
    assert first.status_code == DOORS[dialect].wrong
    assert not is_shut(dialect, first)
    last = [log_in(dialect, "wrong") for _ in range(6)][-1]
    assert is_shut(dialect, last), last.content
    if last.status_code == 429:
        assert int(last["Retry-After"]) > 0
    # The right one is of no help then, and not found out.
    assert is_shut(dialect, log_in(dialect, "alice-password"))


@pytest.mark.parametrize("dialect", DOORS)
def test_its_owner_elsewhere_and_others_there_are_not_shut_out(dialect):
    for _ in range(6):
        log_in(dialect, "wrong")
    for name, address in (("alice", "192.0.2.2"), ("bob", "192.0.2.1")):
        assert not is_shut(dialect, log_in(dialect, f"{name}-password", name=name, address=address))


@pytest.mark.parametrize("dialect", sorted(set(DOORS) - {"hospitality"}))
def test_one_password_for_many_accounts_shuts_the_address(dialect):
    for number in range(31):
        log_in(dialect, "wrong", name=f"somebody{number}")
    assert is_shut(dialect, log_in(dialect, "bob-password", name="bob"))


@pytest.mark.parametrize("dialect", sorted(set(DOORS) - {"hospitality"}))
def test_many_addresses_for_one_account_shut_the_account(dialect):
    for number in range(31):
        log_in(dialect, "wrong", address=f"198.51.100.{number}")
    assert is_shut(dialect, log_in(dialect, "wrong", address="203.0.113.1"))


def test_failures_in_one_dialect_count_in_the_others():
    for _ in range(3):
        log_in("stage-based", "wrong")
    for dialect in sorted(set(DOORS) - {"hospitality"}):
        assert is_shut(dialect, log_in(dialect, "alice-password")), dialect


def test_an_address_that_the_caller_claims_does_not_count(settings):
    for number in range(6):
        Client(REMOTE_ADDR="192.0.2.1").get(
            "/api/v1/schedule/", headers=basic("alice", "wrong") | {"x-forwarded-for": f"198.51.100.{number}"}
        )
    assert is_shut("stage-based", log_in("stage-based", "alice-password"))


class Body(NamedTuple):
    path: str
    method: str
    content_type: str


BODIES = {
    "stage-based": Body("/api/v1/schedule/", "POST", "application/json"),
    "stage-based form": Body("/api/v1/schedule/", "POST", "application/x-www-form-urlencoded"),
    "hub": Body("/api/v1/subscriptions/request", "POST", "application/json"),
    "identities": Body("/api/v1/identities/", "POST", "application/json"),
    "log-in": Body("/api/token-auth/", "POST", "application/json"),
    "SMS gateway": Body("/api/v1.0/sms/outgoing", "POST", "application/json"),
    "telephony": Body("/1.0/users/", "POST", "application/json"),
    "messages": Body("/messages/send/", "POST", "application/json"),
    "notices": Body("/notices/mark-read/", "PATCH", "application/json"),
    "webhooks": Body("/api/v1/webhooks/endpoints/", "POST", "application/json"),
    "broadcasts": Body("/api/v1/broadcasts/", "POST", "application/json"),
    "hospitality": Body("/services/rest/user/login", "POST", "application/x-www-form-urlencoded"),
    "hospitality JSON": Body("/services/rest/user/login", "POST", "application/json"),
}


@pytest.mark.parametrize("dialect", BODIES)
def test_a_body_beyond_the_limit_is_a_413(dialect, settings, db):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1024
    root = User.objects.create_superuser("root", "root@example.org", "root-password")
    client = Client() if dialect.startswith("hospitality") else client_with_token(root)
    door = BODIES[dialect]
    text = "x" * 2000
    body = f'{{"username": "{text}"}}' if "json" in door.content_type else f"username={text}"
    answer = client.generic(
        door.method, door.path, body, content_type=door.content_type, headers={"accept": "application/json"}
    )
    assert answer.status_code == 413, answer.content


def test_a_form_of_the_admin_site_beyond_the_limit_is_refused(settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1024
    answer = Client().post(reverse("admin:login"), {"username": "x" * 2000, "password": "x"})
    assert 400 <= answer.status_code < 500


@pytest.mark.parametrize(
    "path", ["/api/v1/schedule/", "/api/v1/identities/", "/api/v1/subscriptions/", "/api/v1/changes/"]
)
def test_a_page_has_a_largest_size(path, settings, alice, django_assert_max_num_queries):
    """As many rows as somebody asks for would be as much memory."""
    settings.API_MAX_PAGE_SIZE = 7
    with django_assert_max_num_queries(8):
        answer = client_with_token(alice).get(path, {"limit": 10**9, "offset": 10**18})
    assert (answer.status_code, answer.json()["results"]) == (200, [])
    assert answer.json()["previous"] is None or "limit=7" in answer.json()["previous"]


def test_many_recipients_are_refused(settings, alice):
    settings.SMS_API_MAX_MOBILES = 3
    alice.groups.add(*alice.groups.model.objects.filter(name=API_CLIENTS))
    mobiles = [f"+2782000100{number}" for number in range(4)]
    answer = client_with_token(alice).post("/api/v1.0/sms/outgoing", {"text": "Hello", "mobiles": mobiles})
    assert 400 <= answer.status_code < 500


#: A list of each interface, and what its refusal of one request too many looks like.
LISTS = {
    "stage-based": ("/api/v1/schedule/", b'{"detail":"Request was throttled.'),
    "identities": ("/api/v1/identities/", b'{"detail":"Request was throttled.'),
    "SMS gateway": ("/api/v1.0/sms/sent/", b'"message: ":"Too many requests'),
    "telephony": ("/1.0/users/", b'["Request was throttled.'),
    "messages": ("/messages/", b'{"detail":"Request was throttled.'),
    "webhooks": ("/api/v1/webhooks/endpoints/", b'{"detail":"Request was throttled.'),
    "broadcasts": ("/api/v1/broadcasts/", b'{"detail":"Request was throttled.'),
    "hospitality": ("/services/rest/user/token", b"Too many requests."),
}


@pytest.fixture
def a_few_a_minute(settings, time_machine):
    settings.API_REQUESTS_PER_MINUTE = 3
    # Not at a minute's end.
    time_machine.move_to("2026-11-29T10:00:20Z", tick=False)


@pytest.mark.parametrize("interface", LISTS)
def test_more_requests_than_are_allowed_in_a_minute_are_a_429(
    interface, a_few_a_minute, settings, time_machine
):
    """Of one account, wherever it calls from; the others are served as before."""
    settings.SMS_API_ACCESS = settings.PROGRAMMES_API_ACCESS = "listed"
    path, words = LISTS[interface]
    root = User.objects.create_superuser("root", "root@example.org", "root-password")
    other = User.objects.create_superuser("other", "other@example.org", "other-password")
    # The apps of the hospitality network are told apart by their address here: they are not logged in.
    mine = [client_with_token(root), client_with_token(root)]
    accept = {"accept": "application/json"}

    def ask(client: Any, address: str) -> Any:
        ask_for = client.post if interface == "hospitality" else client.get
        return ask_for(path, headers=accept, REMOTE_ADDR=address)

    assert [ask(mine[number % 2], "192.0.2.1").status_code for number in range(3)] == [200] * 3
    refused = ask(mine[0], "192.0.2.1")
    assert (refused.status_code, refused["Retry-After"]) == (429, "40")
    assert words in refused.content
    assert ask(client_with_token(other), "192.0.2.2").status_code == 200
    time_machine.move_to("2026-11-29T10:01:00Z", tick=False)
    assert ask(mine[0], "192.0.2.1").status_code == 200


def test_a_logged_in_member_of_the_network_is_counted_by_account(a_few_a_minute, alice):
    Member.objects.create(user=alice, fullname="Alice", latitude=52.5, longitude=13.4)
    client = Client(headers={"accept": "application/json"})
    body = {"username": "alice", "password": "alice-password"}
    token = client.post("/services/rest/user/login", body).json()["token"]

    def count(address: str) -> Any:
        return client.post(
            "/services/rest/message/unreadCount", headers={"x-csrf-token": token}, REMOTE_ADDR=address
        )

    assert [count(f"192.0.2.{number}").status_code for number in range(3)] == [200] * 3
    refused = count("192.0.2.9")
    assert (refused.status_code, refused.json()) == (429, ["Too many requests."])


def test_a_trusted_telephone_system_is_not_counted(a_few_a_minute, settings):
    settings.TELEPHONY_TRUSTED_LISTENER = True
    answers = [Client().get("/1.0/users/", headers={"accept": "application/json"}) for _ in range(5)]
    assert {answer.status_code for answer in answers} == {200}
