"""A hub's registration becomes a subscription, once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections
from django.test import Client

from accounts.models import ApiToken
from contacts.models import Address, Contact
from stagebased.errors import Refused
from stagebased.models import Subscription
from stagebased.operations import subscribe
from tests.stagebased.api.conftest import IDENTITY

URL = "/api/v1/subscriptions/request"


@pytest.mark.parametrize("url", [URL, URL + "/"])
def test_a_registration_becomes_a_subscription(as_alice, alice, request_body, prebirth, url) -> None:
    answer = as_alice.post(url, request_body)

    assert (answer.status_code, answer.json()) == (201, {"accepted": True})
    made = Subscription.objects.get()
    assert (str(made.contact_id), made.messageset, made.lang) == (IDENTITY, prebirth, "eng_ZA")
    assert (made.hub_request_id, made.created_by) == (request_body["data"]["id"], alice)
    assert made.pk != made.hub_request_id


def test_the_same_request_again_is_accepted_and_changes_nothing(as_alice, request_body) -> None:
    as_alice.post(URL, request_body)
    request_body["data"]["lang"] = "zul_ZA"
    request_body["data"]["metadata"] = {"msisdn": "+27820001001"}

    answer = as_alice.post(URL, request_body)

    assert (answer.status_code, answer.json()) == (201, {"accepted": True})
    assert Subscription.objects.get().lang == "eng_ZA"
    assert not Address.objects.exists()


def test_the_id_of_somebody_elses_request_is_refused_and_not_lost(as_alice, request_body) -> None:
    as_alice.post(URL, request_body)
    request_body["data"]["identity"] = "0c03d360-2e1b-4f1c-8a8e-dd8a4c3d0b7e"

    answer = as_alice.post(URL, request_body)

    assert (answer.status_code, list(answer.json())) == (400, ["accepted", "id"])
    assert Subscription.objects.count() == 1


def test_without_an_id_each_request_is_its_own(as_alice, request_body) -> None:
    for empty in (None, ""):
        request_body["data"]["id"] = empty
        as_alice.post(URL, request_body)
    del request_body["data"]["id"]
    as_alice.post(URL, request_body)

    assert Subscription.objects.filter(hub_request_id=None).count() == 3


def test_it_begins_where_the_hub_says(as_alice, request_body) -> None:
    request_body["data"]["next_sequence_number"] = 17
    as_alice.post(URL, request_body)

    made = Subscription.objects.get()
    assert (made.next_sequence_number, made.initial_sequence_number) == (17, 17)


@pytest.mark.parametrize("position", [None, "missing"])
def test_without_a_position_it_begins_at_the_beginning(as_alice, request_body, position) -> None:
    request_body["data"]["next_sequence_number"] = position
    if position == "missing":
        del request_body["data"]["next_sequence_number"]

    assert as_alice.post(URL, request_body).status_code == 201
    made = Subscription.objects.get()
    assert (made.next_sequence_number, made.initial_sequence_number) == (1, 1)


def test_metadata_that_is_missing_is_empty_and_null_stays_null(as_alice, request_body) -> None:
    request_body["data"]["metadata"] = None
    as_alice.post(URL, request_body)
    del request_body["data"]["metadata"]
    request_body["data"]["id"] = "another"
    as_alice.post(URL, request_body)

    assert list(Subscription.objects.order_by("created_at").values_list("metadata", flat=True)) == [None, {}]


NUMBERS = {
    "as msisdn": {"msisdn": "+27820001001"},
    "with blanks around": {"msisdn": " +27820001001 "},
    "as an identity's addresses": {"addresses": {"msisdn": {"+27820001001": {}}}},
    "the default one": {"addresses": {"msisdn": {"+27820001009": {}, "+27820001001": {"default": True}}}},
}


@pytest.mark.parametrize("metadata", NUMBERS.values(), ids=NUMBERS)
def test_the_number_of_somebody_unknown_comes_along(as_alice, request_body, metadata) -> None:
    request_body["data"]["metadata"] = metadata

    assert as_alice.post(URL, request_body).status_code == 201
    assert Address.objects.values_list("contact", "kind", "value").get() == (
        Contact.objects.get().pk, "msisdn", "+27820001001",
    )  # fmt: skip


BAD_NUMBERS = {
    "national": {"msisdn": "0820001001"},
    "words": {"msisdn": "my number"},
    "a number": {"msisdn": 27820001001},
    "a list": {"msisdn": ["+27820001001"]},
    "too short": {"msisdn": "+2782"},
    "foreign digits": {"msisdn": "+٢٧٨٢٠٠٠١٠٠١"},
    "addresses as a list": {"addresses": ["+27820001001"]},
    "addresses as text": {"addresses": {"msisdn": "+27820001001"}},
    "a bad address": {"addresses": {"msisdn": {"one": {}}}},
}


@pytest.mark.parametrize("metadata", BAD_NUMBERS.values(), ids=BAD_NUMBERS)
def test_a_number_that_is_none_is_refused(as_alice, request_body, metadata) -> None:
    request_body["data"]["metadata"] = metadata

    answer = as_alice.post(URL, request_body)

    assert (answer.status_code, answer.json()["accepted"]) == (400, False)
    assert "metadata" in answer.json()
    assert not Contact.objects.exists()


BAD_BODIES = {
    "no data": ({}, "data"),
    "data null": ({"data": None}, "data"),
    "data as text": ({"data": "x"}, "data"),
    "data as list": ({"data": [{}]}, "data"),
    "data as number": ({"data": 5}, "data"),
    "a list": ([], "non_field_errors"),
    "a text": ("x", "non_field_errors"),
    "nothing at all": (None, "data"),
}


@pytest.mark.parametrize(("body", "field"), BAD_BODIES.values(), ids=BAD_BODIES)
def test_a_body_without_data(as_alice, db, body, field) -> None:
    answer = as_alice.post(URL, body)

    assert answer.status_code == 400
    assert sorted(answer.json()) == sorted(["accepted", field])


@pytest.mark.parametrize("request_id", [["a"], {"a": 1}, True, "x" * 101, 10**101, 1.5])
def test_an_id_that_is_none(as_alice, request_body, request_id) -> None:
    request_body["data"]["id"] = request_id

    answer = as_alice.post(URL, request_body)

    assert (answer.status_code, list(answer.json())) == (400, ["accepted", "id"])
    assert not Subscription.objects.exists()


def test_every_missing_field_is_named(as_alice, db) -> None:
    answer = as_alice.post(URL, {"data": {}})

    required = ["This field is required."]
    assert answer.json() == {
        "accepted": False,
        "identity": required,
        "messageset": required,
        "schedule": required,
        "lang": required,
    }


def test_it_is_only_posted_to(as_alice, db) -> None:
    for method in ("get", "put", "patch", "delete"):
        answer = getattr(as_alice, method)(URL)
        assert answer.status_code == 405
        assert answer.json() == {"detail": f'Method "{method.upper()}" not allowed.'}


@pytest.mark.django_db(transaction=True)
def test_a_set_that_is_removed_meanwhile_is_unknown(wish, monkeypatch) -> None:
    """The first check still sees the set, the database at commit no longer does."""
    fields = {"contact_id": IDENTITY, "messageset_id": 999, "schedule_id": wish["schedule"], "lang": "eng_ZA"}
    real, calls = subscribe._check_programme, []

    def blind_at_first(*keys: int) -> tuple[bool, bool]:
        calls.append(keys)
        return real(*keys) if len(calls) > 1 else (False, False)

    monkeypatch.setattr(subscribe, "_check_programme", blind_at_first)
    with pytest.raises(Refused) as refusal:
        subscribe.subscribe(fields=fields)
    assert list(refusal.value.errors) == ["messageset"]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_fifty_at_once_make_one(alice, request_body) -> None:
    key = ApiToken.new_key()
    ApiToken.objects.create(user=alice, key_hash=ApiToken.hash(key), prefix=key[:8])
    request_body["data"]["metadata"] = {"msisdn": "+27820001001"}
    together = threading.Barrier(50)

    def post(_: int) -> tuple[int, bytes]:
        together.wait()
        try:
            answer = Client(headers={"Authorization": f"Token {key}"}).post(
                URL, request_body, content_type="application/json"
            )
            return answer.status_code, answer.content
        finally:
            connections.close_all()

    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(post, range(50)))

    assert set(answers) == {(201, b'{"accepted":true}')}
    assert Subscription.objects.count() == Contact.objects.count() == Address.objects.count() == 1
