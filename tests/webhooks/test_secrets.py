"""Secrets: encrypted at rest, shown once, rotated with an overlap."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography.fernet import Fernet
from django.core.management import call_command
from django.db import connection
from standardwebhooks import Webhook, WebhookVerificationError

from accounts.encryption import Undecryptable
from tests.webhooks.conftest import again, post
from webhooks import operations
from webhooks.models import Endpoint


def stored(column: str = "secret") -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM webhooks_endpoint")
        return cursor.fetchone()[0]


def verifies(secret: str, sent) -> bool:
    try:
        Webhook(secret).verify(sent.body, sent.headers)
    except WebhookVerificationError:
        return False
    return True


def test_a_secret_is_random_and_not_readable_in_the_database(db):
    (first, secret), (_, other) = (operations.register(url="https://a.example/") for _ in range(2))
    assert secret != other
    assert secret.startswith("whsec_")
    assert len(Webhook(secret)._whsecret) == 32
    assert secret not in stored()
    assert secret.removeprefix("whsec_") not in stored()
    assert again(first).secret == secret


@pytest.mark.fault("F30")
def test_during_the_overlap_either_secret_verifies(endpoint, wait_for, receiver):
    before = endpoint.secret
    _, after = operations.rotate_secret(endpoint_id=endpoint.pk, overlap=timedelta(hours=2))
    assert before not in (stored(), stored("previous_secret"))
    wait_for()
    post(timedelta(hours=1))
    wait_for()
    post(timedelta(hours=3))
    during, later = receiver.posts
    # The clock of the test is ahead of the verifier's: only the signature is looked at.
    during_signatures = during.headers["webhook-signature"].split(" ")
    later_signatures = later.headers["webhook-signature"].split(" ")
    assert (len(during_signatures), len(later_signatures)) == (2, 1)
    assert set(during_signatures) == {sign(before, during), sign(after, during)}
    assert later_signatures == [sign(after, later)]


def sign(secret: str, sent) -> str:
    at = datetime.fromtimestamp(int(sent.headers["webhook-timestamp"]), UTC)
    return Webhook(secret).sign(sent.headers["webhook-id"], at, sent.body.decode())


def test_a_receiver_with_the_old_secret_fails_no_verification_meanwhile(endpoint, wait_for, receiver):
    before = endpoint.secret
    _, after = operations.rotate_secret(endpoint_id=endpoint.pk)
    wait_for()
    post()
    assert verifies(before, receiver.posts[0])
    assert verifies(after, receiver.posts[0])


def test_without_an_overlap_the_old_one_is_gone_at_once(endpoint, wait_for, receiver):
    before = endpoint.secret
    operations.rotate_secret(endpoint_id=endpoint.pk, overlap=timedelta(0))
    assert stored("previous_secret") == ""
    wait_for()
    post()
    assert not verifies(before, receiver.posts[0])


@pytest.mark.fault("F30")
def test_the_keys_that_encrypt_secrets_rotate_too(endpoint, settings):
    secret = endpoint.secret
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    settings.FIELD_ENCRYPTION_KEYS = [old]
    Endpoint.objects.filter(pk=endpoint.pk).update(secret=secret, previous_secret="")
    settings.FIELD_ENCRYPTION_KEYS = [new, old]
    call_command("rotate_field_keys", verbosity=0)
    settings.FIELD_ENCRYPTION_KEYS = [new]
    assert Endpoint.objects.get(pk=endpoint.pk).secret == secret
    settings.FIELD_ENCRYPTION_KEYS = [old]
    with pytest.raises(Undecryptable):
        Endpoint.objects.get(pk=endpoint.pk)
