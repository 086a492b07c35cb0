"""What a body may not set is not set, however it is named: owners, states, marks, rights."""

from __future__ import annotations

import pytest

from accounts.models import ApiToken, User
from contacts.models import Contact
from outbox.models import Delivery
from sendables.models import Message as Letter
from sendables.models import MessageReceipt
from stagebased.models import MessageSet, Schedule, Subscription
from telephony.models import TelephonyUser
from tests.conftest import client_with_token
from tests.hospitality.conftest import App, member
from tests.stagebased.api.conftest import IDENTITY
from webhooks.models import Endpoint

pytestmark = pytest.mark.django_db
LONG_AGO = "2001-01-01T00:00:00Z"


@pytest.fixture
def as_root(db):
    return client_with_token(User.objects.create_superuser("root", "root@example.org", "root-password"))


def test_nobody_writes_in_another_s_name(as_alice, alice, bob, eve):
    body = {
        "content": "Hello, Bob", "recipient_ids": [bob.pk], "sender": eve.pk, "sender_id": eve.pk,
        "is_read": True, "read_at": LONG_AGO, "deleted_at": LONG_AGO, "sent_on": LONG_AGO, "id": 4711,
    }  # fmt: skip
    assert as_alice.post("/messages/send/", body).status_code == 201
    letter, receipt = Letter.objects.get(), MessageReceipt.objects.get()
    assert (letter.sender, letter.pk == 4711, letter.sent_on.year > 2001) == (alice, False, True)
    assert (receipt.recipient, receipt.read_at, receipt.deleted_at) == (bob, None, None)


def test_an_app_does_not_either(alice, bob, eve):
    for user in (alice, bob, eve):
        member(user, fullname=user.username)
    app = App(alice)
    app.log_in()
    fields = {"recipients": "bob", "subject": "Hello", "body": "Hello, Bob"}
    fields |= {"sender": "eve", "author": eve.pk, "uid": eve.pk}
    assert app.call("message/send", fields).status_code == 200
    assert Letter.objects.get().sender == alice


@pytest.fixture
def programme(db):
    schedule = Schedule.objects.create(minute="0", hour="8")
    return MessageSet.objects.create(short_name="first", default_schedule=schedule)


def test_a_subscription_says_itself_who_made_it_and_how_it_stands(as_alice, alice, eve, programme):
    body = {
        "identity": IDENTITY, "messageset": programme.pk, "schedule": programme.default_schedule_id,
        "lang": "eng_ZA", "id": "6f1a2c52-3f1a-4a5c-9d0e-1b7a9a3f6b10", "created_by": eve.pk,
        "updated_by": eve.pk, "created_at": LONG_AGO, "hub_request_id": "x", "stopped": "opted_out",
        "failures_in_a_row": 9, "exclusive": True,
    }  # fmt: skip
    assert as_alice.post("/api/v1/subscriptions/", body).status_code == 201
    made = Subscription.objects.get()
    assert str(made.pk) != body["id"]
    assert (made.created_by, made.updated_by, made.hub_request_id) == (alice, alice, None)
    assert (made.stopped, made.exclusive, made.created_at.year > 2001) == ("", False, True)


def test_a_hub_decides_no_more_than_it_may(as_alice, alice, eve, programme):
    data = {
        "id": "1", "identity": IDENTITY, "messageset": programme.pk, "lang": "eng_ZA",
        "schedule": programme.default_schedule_id, "created_by": eve.pk, "updated_by": eve.pk,
        "created_at": LONG_AGO, "hub_request_id": "x", "stopped": "opted_out", "exclusive": True,
    }  # fmt: skip
    assert as_alice.post("/api/v1/subscriptions/request", {"data": data}).status_code == 201
    made = Subscription.objects.get()
    assert (made.created_by, made.updated_by, made.hub_request_id) == (alice, alice, "1")
    assert (made.stopped, made.exclusive, made.created_at.year > 2001) == ("", False, True)


def test_a_person_is_not_made_in_another_s_name(as_alice, alice, eve):
    body = {"details": {"name": "Thandi"}, "created_by": eve.pk, "created_at": LONG_AGO, "id": IDENTITY}
    assert as_alice.post("/api/v1/identities/", body).status_code == 201
    made = Contact.objects.get()
    assert (made.created_by, str(made.pk) == IDENTITY, made.created_at.year > 2001) == (alice, False, True)


def test_an_sms_is_its_caller_s_and_goes_through_the_queue(as_alice, alice, eve, settings, tmp_path):
    settings.SMS_GATEWAYS = {"sms": tmp_path}
    for name in ("outgoing", "checked", "sent", "failed", "incoming"):
        (tmp_path / name).mkdir()
    body = {
        "text": "Hello", "mobiles": ["27820001001"], "created_by": eve.pk, "user": "eve",
        "state": "delivered", "id": IDENTITY,
    }  # fmt: skip
    assert as_alice.post("/api/v1.0/sms/outgoing", body).status_code == 201
    made = Delivery.objects.get()
    assert made.created_by_id == alice.pk
    assert made.state != "delivered"
    assert str(made.pk) != IDENTITY


def test_an_opt_out_is_not_overridden_by_whoever_says_so(as_alice, settings, tmp_path):
    settings.SMS_GATEWAYS = {"sms": tmp_path}
    body = {"text": "Hello", "mobiles": ["27820001001"], "despite_opt_out": True}
    assert as_alice.post("/api/v1.0/sms/outgoing", body).status_code == 403
    assert not Delivery.objects.exists()


def test_a_token_is_for_an_account_without_rights(as_root):
    body = {"email": "hub@example.org", "is_staff": True, "is_superuser": True, "password": "x"}
    assert as_root.post("/api/v1/user/token/", body).status_code == 201
    made = User.objects.get(email="hub@example.org")
    assert (made.is_staff, made.is_superuser, made.has_usable_password()) == (False, False, False)


def test_a_log_in_token_is_ordinary(alice, anonymous):
    body = {
        "username": "alice",
        "password": "alice-password",
        "scopes": [],
        "expires_at": LONG_AGO,
        "user": 1,
    }
    assert anonymous.post("/api/token-auth/", body).status_code == 200
    assert ApiToken.objects.get().user == alice


def test_a_webhook_s_secret_and_standing_are_not_given(as_root):
    body = {
        "url": "https://hub.example.org/events", "secret": "whsec_" + "A" * 43 + "=", "enabled": False,
        "created_by": 1, "failures": 99, "id": IDENTITY,
    }  # fmt: skip
    answer = as_root.post("/api/v1/webhooks/endpoints/", body)
    assert answer.status_code == 201
    made = Endpoint.objects.get()
    assert made.secret != body["secret"]
    assert (made.enabled, made.failures, str(made.pk) == IDENTITY) == (True, 0, False)


def test_a_telephone_user_s_id_is_not_chosen(as_root):
    as_root.post("/1.0/users/", {"firstname": "Alice", "id": 4711})
    assert not TelephonyUser.objects.filter(pk=4711).exists()
