"""What is refused at /api/v1/identities/, and that nothing of it is stored."""

import json
from uuid import uuid4

import pytest

from contacts.models import Address, Contact
from contacts.operations import get_or_create_contact
from tests.contacts.conftest import ALICE_NUMBER

URL = "/api/v1/identities/"


def one(contact: Contact) -> str:
    return f"{URL}{contact.pk}/"


@pytest.fixture
def thandi(db) -> Contact:
    return get_or_create_contact(identity=uuid4(), msisdn=ALICE_NUMBER, name="Thandi")[0]


def addresses(value) -> dict:
    return {"details": {"addresses": value}}


BAD = {
    "nothing": ({}, "details"),
    "details null": ({"details": None}, "details"),
    "details a list": ({"details": []}, "details"),
    "details a text": ({"details": "x"}, "details"),
    "a JSON list": ([], "non_field_errors"),
    "addresses a text": (addresses("msisdn:+27820001001"), "details"),
    "addresses of a kind a list": (addresses({"msisdn": [ALICE_NUMBER]}), "details"),
    "remarks a text": (addresses({"msisdn": {ALICE_NUMBER: "default"}}), "details"),
    "no number": (addresses({"msisdn": {"alice": {}}}), "details"),
    "a number with a newline": (addresses({"msisdn": {ALICE_NUMBER + "\n": {}}}), "details"),
    "an impossible number": (addresses({"msisdn": {"+2782": {}}}), "details"),
    "no e-mail": (addresses({"email": {"alice": {}}}), "details"),
    "an empty address": (addresses({"whatsapp": {"": {}}}), "details"),
    "an endless address": (addresses({"whatsapp": {"x" * 300: {}}}), "details"),
    "a kind that is none": (addresses({"MSISDN'; --": {ALICE_NUMBER: {}}}), "details"),
    "a flag that is none": (addresses({"msisdn": {ALICE_NUMBER: {"default": 1.5}}}), "details"),
    "a flag that is a list": (addresses({"msisdn": {ALICE_NUMBER: {"optedout": []}}}), "details"),
    "101 addresses": (addresses({"x": {f"n{n}": {} for n in range(101)}}), "details"),
    "a language that is none": ({"details": {"preferred_language": "english"}}, "details"),
    "a language that is a number": ({"details": {"preferred_language": 5}}, "details"),
    "a zone that is none": ({"details": {"timezone": "Mars/Olympus"}}, "details"),
    "a name of a thousand letters": ({"details": {"name": "x" * 1000}}, "details"),
    "NUL in a detail": ({"details": {"x": "\x00"}}, "details"),
    "a lone surrogate in a detail": ({"details": {"x": {"y": "\ud800"}}}, "details"),
    "a version of zero": ({"details": {}, "version": 0}, "version"),
    "a version beyond 32 bits": ({"details": {}, "version": 2**31}, "version"),
    "a version beyond 64 bits": ({"details": {}, "version": 2**70}, "version"),
    "through no UUID": ({"details": {}, "communicate_through": "alice"}, "communicate_through"),
    "through a number": ({"details": {}, "communicate_through": 7}, "communicate_through"),
    "through nobody": ({"details": {}, "communicate_through": str(uuid4())}, "communicate_through"),
    "registered by nobody": ({"details": {}, "operator": str(uuid4())}, "operator"),
}


@pytest.mark.parametrize(("body", "field"), BAD.values(), ids=BAD.keys())
def test_bad_input_is_400_naming_the_field_and_stores_nothing(as_alice, body, field) -> None:
    response = as_alice.post(URL, json.dumps(body), content_type="application/json")
    assert response.status_code == 400
    assert list(response.json()) == [field]
    assert not Contact.objects.exists()
    assert not Address.objects.exists()


@pytest.mark.parametrize(("body", "field"), list(BAD.values())[5:], ids=list(BAD)[5:])
def test_a_bad_change_changes_nothing(as_alice, thandi, body, field) -> None:
    before = as_alice.get(one(thandi)).json()
    response = as_alice.patch(one(thandi), json.dumps(body), content_type="application/json")
    assert (response.status_code, list(response.json())) == (400, [field])
    assert as_alice.get(one(thandi)).json() == before


def test_a_refusal_does_not_repeat_the_number(as_alice) -> None:
    answer = as_alice.post(URL, addresses({"msisdn": {"+2782": {}}})).content.decode()
    assert "2782" not in answer


def test_nobody_is_reached_through_themselves(as_alice, thandi) -> None:
    response = as_alice.patch(one(thandi), {"communicate_through": str(thandi.pk)})
    assert (response.status_code, list(response.json())) == (400, ["communicate_through"])
