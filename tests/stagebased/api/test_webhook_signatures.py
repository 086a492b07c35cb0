"""A hub that shares a secret with us proves that a request is its own, and of now."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction
from standardwebhooks import Webhook

from stagebased.models import Subscription

URL = "/api/v1/subscriptions/request"
SECRET = "whsec_" + base64.b64encode(b"the hub's secret, of 32 bytes ok").decode()
EARLIER = "whsec_" + base64.b64encode(b"the secret that the hub had till").decode()
REFUSED = (401, {"detail": "Invalid signature."})


@pytest.fixture(autouse=True)
def shared(settings):
    settings.HUB_WEBHOOK_SECRETS = [SECRET]


def signed(body, *, secret=SECRET, name="evt_1", age=timedelta(0)):
    """The headers of a signature, by the public library."""
    at = datetime.now(UTC) - age
    return {
        "webhook-id": name,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(name, at, body),
    }


def post(client, body, headers):
    answer = client.generic("POST", URL, body, content_type="application/json", headers=headers)
    return answer.status_code, answer.json()


@pytest.fixture
def body(request_body):
    return json.dumps(request_body, indent=1)


def test_a_signed_request_is_accepted(as_alice, body):
    assert post(as_alice, body, signed(body)) == (201, {"accepted": True})
    assert Subscription.objects.count() == 1


def test_a_signature_is_no_log_in(anonymous, body):
    assert post(anonymous, body, signed(body))[0] == 401
    assert not Subscription.objects.exists()


def test_the_secret_before_counts_until_it_is_taken_out(as_alice, body, settings):
    settings.HUB_WEBHOOK_SECRETS = [SECRET, EARLIER]
    assert post(as_alice, body, signed(body, secret=EARLIER))[0] == 201
    settings.HUB_WEBHOOK_SECRETS = [SECRET]
    assert post(as_alice, body, signed(body, secret=EARLIER)) == REFUSED


def changed(**headers):
    return lambda good: good | headers


FORGED = {
    "by another secret": lambda good: good | signed("{}", secret=EARLIER),
    "without any": lambda good: {},
    "without its name": lambda good: {k: v for k, v in good.items() if k != "webhook-id"},
    "of another name": changed(**{"webhook-id": "evt_2"}),
    "of another time": changed(**{"webhook-timestamp": str(int(datetime.now(UTC).timestamp()) - 60)}),
    "no time": changed(**{"webhook-timestamp": "now"}),
    "not a number": changed(**{"webhook-timestamp": "nan"}),
    "no base64": changed(**{"webhook-signature": "v1,%%%"}),
    "no version": changed(**{"webhook-signature": "abc"}),
    "another version": lambda good: (
        good | {"webhook-signature": good["webhook-signature"].replace("v1", "v9")}
    ),
    "empty": changed(**{"webhook-signature": ""}),
    "not ASCII": changed(**{"webhook-signature": "v1,\xe9"}),
    "a long name": changed(**{"webhook-id": "e" * 91}),
}


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED)
def test_a_forged_signature_is_refused_and_changes_nothing(as_alice, body, forge):
    assert post(as_alice, body, forge(signed(body))) == REFUSED
    assert not Subscription.objects.exists()


def test_a_changed_body_is_refused(as_alice, body):
    assert post(as_alice, body.replace("eng_ZA", "zul_ZA"), signed(body)) == REFUSED


def test_a_body_that_is_no_text_is_refused(as_alice):
    assert post(as_alice, b"\xff\xfe{}", signed("{}")) == REFUSED


@pytest.mark.parametrize("age", [timedelta(minutes=6), timedelta(minutes=-6)], ids=["old", "from the future"])
def test_a_signature_of_another_time_is_refused(as_alice, body, age):
    assert post(as_alice, body, signed(body, age=age)) == REFUSED


def test_a_request_played_again_is_the_same_request(as_alice, request_body):
    del request_body["data"]["id"]
    body = json.dumps(request_body)
    for name in ("evt_1", "evt_1", "evt_2"):
        assert post(as_alice, body, signed(body, name=name))[0] == 201
    assert Subscription.objects.count() == 2


def test_where_signatures_are_optional_only_a_wrong_one_is_refused(as_alice, body, settings):
    settings.HUB_WEBHOOK_SIGNATURES = "optional"
    assert post(as_alice, body, signed(body, secret=EARLIER)) == REFUSED
    assert post(as_alice, body, {"webhook-id": "evt_1"}) == REFUSED
    assert post(as_alice, body, {})[0] == 201


def test_without_a_secret_headers_of_others_mean_nothing(as_alice, body, settings):
    settings.HUB_WEBHOOK_SECRETS = []
    assert post(as_alice, body, signed(body, secret=EARLIER))[0] == 201


@pytest.mark.parametrize("limit", [1024, 2000])
def test_a_body_beyond_the_limit_is_a_413(as_alice, settings, limit):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = limit
    body = json.dumps({"data": "x" * limit})
    assert post(as_alice, body, signed(body))[0] == 413


@pytest.mark.django_db(transaction=True)
def test_nothing_is_accepted_before_it_is_committed(as_alice, body, monkeypatch):
    """A commit that fails is told; the hub's next try succeeds."""
    as_alice.raise_request_exception = False
    plain = transaction.Atomic.__exit__

    def broken(self, *error):
        # As a database that finds at the end that it cannot keep the row.
        transaction.set_rollback(True)
        plain(self, *error)
        raise OSError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(transaction.Atomic, "__exit__", broken)
        assert post(as_alice, body, signed(body))[0] == 500
    assert not Subscription.objects.exists()
    assert post(as_alice, body, signed(body))[0] == 201
    assert Subscription.objects.count() == 1
