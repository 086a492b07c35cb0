"""/api/v1/optout/, /optin/, /optouts/search/ and /identities/message_count/."""

import json
from uuid import uuid4

import pytest

from contacts.models import Address, Contact, OptIn, OptOut
from contacts.operations import best_address, opt_out
from tests.contacts.conftest import ALICE_NUMBER, BOB_NUMBER

OPT_OUT, OPT_IN, SEARCH = "/api/v1/optout/", "/api/v1/optin/", "/api/v1/optouts/search/"
COUNT = "/api/v1/identities/message_count/"
WORD = {
    "request_source": "hub",
    "requestor_source_id": "nurse-7",
    "address_type": "msisdn",
    "address": ALICE_NUMBER,
}


def reachable(contact: Contact) -> str | None:
    return best_address(contact_id=contact.pk, kind="msisdn")


def test_an_opt_out_of_a_named_person_s_address(as_alice, alice, alice_contact) -> None:
    response = as_alice.post(OPT_OUT, WORD | {"identity": str(alice_contact.pk), "reason": "not interested"})
    row = OptOut.objects.get()
    assert response.status_code == 201
    assert response.json() == {
        "id": str(row.pk),
        "optout_type": "stop",
        "identity": str(alice_contact.pk),
        "address_type": "msisdn",
        "address": ALICE_NUMBER,
        "programme": "",
        "request_source": "hub",
        "requestor_source_id": "nurse-7",
        "reason": "not interested",
        "created_at": response.json()["created_at"],
    }
    assert row.created_by == alice
    assert reachable(alice_contact) is None


@pytest.mark.parametrize("url", [OPT_OUT, OPT_IN])
def test_the_person_is_found_by_the_address(as_alice, alice_contact, url) -> None:
    response = as_alice.post(url.rstrip("/"), WORD)
    assert (response.status_code, response.json()["identity"]) == (201, str(alice_contact.pk))


@pytest.mark.parametrize("url", [OPT_OUT, OPT_IN])
def test_an_address_of_nobody_or_of_several_is_400(as_alice, db, url) -> None:
    response = as_alice.post(url, WORD)
    assert response.json() == {"non_field_errors": ["There is no identity with this address."]}
    for _ in range(2):
        Address.objects.create(contact=Contact.objects.create(), kind="msisdn", value=ALICE_NUMBER)
    response = as_alice.post(url, WORD)
    assert response.status_code == 400
    assert response.json() == {"non_field_errors": ["There are multiple identities with this address."]}
    assert not OptOut.objects.exists()
    assert not OptIn.objects.exists()


def test_stopall_closes_all(as_alice, alice_contact) -> None:
    Address.objects.create(contact=alice_contact, kind="msisdn", value=BOB_NUMBER)
    as_alice.post(OPT_OUT, WORD | {"optout_type": "stopall"})
    assert reachable(alice_contact) is None


def test_unsubscribe_is_an_event_and_with_a_programme_more(as_alice, alice_contact, opted_out) -> None:
    as_alice.post(OPT_OUT, WORD | {"optout_type": "unsubscribe"})
    assert not opted_out
    as_alice.post(OPT_OUT, WORD | {"optout_type": "unsubscribe", "programme": "prebirth"})
    assert opted_out[0]["programme"] == "prebirth"
    assert reachable(alice_contact) == ALICE_NUMBER


def test_forget_erases_what_is_known(as_alice, alice_contact) -> None:
    Contact.objects.filter(pk=alice_contact.pk).update(details={"clinic": "Eastside"})
    as_alice.post(OPT_OUT, WORD | {"optout_type": "forget"})
    details = as_alice.get(f"/api/v1/identities/{alice_contact.pk}/").json()["details"]
    assert details == {"clinic": "redacted", "addresses": {}}


def test_opt_in_reverses_it(as_alice, alice_contact) -> None:
    as_alice.post(OPT_OUT, WORD)
    response = as_alice.post(OPT_IN, WORD)
    row = OptIn.objects.get()
    assert response.status_code == 201
    assert (response.json()["id"], response.json()["requestor_source_id"]) == (str(row.pk), "nurse-7")
    assert reachable(alice_contact) == ALICE_NUMBER


def test_an_opt_in_of_a_person_without_an_address_reopens_all(as_alice, alice_contact) -> None:
    opt_out(kind="stopall", contact_ids=[alice_contact.pk], source="sms")
    response = as_alice.post(OPT_IN, {"identity": str(alice_contact.pk), "request_source": "hub"})
    assert response.status_code == 201
    assert reachable(alice_contact) == ALICE_NUMBER


BAD = {
    "nothing": ({}, OPT_OUT, "request_source"),
    "no source": ({"address": ALICE_NUMBER, "address_type": "msisdn"}, OPT_IN, "request_source"),
    "neither person nor address": ({"request_source": "hub"}, OPT_OUT, "address_type"),
    "a stop of nothing": ({"request_source": "hub", "identity": "ALICE"}, OPT_OUT, "address"),
    "an address of no type": (WORD | {"address_type": ""}, OPT_OUT, "address_type"),
    "a type that is none": (WORD | {"address_type": "MSISDN!"}, OPT_OUT, "address"),
    "no number": (WORD | {"address": "alice"}, OPT_IN, "address"),
    "an unknown kind": (WORD | {"optout_type": "pause"}, OPT_OUT, "optout_type"),
    "an unknown person": (WORD | {"identity": str(uuid4())}, OPT_OUT, "identity"),
    "no UUID": (WORD | {"identity": "alice"}, OPT_IN, "identity"),
    "a long reason": (WORD | {"reason": "x" * 201}, OPT_OUT, "reason"),
    "a long source": (WORD | {"request_source": "x" * 101}, OPT_IN, "request_source"),
    "NUL": (WORD | {"reason": "\x00"}, OPT_OUT, "reason"),
    "a JSON list": ([WORD], OPT_OUT, "non_field_errors"),
    "an address that is a list": (WORD | {"address": [ALICE_NUMBER]}, OPT_OUT, "address"),
}


@pytest.mark.parametrize(("body", "url", "field"), BAD.values(), ids=BAD.keys())
def test_bad_input_is_400_naming_the_field_and_changes_nothing(
    as_alice, alice_contact, body, url, field
) -> None:
    text = json.dumps(body).replace('"ALICE"', f'"{alice_contact.pk}"')
    response = as_alice.post(url, text, content_type="application/json")
    assert response.status_code == 400
    assert field in response.json()
    assert reachable(alice_contact) == ALICE_NUMBER
    assert not OptOut.objects.exists()
    assert not OptIn.objects.exists()


@pytest.mark.parametrize("url", [OPT_OUT, OPT_IN])
def test_reading_is_405(as_alice, url) -> None:
    assert as_alice.get(url).status_code == 405


# --- searching opt-outs ----------------------------------------------------------------------


def test_opt_outs_are_searched_newest_first(as_alice, alice_contact) -> None:
    for reason in ("too many", "moved", "too many"):
        as_alice.post(OPT_OUT, WORD | {"reason": reason})
    body = as_alice.get(SEARCH, {"reason": "too many", "limit": 1}).json()
    assert (body["count"], body["results"][0]["reason"]) == (2, "too many")
    assert as_alice.get(body["next"]).json()["next"] is None


FOUND = {
    "by type": ({"optout_type": "stop"}, 1),
    "by another type": ({"optout_type": "forget"}, 0),
    "by source": ({"request_source": "hub", "requestor_source_id": "nurse-7"}, 1),
    "by person": ({"identity": "ALICE"}, 1),
    "by address": ({"address_type": "msisdn", "address": ALICE_NUMBER}, 1),
    "by time": ({"created_at__gte": "2020-01-01T00:00:00+00:00"}, 1),
    "by another time": ({"created_at__lte": "2020-02-01T00:00:00+00:00"}, 0),
}


@pytest.mark.parametrize(("query", "count"), FOUND.values(), ids=FOUND.keys())
def test_what_opt_outs_are_searched_by(as_alice, alice_contact, query, count) -> None:
    as_alice.post(OPT_OUT, WORD)
    query = {key: str(alice_contact.pk) if value == "ALICE" else value for key, value in query.items()}
    assert as_alice.get(SEARCH, query).json()["count"] == count


@pytest.mark.parametrize(
    "query",
    [{"foo": "bar"}, {"identity": "x"}, {"created_at__gte": "x"}, {"reason": "\x00"}, {"contact__name": "A"}],
)
def test_a_field_or_value_that_is_none_is_400_under_its_name(as_alice, query) -> None:
    response = as_alice.get(SEARCH, query)
    assert (response.status_code, list(response.json())) == (400, list(query))


# --- failed deliveries -------------------------------------------------------------------------


def failures(number: str) -> int:
    return Address.objects.get(value=number).failures_in_a_row


def test_failed_deliveries_are_counted_and_one_that_arrives_starts_anew(as_alice, alice_contact) -> None:
    report = {"identity": str(alice_contact.pk), "delivered": False}
    for _ in range(2):
        response = as_alice.post(COUNT, {"data": report, "hook": {"id": 1}})
        assert (response.status_code, response.content) == (200, b"")
    assert failures(ALICE_NUMBER) == 2
    as_alice.post(COUNT, {"data": {"to_addr": ALICE_NUMBER, "delivered": True}})
    assert failures(ALICE_NUMBER) == 0


def test_a_person_without_an_address_has_nothing_to_count(as_alice, db) -> None:
    contact = Contact.objects.create()
    response = as_alice.post(COUNT, {"data": {"identity": str(contact.pk), "delivered": False}})
    assert response.status_code == 200


BAD_REPORTS = {
    "nothing": ({}, "data"),
    "a list": ([], "data"),
    "data a list": ({"data": []}, "non_field_errors"),
    "nobody": ({"data": {"delivered": True}}, "data"),
    "not whether": ({"data": {"to_addr": ALICE_NUMBER}}, "delivered"),
    "a number of nobody": ({"data": {"to_addr": "+27820001009", "delivered": True}}, "to_addr"),
    "no number": ({"data": {"to_addr": "alice", "delivered": True}}, "to_addr"),
    "an unknown person": ({"data": {"identity": str(uuid4()), "delivered": True}}, "identity"),
    "no UUID": ({"data": {"identity": "alice", "delivered": True}}, "identity"),
}


@pytest.mark.parametrize(("body", "field"), BAD_REPORTS.values(), ids=BAD_REPORTS.keys())
def test_a_bad_report_is_400_naming_the_field(as_alice, alice_contact, body, field) -> None:
    response = as_alice.post(COUNT, json.dumps(body), content_type="application/json")
    assert (response.status_code, list(response.json())) == (400, [field])
    assert failures(ALICE_NUMBER) == 0
