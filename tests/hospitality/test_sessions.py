"""Logging in and out, tokens, and who is shut out."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone

from accounts.models import User
from hospitality.models import FailedLogin, Member
from tests.hospitality.conftest import App, logged_in


@pytest.fixture
def app(members, alice) -> App:
    return App(alice)


def cookie(app):
    return next((morsel for name, morsel in app.cookies.items() if name.startswith("SSESS")), None)


def test_a_login_answers_session_token_and_user(app, alice):
    answer = app.log_in()
    body = answer.json()
    assert answer.status_code == 200
    assert body["session_name"].startswith("SSESS")
    assert len(body["session_name"]) == 37
    assert app.cookies[body["session_name"]].value == body["sessid"]
    assert len(body["token"]) == 43
    assert body["user"]["uid"] == str(alice.pk)
    assert isinstance(body["user"]["login"], int)
    assert body["user"]["privatemsg_disabled"] is False


def test_the_cookie_is_for_all_paths_and_no_script(app):
    app.log_in()
    assert cookie(app)["path"] == "/"
    assert cookie(app)["httponly"]
    assert not cookie(app)["secure"]
    other = App(app.user)
    other.log_in(secure=True)
    assert cookie(other)["secure"]


@pytest.mark.parametrize("name", ["ALICE", "Alice@Example.ORG"])
def test_a_name_or_an_email_in_any_case_logs_in(app, name):
    assert app.log_in(name, "alice-password").status_code == 200


@pytest.mark.parametrize(
    ("fields", "status", "text"),
    [
        ({}, 401, "Missing required argument username"),
        ({"username": "alice"}, 401, "Missing required argument password"),
        ({"username": "", "password": "x"}, 406, "Login requires a username or email and password"),
        ({"username": "alice", "password": "wrong"}, 401, "Wrong username or password."),
        ({"username": "nobody", "password": "wrong"}, 401, "Wrong username or password."),
    ],
)
def test_refused_logins(app, fields, status, text):
    answer = app.call("user/login", fields)
    assert (answer.status_code, answer.json()) == (status, [text])
    assert cookie(app) is None


def test_the_reason_phrase_has_the_text(app):
    answer = app.log_in("alice", "wrong")
    assert answer.reason_phrase == "Unauthorized : Wrong username or password."
    app.log_in()
    assert app.log_in().reason_phrase == "Not Acceptable : Already logged in as alice."


def test_a_blocked_account_is_told_so_before_its_password_is_looked_at(app, alice):
    User.objects.filter(pk=alice.pk).update(is_active=False)
    answer = app.log_in("alice", "wrong")
    name = '<em class="placeholder">alice</em>'
    assert answer.status_code == 403
    assert answer.json() == [f"The username {name} has not been activated or is blocked."]
    assert answer.reason_phrase == ": The username alice has not been activated or is blocked."


def test_logging_in_twice_needs_no_token(app):
    app.log_in()
    app.token = ""
    answer = app.log_in()
    assert (answer.status_code, answer.json()) == (406, ["Already logged in as alice."])


def test_five_failures_shut_the_account_for_this_address_even_for_the_right_password(app):
    for _ in range(5):
        assert app.log_in("alice", "wrong").status_code == 401
    answer = app.log_in()
    assert (answer.status_code, answer.json()) == (406, ["Account is temporarily blocked."])
    assert app.log_in(REMOTE_ADDR="198.51.100.7").status_code == 200


def test_the_email_counts_with_the_name(app):
    for name in ("alice", "ALICE", "alice@example.org", "alice", "alice"):
        app.log_in(name, "wrong")
    assert app.log_in().json() == ["Account is temporarily blocked."]


def test_failures_are_forgotten_after_six_hours_and_after_a_success(app):
    for _ in range(4):
        app.log_in("alice", "wrong")
    assert app.log_in().status_code == 200
    assert FailedLogin.objects.count() == 0
    again = App(app.user)
    for _ in range(5):
        again.log_in("alice", "wrong")
    FailedLogin.objects.update(at=timezone.now() - timedelta(hours=6, seconds=1))
    assert again.log_in().status_code == 200


def test_fifty_failures_shut_the_address_for_an_hour(app):
    here = address(app)
    FailedLogin.objects.bulk_create(
        FailedLogin(address=here, at=timezone.now() - timedelta(minutes=59)) for _ in range(50)
    )
    answer = app.log_in()
    assert (answer.status_code, answer.json()) == (406, ["This IP address is temporarily blocked."])
    FailedLogin.objects.update(at=timezone.now() - timedelta(minutes=61))
    assert app.log_in().status_code == 200


def test_a_name_that_nobody_has_counts_against_the_address_alone(app):
    for _ in range(50):
        assert app.log_in("nobody", "wrong").json() == ["Wrong username or password."]
    for name in ("nobody", "alice"):
        answer = app.log_in(name)
        assert (answer.status_code, answer.json()) == (406, ["This IP address is temporarily blocked."])


def test_a_limit_of_the_whole_site_shuts_the_account_and_is_counted(app, settings):
    settings.PASSWORD_FAILURES = 1
    assert app.log_in("alice", "wrong").status_code == 401
    assert app.log_in("alice", "wrong").json() == ["Account is temporarily blocked."]
    assert FailedLogin.objects.count() == 2


def address(app) -> str:
    app.log_in("nobody", "wrong")
    failed = FailedLogin.objects.get()
    failed.delete()
    return failed.address


def test_addresses_are_not_kept_readable(app):
    app.log_in("alice", "wrong", REMOTE_ADDR="198.51.100.7")
    assert "198.51" not in FailedLogin.objects.get().address


def test_a_logout_ends_the_session_on_the_server(app):
    app.log_in()
    kept = cookie(app)
    name, value = kept.key, kept.value
    assert app.call("user/logout").json() == [True]
    assert not Session.objects.filter(session_key=value).exists()
    app.cookies[name] = value
    answer = app.call("message/unreadCount")
    assert (answer.status_code, answer.json()) == (403, ["Access denied for user anonymous"])
    assert app.call("user/logout").json() == ["User is not logged in."]


def test_each_login_makes_a_new_session(app, alice):
    app.cookies["SSESS" + "0" * 32] = "a" * 32
    first = app.log_in().json()
    second = App(alice).log_in().json()
    assert first["sessid"] != second["sessid"]
    assert first["token"] != second["token"]


def test_logout_needs_the_token(app):
    app.log_in()
    app.token = ""
    answer = app.call("user/logout")
    assert (answer.status_code, answer.json()) == (401, ["CSRF validation failed"])
    assert answer.reason_phrase == "Unauthorized : CSRF validation failed"


@pytest.mark.parametrize("token", ["", "x", "é", "a" * 43])
def test_writing_needs_the_right_token(alices, token):
    answer = alices.call("message/unreadCount", HTTP_X_CSRF_TOKEN=token)
    assert (answer.status_code, answer.json()) == (401, ["CSRF validation failed"])


def test_the_token_may_be_a_field(alices):
    token, alices.token = alices.token, ""
    assert alices.call("message/unreadCount", {"services_token": token}).status_code == 200
    assert alices.call(f"message/unreadCount?services_token={token}").status_code == 200


def test_the_token_of_a_session_is_the_same_in_both_places_and_bare_text(alices):
    answer = alices.get("/services/session/token", HTTP_ACCEPT="application/json")
    assert answer["Content-Type"] == "text/plain"
    assert answer.content.decode() == alices.token
    assert alices.call("user/token").json() == {"token": alices.token}


def test_somebody_without_a_session_gets_a_token_too(stranger):
    assert len(stranger.get("/services/session/token").content) == 43


def test_another_members_token_is_refused(alices, bobs):
    assert alices.call("message/get", HTTP_X_CSRF_TOKEN=bobs.token).status_code == 401


def test_the_cookie_does_not_open_the_admin(members, alice):
    User.objects.filter(pk=alice.pk).update(is_staff=True, is_superuser=True)
    app = logged_in(alice)
    app.cookies["sessionid"] = cookie(app).value
    assert app.get("/admin/").status_code == 302


def test_an_admin_session_is_no_session_here(members, alice, client):
    client.force_login(alice)
    app = App(alice)
    app.log_in()
    app.cookies[cookie(app).key] = client.cookies["sessionid"].value
    assert app.ask(f"/services/rest/user/{alice.pk}").status_code == 403


def test_sessions_of_a_blocked_account_and_of_an_old_password_are_dead(alices, alice):
    alice.set_password("another-password")
    alice.save()
    assert alices.call("message/get").status_code == 403
    app = App(alice)
    app.log_in("alice", "another-password")
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert app.call("message/get").status_code == 403


@pytest.mark.parametrize("key", ["", "x", "A" * 32, "a" * 32, "\x00" * 32, "é" * 32])
def test_odd_cookies_are_nobodys(alices, key):
    alices.cookies[cookie(alices).key] = key
    assert alices.call("message/get").status_code == 403


def test_a_session_lives_as_long_as_it_is_used(alices, alice):
    Member.objects.filter(pk=alice.pk).update(seen_at=timezone.now() - timedelta(hours=50))
    Session.objects.update(expire_date=timezone.now() + timedelta(hours=5))
    assert alices.call("message/get").status_code == 200
    assert Session.objects.get().expire_date > timezone.now() + timedelta(hours=55)
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    assert alices.call("message/get").status_code == 403


def test_accounts_that_are_no_members_log_in_and_may_nothing(alice):
    app = logged_in(alice)
    answer = app.call("message/get")
    assert (answer.status_code, answer.json()) == (403, ["Access denied for user alice"])


def test_members_not_validated_log_in_and_may_nothing(members, alice):
    Member.objects.filter(pk=alice.pk).update(validated=False)
    app = logged_in(alice)
    assert app.call("hosts/by_keyword", {"keyword": "bob"}).json() == ["Access denied for user alice"]
