"""Sessions are nobody else's: fixation, forgery from elsewhere, and what a log-in of one kind opens."""

from __future__ import annotations

import re

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse

from accounts.operations import issue_token
from tests.hospitality.conftest import App, member

pytestmark = pytest.mark.django_db


@pytest.fixture
def site():
    """A browser that the site believes as little as any."""
    return Client(enforce_csrf_checks=True)


def form_token(browser: Client) -> str:
    page = browser.get(reverse("admin:login")).content.decode()
    return re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)[1]


def log_in(browser: Client, name: str = "staff") -> None:
    fields = {"username": name, "password": f"{name}-password", "csrfmiddlewaretoken": form_token(browser)}
    assert browser.post(reverse("admin:login"), fields).status_code == 302


def test_a_log_in_takes_no_session_that_was_put_there_before(site, staff):
    """Fixation: whoever planted the cookie would be logged in with it."""
    planted = "planted0planted0planted0planted0"
    site.cookies["sessionid"] = planted
    log_in(site)
    assert site.cookies["sessionid"].value != planted
    assert not Session.objects.filter(session_key=planted).exists()


def test_a_log_in_changes_the_session_that_was_there(site, staff):
    session = site.session
    session["seen"] = True
    session.save()
    before = session.session_key
    site.cookies["sessionid"] = before
    log_in(site)
    assert site.cookies["sessionid"].value != before
    assert not Session.objects.filter(session_key=before).exists()


def test_a_log_out_ends_the_session_on_the_server(site, staff):
    log_in(site)
    stolen = site.cookies["sessionid"].value
    site.post(reverse("admin:logout"), headers={"x-csrftoken": site.cookies["csrftoken"].value})
    thief = Client()
    thief.cookies["sessionid"] = stolen
    assert thief.get(reverse("admin:index")).status_code == 302


def test_a_form_from_elsewhere_is_refused(site, staff):
    log_in(site)
    add = reverse("admin:stagebased_schedule_add")
    for headers in ({}, {"x-csrftoken": "x" * 64}):
        assert site.post(add, {"minute": "0"}, headers=headers).status_code == 403


def test_the_token_of_before_the_log_in_is_not_good_after_it(site, staff):
    """It is tied to the log-in: somebody who knew it then knows nothing now."""
    early = form_token(site)
    early_cookie = site.cookies["csrftoken"].value
    log_in(site)
    assert site.cookies["csrftoken"].value != early_cookie
    answer = site.post(reverse("admin:stagebased_schedule_add"), {"csrfmiddlewaretoken": early})
    assert answer.status_code == 403


def test_a_request_of_a_session_needs_the_token_in_the_inbox_too(site, staff, alice):
    log_in(site)
    wish = {"content": "Hello, Alice", "recipient_ids": [alice.pk]}
    send = {"content_type": "application/json"}
    assert site.post("/messages/send/", wish, **send).status_code == 403
    right = {"x-csrftoken": site.cookies["csrftoken"].value}
    assert site.post("/messages/send/", wish, headers=right, **send).status_code == 201


def test_over_https_a_form_must_come_from_here(site, staff):
    log_in(site)
    headers = {"x-csrftoken": site.cookies["csrftoken"].value, "referer": "https://elsewhere.example/"}
    answer = site.post(reverse("admin:stagebased_schedule_add"), {}, headers=headers, secure=True)
    assert answer.status_code == 403


def test_an_app_s_token_belongs_to_its_session(alice, bob):
    for user in (alice, bob):
        member(user, fullname=user.username)
    hers, his = App(alice), App(bob)
    hers.log_in()
    his.log_in()
    assert hers.call("message/unreadCount", HTTP_X_CSRF_TOKEN=his.token).status_code == 401
    before = hers.token
    assert hers.call("user/logout").status_code == 200
    hers.token = ""
    hers.log_in()
    assert hers.token != before
    assert hers.call("message/unreadCount", HTTP_X_CSRF_TOKEN=before).status_code == 401


def test_an_app_s_log_in_takes_no_session_that_was_put_there_before(alice):
    member(alice, fullname="Alice")
    app = App(alice)
    app.log_in()
    (name,) = [name for name in app.cookies if name.startswith("SSESS")]
    planted = "planted0planted0planted0planted0"
    victim = App(alice)
    victim.cookies[name] = planted
    assert victim.log_in().status_code == 200
    assert victim.cookies[name].value != planted


@pytest.mark.parametrize(
    "path", ["/api/v1/schedule/", "/api/v1/identities/", "/api/v1.0/sms/sent/", "/1.0/users/"]
)
def test_a_session_opens_no_interface_for_programs(site, staff, path):
    """No page can make a browser call these: they know tokens and passwords only."""
    log_in(site)
    assert site.get(path, headers={"accept": "application/json"}).status_code == 401


@pytest.mark.parametrize("key", ["token", "access_token", "Authorization", "api_key"])
def test_a_token_in_the_address_is_none(alice, key):
    """It would stand in logs and histories."""
    _, token = issue_token(user=alice)
    assert Client().get("/api/v1/schedule/", {key: f"Token {token}"}).status_code == 401
    assert Client().get("/api/v1/schedule/", {key: token}).status_code == 401
