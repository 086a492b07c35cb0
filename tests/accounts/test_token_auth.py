"""POST /api/token-auth/ and HTTP Basic: passwords, remembered when right and slowed down when wrong."""

import base64

import pytest
from django.contrib.auth import hashers
from django.core.cache import cache
from django.test import RequestFactory
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts import attempts
from accounts.authentication import BasicAuthentication, TooManyAttempts
from accounts.models import ApiToken, User

URL = "/api/token-auth/"
RIGHT = {"username": "alice", "password": "alice-password"}
WRONG = {"username": "alice", "password": "guess"}


def basic(username: str, password: str, **meta) -> Request:
    words = base64.b64encode(f"{username}:{password}".encode()).decode()
    return Request(RequestFactory().get("/", HTTP_AUTHORIZATION=f"Basic {words}", **meta))


def log_in(username: str = "alice", password: str = "alice-password", **meta) -> User:
    found = BasicAuthentication().authenticate(basic(username, password, **meta))
    assert found is not None
    return found[0]


@pytest.fixture
def hashed(monkeypatch) -> list[str]:
    """Every password that is really hashed and compared."""
    seen: list[str] = []
    verify = hashers.verify_password

    def watched(password, *args, **options):
        seen.append(password)
        return verify(password, *args, **options)

    monkeypatch.setattr(hashers, "verify_password", watched)
    return seen


# --- token-auth ---------------------------------------------------------------------


@pytest.mark.parametrize("url", [URL, URL.rstrip("/")])
def test_name_and_password_give_a_token(anonymous, alice, url) -> None:
    response = anonymous.post(url, RIGHT)
    assert response.status_code == 200
    assert ApiToken.objects.for_key(response.json()["token"]).get().user == alice


def test_a_wrong_password_is_400(anonymous, alice) -> None:
    response = anonymous.post(URL, WRONG)
    assert (response.status_code, response.json()) == (
        400,
        {"non_field_errors": ["Unable to log in with provided credentials."]},
    )


def test_what_is_missing_is_named(anonymous, db) -> None:
    response = anonymous.post(URL, {"username": "alice"})
    assert (response.status_code, response.json()) == (400, {"password": ["This field is required."]})


def test_log_ins_do_not_pile_tokens_up(anonymous, alice) -> None:
    keys = [anonymous.post(URL, RIGHT).json()["token"] for _ in range(13)]
    assert alice.api_tokens.count() == 10
    assert not ApiToken.objects.for_key(keys[0]).exists()
    assert ApiToken.objects.for_key(keys[-1]).usable().exists()


def test_guessing_is_answered_429_with_the_time_to_wait(anonymous, alice, settings) -> None:
    settings.PASSWORD_FAILURES = 3
    answers = [anonymous.post(URL, WRONG).status_code for _ in range(4)]
    assert answers == [400, 400, 400, 429]
    response = anonymous.post(URL, RIGHT)
    assert response.status_code == 429
    assert response.headers["Retry-After"] == str(settings.PASSWORD_FAILURE_WINDOW)
    assert response.json() == {"detail": "Too many wrong passwords. Expected available in 300 seconds."}


# --- HTTP Basic -------------------------------------------------------------------------


def test_the_right_password_is_hashed_once(alice, hashed) -> None:
    assert [log_in() for _ in range(3)] == [alice] * 3
    assert hashed == ["alice-password"]


def test_remembering_costs_one_query(alice, django_assert_num_queries) -> None:
    log_in()
    with django_assert_num_queries(1):
        log_in()


def test_a_changed_password_counts_at_once(alice) -> None:
    log_in()
    alice.set_password("another-password")
    alice.save()
    with pytest.raises(AuthenticationFailed):
        log_in()
    assert log_in(password="another-password") == alice


def test_a_disabled_account_is_out_at_once(alice) -> None:
    log_in()
    User.objects.filter(pk=alice.pk).update(is_active=False)
    with pytest.raises(AuthenticationFailed):
        log_in()


def test_another_account_does_not_profit_from_what_is_remembered(alice, bob) -> None:
    log_in()
    with pytest.raises(AuthenticationFailed):
        log_in(username="bob")


def test_nothing_that_is_remembered_shows_a_name_or_a_password(alice, settings) -> None:
    log_in()
    with pytest.raises(AuthenticationFailed):
        log_in(password="secret-guess")
    kept = " ".join(f"{key} {value}" for key, value in cache._cache.items())
    assert kept
    for secret in ("alice", "alice-password", "secret-guess", "127.0.0.1"):
        assert secret not in kept


def test_remembering_can_be_switched_off(alice, hashed, settings) -> None:
    settings.PASSWORD_CACHE_SECONDS = 0
    log_in()
    log_in()
    assert len(hashed) == 2


def test_a_wrong_password_is_never_remembered(alice, hashed) -> None:
    for _ in range(2):
        with pytest.raises(AuthenticationFailed):
            log_in(password="guess")
    assert hashed == ["guess", "guess"]


def test_an_unknown_account_costs_as_much_as_a_known_one(alice, hashed, monkeypatch) -> None:
    """Else the time of the answer would tell which accounts exist."""
    made: list[str] = []
    make = hashers.MD5PasswordHasher.encode
    monkeypatch.setattr(
        hashers.MD5PasswordHasher, "encode", lambda *args: made.append(args[1]) or make(*args)
    )
    with pytest.raises(AuthenticationFailed):
        log_in(username="nobody", password="guess")
    assert made == ["guess"]


def guess(times: int, **who) -> None:
    for _ in range(times):
        with pytest.raises(AuthenticationFailed):
            log_in(password="guess", **who)


def test_guessing_from_one_address_does_not_shut_the_owner_out_elsewhere(alice, settings) -> None:
    settings.PASSWORD_FAILURES = 3
    guess(3, REMOTE_ADDR="203.0.113.66")
    with pytest.raises(TooManyAttempts):
        log_in(REMOTE_ADDR="203.0.113.66")
    assert log_in(REMOTE_ADDR="198.51.100.7") == alice


def test_guessing_from_everywhere_ends_too(alice, settings, hashed) -> None:
    settings.PASSWORD_FAILURES = 1
    for n in range(10):
        guess(1, REMOTE_ADDR=f"203.0.113.{n}")
    with pytest.raises(TooManyAttempts):
        log_in(REMOTE_ADDR="198.51.100.7")
    assert len(hashed) == 10


def test_trying_one_password_on_many_accounts_ends_too(db, settings) -> None:
    settings.PASSWORD_FAILURES = 1
    for n in range(10):
        guess(1, username=f"user{n}")
    with pytest.raises(TooManyAttempts):
        log_in(username="user10")


def test_a_client_that_was_right_before_is_not_hit_by_guessing(alice, settings) -> None:
    settings.PASSWORD_FAILURES = 1
    log_in()
    guess(1)
    assert log_in() == alice


def test_wrong_passwords_are_forgotten_after_the_window(alice, settings, time_machine) -> None:
    settings.PASSWORD_FAILURES = 1
    time_machine.move_to("2026-11-21T08:00Z")
    guess(1)
    time_machine.move_to("2026-11-21T08:06Z")
    assert log_in() == alice


def test_behind_a_proxy_only_its_own_word_about_the_caller_counts(settings) -> None:
    request = RequestFactory().get("/", HTTP_X_FORWARDED_FOR="1.1.1.1, 203.0.113.66", REMOTE_ADDR="10.0.0.1")
    assert attempts.client_address(request) == "10.0.0.1"
    settings.BEHIND_PROXY = True
    assert attempts.client_address(request) == "203.0.113.66"


BAD_HEADERS = {
    "nothing after the word": "Basic",
    "three words": "Basic a b",
    "not base64": "Basic %%%",
    "no colon": "Basic " + base64.b64encode(b"alice").decode(),
    "NUL in the name": "Basic " + base64.b64encode(b"al\x00ice:x").decode(),
    "bytes that are no text": "Basic " + base64.b64encode(b"\xff\xfe:\xff").decode(),
}


@pytest.mark.parametrize("header", BAD_HEADERS.values(), ids=BAD_HEADERS.keys())
def test_a_malformed_header_is_refused(db, header) -> None:
    with pytest.raises(AuthenticationFailed):
        BasicAuthentication().authenticate(Request(RequestFactory().get("/", HTTP_AUTHORIZATION=header)))


def test_another_scheme_is_not_ours(db) -> None:
    request = Request(RequestFactory().get("/", HTTP_AUTHORIZATION="Bearer x"))
    assert BasicAuthentication().authenticate(request) is None
