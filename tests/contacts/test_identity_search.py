"""Finding people, their addresses and what they said, over HTTP."""

import pytest

from contacts.models import Address, Contact
from contacts.operations import opt_out
from tests.contacts.conftest import ALICE_NUMBER, BOB_NUMBER

SEARCH = "/api/v1/identities/search/"


def names(client, **query) -> list[str]:
    response = client.get(SEARCH, query)
    assert response.status_code == 200, response.json()
    return sorted(row["details"]["name"] for row in response.json()["results"])


def test_a_number_finds_its_people(as_alice, alice_contact, bob_contact) -> None:
    assert names(as_alice, details__addresses__msisdn=ALICE_NUMBER) == ["Alice"]
    Address.objects.create(contact=bob_contact, kind="msisdn", value=ALICE_NUMBER)
    assert names(as_alice, details__addresses__msisdn=ALICE_NUMBER) == ["Alice", "Bob"]


def test_a_number_is_found_in_national_form_too(as_alice, alice_contact, settings) -> None:
    settings.SMS_REGION = "ZA"
    assert names(as_alice, details__addresses__msisdn="0820001001") == ["Alice"]


def test_a_plus_sign_that_was_not_escaped_is_one_all_the_same(as_alice, alice_contact) -> None:
    answer = as_alice.get(f"{SEARCH}?details__addresses__msisdn={ALICE_NUMBER}")
    assert [row["details"]["name"] for row in answer.json()["results"]] == ["Alice"]


@pytest.mark.parametrize("value", ["+27820001009", "alice", "", "\x00", "+٢٧820001001"])
def test_nobody_has_what_is_no_number_or_unknown(as_alice, alice_contact, value) -> None:
    assert names(as_alice, details__addresses__msisdn=value) == []


def test_retired_addresses_count_unless_they_are_left_out(as_alice, alice_contact, bob_contact) -> None:
    Address.objects.create(contact=bob_contact, kind="msisdn", value=ALICE_NUMBER, inactive=True)
    by_number = {"details__addresses__msisdn": ALICE_NUMBER}
    assert names(as_alice, **by_number) == ["Alice", "Bob"]
    assert names(as_alice, **by_number, include_inactive="True") == ["Alice", "Bob"]
    for no in ("False", "false"):
        assert names(as_alice, **by_number, include_inactive=no) == ["Alice"]


def test_several_conditions_must_all_hold(as_alice, alice_contact, bob_contact) -> None:
    for person in (alice_contact, bob_contact):
        Address.objects.create(contact=person, kind="email", value="home@example.org")
    assert names(
        as_alice, details__addresses__email="home@example.org", details__addresses__msisdn=BOB_NUMBER
    ) == ["Bob"]


def test_details_are_searched_by_key_at_any_depth(as_alice, alice_contact, bob_contact) -> None:
    Contact.objects.filter(pk=alice_contact.pk).update(
        details={"code": "123", "clinic": {"name": "Eastside"}}
    )
    Contact.objects.filter(pk=bob_contact.pk).update(details={"code": 123, "consent": True})
    assert names(as_alice, details__code="123") == ["Alice", "Bob"]
    assert names(as_alice, details__clinic__name="Eastside") == ["Alice"]
    assert names(as_alice, details__consent="true") == ["Bob"]
    assert names(as_alice, details__clinic="Eastside") == []


def test_details_that_are_columns_are_found_as_such(as_alice, alice_contact, bob_contact) -> None:
    assert names(as_alice, details__preferred_language="eng_ZA") == ["Alice"]
    assert names(as_alice, details__name="Bob") == ["Bob"]


def test_a_key_named_like_an_operator_is_only_a_key(as_alice, alice_contact) -> None:
    Contact.objects.filter(pk=alice_contact.pk).update(details={"code": "12345", "x": {"regex": "y"}})
    assert names(as_alice, details__code__startswith="12") == []
    assert names(as_alice, details__code__regex="(1+)+$") == []
    assert names(as_alice, details__x__regex="y") == ["Alice"]


def test_the_record_s_own_fields_are_searched(as_alice, alice_contact, bob_contact) -> None:
    Contact.objects.filter(pk=bob_contact.pk).update(version=2, communicate_through=alice_contact)
    assert names(as_alice, version="2") == ["Bob"]
    assert names(as_alice, communicate_through=str(alice_contact.pk)) == ["Bob"]
    assert names(as_alice, id=str(alice_contact.pk)) == ["Alice"]


REFUSED = [
    "colour",
    "details__",
    "details____x",
    "user__password",
    "details__a__b__c__d__e__f",
    "pk__in",
    "a\x00b",
]


@pytest.mark.parametrize("field", REFUSED)
def test_an_unknown_field_is_refused_because_ignoring_it_would_find_everybody(
    as_alice, alice_contact, field
) -> None:
    assert as_alice.get(SEARCH, {field: "x"}).status_code == 400


def test_a_value_that_means_nothing_is_400_under_its_name(as_alice) -> None:
    response = as_alice.get(SEARCH, {"version": "two"})
    assert (response.status_code, response.json()) == (400, {"version": ["Enter a whole number."]})


def test_next_keeps_what_was_searched_for(as_alice, alice_contact, bob_contact) -> None:
    Address.objects.create(contact=bob_contact, kind="msisdn", value=ALICE_NUMBER)
    first = as_alice.get(SEARCH, {"details__addresses__msisdn": ALICE_NUMBER, "limit": 1}).json()
    assert first["next"].startswith(f"http://testserver{SEARCH}?")
    assert as_alice.get(first["next"]).json()["results"][0]["id"] == str(alice_contact.pk)


# --- addresses of one person ---------------------------------------------------------------


def listed(client, contact: Contact, kind: str = "msisdn", **query) -> list[str]:
    response = client.get(f"/api/v1/identities/{contact.pk}/addresses/{kind}", query)
    assert response.status_code == 200
    assert all(list(row) == ["address"] for row in response.json()["results"])
    return [row["address"] for row in response.json()["results"]]


BEST = {"default": "True", "use_communicate_through": "True"}


def test_the_question_that_every_send_of_the_old_service_asked(as_alice, bob_contact) -> None:
    response = as_alice.get(f"/api/v1/identities/{bob_contact.pk}/addresses/msisdn", BEST)
    assert response.json() == {
        "count": 1,
        "next": None,
        "previous": None,
        "results": [{"address": BOB_NUMBER}],
    }


def test_without_default_all_that_may_be_used_are_listed_best_first(as_alice, bob_contact) -> None:
    Address.objects.create(contact=bob_contact, kind="msisdn", value=ALICE_NUMBER)
    Address.objects.create(contact=bob_contact, kind="msisdn", value="+27820001003", inactive=True)
    assert listed(as_alice, bob_contact) == [BOB_NUMBER, ALICE_NUMBER]
    assert listed(as_alice, bob_contact, default="False") == [BOB_NUMBER, ALICE_NUMBER]


def test_an_opted_out_default_does_not_hide_the_next_one(as_alice, bob_contact) -> None:
    Address.objects.create(contact=bob_contact, kind="msisdn", value=ALICE_NUMBER)
    opt_out(kind="stop", contact_ids=[bob_contact.pk], address=("msisdn", BOB_NUMBER), source="sms")
    assert listed(as_alice, bob_contact, **BEST) == [ALICE_NUMBER]


def test_several_without_a_default_still_give_one(as_alice, alice_contact) -> None:
    Address.objects.create(contact=alice_contact, kind="msisdn", value=BOB_NUMBER)
    assert listed(as_alice, alice_contact, **BEST) == [ALICE_NUMBER]


def test_through_another_person_only_when_asked(as_alice, alice_contact, bob_contact) -> None:
    Contact.objects.filter(pk=bob_contact.pk).update(communicate_through=alice_contact)
    assert listed(as_alice, bob_contact, **BEST) == [ALICE_NUMBER]
    assert listed(as_alice, bob_contact, default="True") == [BOB_NUMBER]


def test_a_kind_the_person_does_not_have_is_an_empty_list(as_alice, alice_contact) -> None:
    assert listed(as_alice, alice_contact, kind="email") == []
    assert listed(as_alice, alice_contact, kind="%00") == []


@pytest.mark.parametrize("pk", ["00000000-0000-4000-8000-000000000000", "abc"])
def test_nobody_has_no_addresses(as_alice, pk) -> None:
    response = as_alice.get(f"/api/v1/identities/{pk}/addresses/msisdn")
    assert (response.status_code, response.json()) == (404, {"detail": "Not found."})


# --- keys of details --------------------------------------------------------------------------


def test_the_keys_that_details_have_are_listed_once(as_alice) -> None:
    for details in ({"name": "Thandi", "edd": "2027-01-01", "addresses": {}}, {"edd": None, "clinic": 5}):
        as_alice.post("/api/v1/identities/", {"details": details})
    assert as_alice.get("/api/v1/detailkeys/").json() == {"key_names": ["addresses", "clinic", "edd", "name"]}
