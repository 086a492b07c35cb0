"""/api/v1/identities/ as hubs and tools of the identity store call it."""

from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from contacts.models import Address, Contact, OptOut
from contacts.operations import best_address, opt_out
from tests.contacts.conftest import ALICE_NUMBER, BOB_NUMBER

URL = "/api/v1/identities/"
THANDI = {
    "details": {
        "name": "Thandi",
        "preferred_language": "zul_ZA",
        "timezone": "Africa/Johannesburg",
        "default_addr_type": "msisdn",
        "clinic": {"code": 123, "name": "Eastside"},
        "addresses": {
            "msisdn": {
                ALICE_NUMBER: {"default": True, "changed_from": "+27820001009"},
                BOB_NUMBER: {"inactive": True},
            },
            "email": {"thandi@example.org": {}},
        },
    }
}


def one(contact: Contact) -> str:
    return f"{URL}{contact.pk}/"


@pytest.fixture
def thandi(as_alice) -> Contact:
    response = as_alice.post(URL, THANDI)
    assert response.status_code == 201, response.json()
    return Contact.objects.get(pk=response.json()["id"])


# --- making and reading ----------------------------------------------------------------


def test_a_hub_makes_an_identity_and_gets_it_back_whole(as_alice, alice) -> None:
    made = as_alice.post(URL, THANDI)
    assert made.status_code == 201
    body = made.json()
    assert body["details"] == THANDI["details"]
    assert sorted(body) == [
        "communicate_through", "created_at", "created_by", "details", "id", "operator",
        "updated_at", "updated_by", "version",
    ]  # fmt: skip
    assert (body["version"], body["communicate_through"], body["created_by"]) == (1, None, alice.pk)
    assert as_alice.get(f"{URL}{body['id']}/").json() == body


def test_what_has_a_meaning_here_has_become_rows_and_columns(thandi) -> None:
    assert (thandi.name, thandi.language, thandi.timezone) == ("Thandi", "zul_ZA", "Africa/Johannesburg")
    assert thandi.details == {"default_addr_type": "msisdn", "clinic": {"code": 123, "name": "Eastside"}}
    assert best_address(contact_id=thandi.pk, kind="msisdn") == ALICE_NUMBER


def test_a_national_number_is_stored_in_international_form(as_alice, settings) -> None:
    settings.SMS_REGION = "ZA"
    body = as_alice.post(URL, {"details": {"addresses": {"msisdn": {"0820001001": {}}}}}).json()
    assert body["details"]["addresses"] == {"msisdn": {ALICE_NUMBER: {}}}


def test_kinds_of_address_that_no_channel_knows_are_kept(as_alice) -> None:
    addresses = {"whatsapp_id": {"wa-123": {}}}
    assert (
        as_alice.post(URL, {"details": {"addresses": addresses}}).json()["details"]["addresses"] == addresses
    )


def test_the_least_that_is_an_identity(as_alice) -> None:
    response = as_alice.post(URL, {"details": {}})
    assert (response.status_code, response.json()["details"]) == (201, {"addresses": {}})


def test_people_may_speak_through_and_be_registered_by_others(as_alice, alice_contact, bob_contact) -> None:
    body = {"details": {}, "communicate_through": str(alice_contact.pk), "operator": str(bob_contact.pk)}
    made = as_alice.post(URL, body).json()
    assert (made["communicate_through"], made["operator"]) == (str(alice_contact.pk), str(bob_contact.pk))


@pytest.mark.parametrize("pk", ["3f2b7c1e-5d0a-4c8e-9a61-0b6c2f4d8e17", "0" * 36, "abc", "1"])
def test_an_unknown_identity_is_404_in_the_exact_words_that_clients_compare(as_alice, pk) -> None:
    response = as_alice.get(f"{URL}{pk}/")
    assert (response.status_code, response.json()) == (404, {"detail": "Not found."})


def test_without_a_token_it_is_401(anonymous, db) -> None:
    response = anonymous.get(URL)
    assert response.status_code == 401
    assert response.json() == {"detail": "Authentication credentials were not provided."}


# --- changing ------------------------------------------------------------------------------


def test_a_patch_of_the_language_reaches_the_column_that_sends_use(as_alice, alice, thandi) -> None:
    response = as_alice.patch(one(thandi), {"details": THANDI["details"] | {"preferred_language": "eng_ZA"}})
    assert response.json()["details"]["preferred_language"] == "eng_ZA"
    thandi.refresh_from_db()
    assert (thandi.language, thandi.updated_by) == ("eng_ZA", alice)


def test_a_new_number_is_the_one_used_from_then_on(as_alice, thandi) -> None:
    addresses = {"msisdn": {ALICE_NUMBER: {}, "+27820001077": {"default": True}}}
    as_alice.patch(one(thandi), {"details": {"addresses": addresses}})
    assert best_address(contact_id=thandi.pk, kind="msisdn") == "+27820001077"


def test_details_are_replaced_as_a_whole_but_addresses_stay_unless_spoken_of(as_alice, thandi) -> None:
    details = as_alice.patch(one(thandi), {"details": {"edd": "2027-01-01"}}).json()["details"]
    assert details == {"edd": "2027-01-01", "addresses": THANDI["details"]["addresses"]}
    details = as_alice.patch(one(thandi), {"details": {"addresses": {}}}).json()["details"]
    assert details == {"addresses": {}}


def test_a_patch_of_something_else_leaves_the_details(as_alice, thandi, alice_contact) -> None:
    body = as_alice.patch(one(thandi), {"communicate_through": str(alice_contact.pk), "version": 2}).json()
    assert (body["details"], body["version"]) == (THANDI["details"], 2)
    body = as_alice.patch(one(thandi), {"communicate_through": None}).json()
    assert (body["communicate_through"], body["version"]) == (None, 2)


def test_the_id_in_a_body_is_ignored(as_alice, thandi) -> None:
    body = as_alice.patch(one(thandi), {"id": str(uuid4()), "version": 3}).json()
    assert (body["id"], body["version"]) == (str(thandi.pk), 3)


def test_a_put_needs_the_details(as_alice, thandi) -> None:
    response = as_alice.put(one(thandi), {"version": 2})
    assert (response.status_code, response.json()) == (400, {"details": ["This field is required."]})
    assert as_alice.put(one(thandi), {"details": {}}).status_code == 200


def test_reading_back_what_was_read_changes_nothing(as_alice, thandi) -> None:
    opt_out(kind="stopall", contact_ids=[thandi.pk], source="sms")
    read = as_alice.get(one(thandi)).json()
    assert read["details"]["addresses"]["msisdn"][ALICE_NUMBER]["optedout"] is True
    written = as_alice.put(one(thandi), read).json()
    assert written["details"] == read["details"]
    assert OptOut.objects.count() == 1


def test_an_opt_out_written_into_the_details_is_one(as_alice, thandi, opted_out) -> None:
    addresses = {"msisdn": {ALICE_NUMBER: {"optedout": True}}}
    as_alice.patch(one(thandi), {"details": {"addresses": addresses}})
    assert best_address(contact_id=thandi.pk, kind="msisdn") is None
    row = thandi.opt_outs.get()
    assert (row.kind, row.address, row.source) == ("stop", ALICE_NUMBER, "api")
    assert opted_out[0]["address"] == ALICE_NUMBER


def test_only_saying_so_lifts_an_opt_out_silence_does_not(as_alice, thandi) -> None:
    opt_out(kind="stop", contact_ids=[thandi.pk], address=("msisdn", ALICE_NUMBER), source="sms")
    as_alice.patch(one(thandi), {"details": {"addresses": {"msisdn": {ALICE_NUMBER: {"default": True}}}}})
    assert best_address(contact_id=thandi.pk, kind="msisdn") is None
    as_alice.patch(one(thandi), {"details": {"addresses": {"msisdn": {ALICE_NUMBER: {"optedout": False}}}}})
    assert best_address(contact_id=thandi.pk, kind="msisdn") == ALICE_NUMBER


def test_python_s_words_for_true_and_false_are_understood(as_alice) -> None:
    addresses = {"msisdn": {ALICE_NUMBER: {"default": "True", "inactive": "false"}}}
    body = as_alice.post(URL, {"details": {"addresses": addresses}}).json()
    assert body["details"]["addresses"] == {"msisdn": {ALICE_NUMBER: {"default": True}}}


def test_an_identity_is_deleted(as_alice, thandi) -> None:
    assert as_alice.delete(one(thandi)).status_code == 204
    assert not Contact.objects.exists()
    assert as_alice.get(one(thandi)).status_code == 404


def test_an_identity_with_subscriptions_is_409_and_stays(as_alice, thandi) -> None:
    from stagebased.models import MessageSet, Schedule, Subscription

    schedule = Schedule.objects.create()
    messages = MessageSet.objects.create(short_name="prebirth", default_schedule=schedule)
    Subscription.objects.create(contact=thandi, messageset=messages, schedule=schedule, lang="eng_ZA")
    response = as_alice.delete(one(thandi))
    assert (response.status_code, list(response.json())) == (409, ["detail"])
    assert Contact.objects.filter(pk=thandi.pk).exists()


# --- lists ----------------------------------------------------------------------------------


def test_the_list_is_newest_first_in_the_envelope(as_alice, alice_contact, bob_contact) -> None:
    body = as_alice.get(URL, {"limit": 1}).json()
    assert sorted(body) == ["count", "next", "previous", "results"]
    assert (body["count"], body["results"][0]["id"]) == (2, str(bob_contact.pk))
    assert as_alice.get(body["next"]).json()["results"][0]["id"] == str(alice_contact.pk)


NARROWED = {
    "through": ({"communicate_through": "ALICE"}, ["Bob"]),
    "registered by": ({"operator": "ALICE"}, ["Bob"]),
    "made before": ({"created_to": "2020-01-01T00:00:00Z"}, []),
    "made after": ({"created_from": "2020-01-01T00:00:00Z"}, ["Alice", "Bob"]),
    "changed after": ({"updated_from": "2020-01-01T00:00:00+02:00"}, ["Alice", "Bob"]),
    "a look-up": ({"created_at__gte": "2020-01-01T00:00:00"}, ["Alice", "Bob"]),
    "by nobody": ({"created_by": "999999999999999999"}, []),
    "something unknown is ignored": ({"colour": "red"}, ["Alice", "Bob"]),
}


@pytest.mark.parametrize(("query", "names"), NARROWED.values(), ids=NARROWED.keys())
def test_the_list_is_narrowed(as_alice, alice_contact, bob_contact, query, names) -> None:
    Contact.objects.filter(pk=bob_contact.pk).update(
        communicate_through=alice_contact, operator=alice_contact
    )
    query = {key: str(alice_contact.pk) if value == "ALICE" else value for key, value in query.items()}
    found = [row["details"]["name"] for row in as_alice.get(URL, query).json()["results"]]
    assert sorted(found) == names


BAD_FILTERS = {
    "no UUID": {"communicate_through": "alice"},
    "no time": {"created_from": "yesterday"},
    "a day that does not exist": {"created_from": "2026-02-30T00:00:00Z"},
    "a time that no zone reaches": {"created_to": "9999-12-31T23:59:59-12:00"},
    "no number": {"created_by": "alice"},
    "a number beyond 64 bits": {"created_by": "9" * 30},
    "NUL": {"operator": "\x00"},
}


@pytest.mark.parametrize("query", BAD_FILTERS.values(), ids=BAD_FILTERS.keys())
def test_a_filter_that_means_nothing_is_400_under_its_name(as_alice, query) -> None:
    response = as_alice.get(URL, query)
    assert (response.status_code, list(response.json())) == (400, list(query))


def test_a_page_costs_the_same_for_one_person_and_for_twenty(as_alice, alice_contact) -> None:
    as_alice.get(URL)
    with CaptureQueriesContext(connection) as few:
        as_alice.get(URL)
    for n in range(20):
        contact = Contact.objects.create()
        Address.objects.create(contact=contact, kind="msisdn", value=f"+2782000{n:04}")
    with CaptureQueriesContext(connection) as many:
        assert len(as_alice.get(URL).json()["results"]) == 21
    assert len(many) == len(few)


def test_both_slash_forms_answer(as_alice, thandi) -> None:
    for url in (URL, one(thandi), f"{URL}search/", f"{one(thandi)}addresses/msisdn/"):
        assert as_alice.get(url.rstrip("/")).status_code == as_alice.get(url).status_code == 200


def test_a_token_for_something_else_is_not_for_people(alice, thandi) -> None:
    from tests.conftest import client_with_token

    assert client_with_token(alice, "sms").get(URL).status_code == 403
    assert client_with_token(alice, "contacts:read").get(URL).status_code == 200
    assert client_with_token(alice, "contacts:read").delete(one(thandi)).status_code == 403


@pytest.mark.parametrize("wanted", ["text/html", "application/xml"])
def test_answers_are_json_whatever_a_caller_would_rather_have(as_alice, alice_contact, wanted) -> None:
    answer = as_alice.get("/api/v1/identities/?format=xml", headers={"accept": wanted})
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
