"""Whatever a body holds: it is refused with a 4xx and changes nothing, or is stored exactly as it came."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from accounts.models import User
from contacts.models import Contact
from sendables.models import Message as Letter
from stagebased.models import Message, MessageSet, Schedule, Subscription
from tests.conftest import client_with_token

pytestmark = [pytest.mark.django_db, pytest.mark.fault("F22")]
#: Against one database each, so that rows of earlier examples stay: ids tell them apart.
SOME = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
#: NUL, lone surrogates, marks of direction, combining marks, planes beyond the first, blanks of all kinds.
ODD = st.text(
    st.one_of(
        st.sampled_from("\x00\ud800\udfff\u202e\u200f\u2066\u0301\u20dd😀𐍈\ufeff\u2028\u00a0\x1b\x7f\ufffe"),
        st.characters(),
        st.characters(exclude_categories=[]),
    ),
    max_size=40,
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | ODD,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ODD, inner, max_size=3),
    max_leaves=8,
)


def post(client: Any, path: str, body: Any) -> Any:
    """As JSON in ASCII: a lone surrogate travels as ``\\ud800``, as from clients of other languages."""
    return client.generic("POST", path, json.dumps(body), content_type="application/json")


@pytest.fixture
def root(db) -> User:
    return User.objects.create_superuser("root", "root@example.org", "root-password")


@pytest.fixture
def client(root):
    return client_with_token(root)


@pytest.fixture
def programme(db) -> MessageSet:
    schedule = Schedule.objects.create(minute="0", hour="8")
    return MessageSet.objects.create(short_name="first", default_schedule=schedule)


@given(body=VALUES)
@SOME
def test_any_body_of_a_hub_is_refused(client, programme, body):
    answer = post(client, "/api/v1/subscriptions/request", body)
    assert answer.status_code == 400, answer.content
    assert not Subscription.objects.exists()


FIELDS = ("id", "identity", "messageset", "schedule", "lang", "next_sequence_number", "metadata", "other")


@given(field=st.sampled_from(FIELDS), value=VALUES)
@example(field="metadata", value={"deep": [[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]})
@example(field="next_sequence_number", value=10**30)
@example(field="messageset", value=1e308)
@example(field="lang", value="eng_ZA\n")
@SOME
def test_any_field_of_a_hub_is_refused_or_kept(client, programme, field, value):
    identity = str(uuid4())
    data = {
        "id": str(uuid4()), "identity": identity, "messageset": programme.pk,
        "schedule": programme.default_schedule_id, "lang": "eng_ZA", field: value,
    }  # fmt: skip
    answer = post(client, "/api/v1/subscriptions/request", {"data": data})
    assert answer.status_code in (201, 400), answer.content
    made = Subscription.objects.filter(contact_id=identity)
    assert made.exists() == (answer.status_code == 201 and field != "identity") or field == "identity"
    if answer.status_code == 201 and field == "metadata":
        assert made.get().metadata == value


@given(text=ODD)
@example(text="x" * 1_000_000)
@SOME
def test_any_text_of_a_programme_is_refused_or_kept(client, programme, text):
    number = Message.objects.count() + 1
    body = {"messageset": programme.pk, "sequence_number": number, "lang": "eng_ZA", "text_content": text}
    answer = post(client, "/api/v1/message/", body)
    assert answer.status_code in (201, 400), answer.content
    if answer.status_code == 201:
        assert Message.objects.get(pk=answer.json()["id"]).text_content in (text, text.strip())


@given(text=ODD)
@SOME
def test_any_text_to_a_person_is_refused_or_kept(client, alice, settings, text):
    settings.SENDABLES = {**settings.SENDABLES, "message": {"SEND_RATE": None}}
    before = Letter.objects.count()
    answer = post(client, "/messages/send/", {"content": text, "recipient_ids": [alice.pk]})
    assert answer.status_code in (201, 400), answer.content
    assert Letter.objects.count() == before + (answer.status_code == 201)
    if answer.status_code == 201:
        assert Letter.objects.latest("pk").content in (text, text.strip())


@given(details=st.dictionaries(ODD, VALUES, max_size=3))
@SOME
def test_any_details_of_a_person_are_refused_or_kept(client, details):
    answer = post(client, "/api/v1/identities/", {"details": details})
    assert answer.status_code in (201, 400), answer.content
    if answer.status_code == 201:
        Contact.objects.get(pk=answer.json()["id"])


@given(text=ODD, number=ODD)
@SOME
def test_any_text_and_number_of_an_sms_are_refused_or_accepted(client, settings, tmp_path, text, number):
    settings.SMS_GATEWAYS = {"sms": tmp_path}
    (tmp_path / "outgoing").mkdir(exist_ok=True)
    answer = post(client, "/api/v1.0/sms/outgoing", {"text": text, "mobiles": [number]})
    assert answer.status_code < 500, answer.content
    assert not list((tmp_path / "outgoing").iterdir()), "no such text is a number"


@given(fields=st.dictionaries(st.sampled_from(["firstname", "lastname", "language"]), VALUES, max_size=3))
@SOME
def test_any_telephone_user_is_refused_or_made(client, fields):
    answer = post(client, "/1.0/users/", fields)
    assert answer.status_code in (201, 400), answer.content


@given(name=ODD, password=ODD)
@SOME
def test_any_name_and_password_log_nobody_in(db, name, password):
    for path in ("/api/token-auth/", "/services/rest/user/login"):
        anybody = Client(headers={"accept": "application/json"})
        answer = post(anybody, path, {"username": name, "password": password})
        assert 400 <= answer.status_code < 500, answer.content
