"""Making and finding people."""

from dataclasses import replace
from uuid import uuid4

import pytest
from django.db import IntegrityError

from contacts.models import Address, Contact
from contacts.operations import (
    AddressRecord,
    Profile,
    create_contact,
    find_by_address,
    get_or_create_contact,
    update_contact,
)
from tests.contacts.conftest import ALICE_NUMBER, BOB_NUMBER, statements


def numbers_of(contact: Contact) -> list[str]:
    return list(contact.addresses.order_by("created_at").values_list("value", flat=True))


def test_a_webhook_for_somebody_unknown_makes_the_person_with_number_and_language(db) -> None:
    identity = uuid4()
    contact, created = get_or_create_contact(identity=identity, msisdn=ALICE_NUMBER, language="zul_ZA")
    assert (contact.pk, created, contact.language, numbers_of(contact)) == (
        identity,
        True,
        "zul_ZA",
        [ALICE_NUMBER],
    )


def test_the_same_webhook_again_makes_nobody(db) -> None:
    identity = uuid4()
    get_or_create_contact(identity=identity, msisdn=ALICE_NUMBER)
    _, created = get_or_create_contact(identity=identity, msisdn=ALICE_NUMBER)
    assert not created
    assert Contact.objects.count() == Address.objects.count() == 1


def test_what_is_known_of_a_person_is_filled_in_but_never_overwritten(alice_contact) -> None:
    get_or_create_contact(
        identity=alice_contact.pk, language="zul_ZA", name="Somebody", timezone="Africa/Johannesburg"
    )
    alice_contact.refresh_from_db()
    assert (alice_contact.language, alice_contact.name, alice_contact.timezone) == (
        "eng_ZA",
        "Alice",
        "Africa/Johannesburg",
    )


def test_a_further_number_stands_beside_the_first_which_stays_the_one_used(alice_contact) -> None:
    get_or_create_contact(identity=alice_contact.pk, msisdn=BOB_NUMBER)
    assert numbers_of(alice_contact) == [ALICE_NUMBER, BOB_NUMBER]
    assert not alice_contact.addresses.filter(is_default=True).exists()


def test_without_an_identity_the_number_finds_the_longest_known_person(alice_contact, bob_contact) -> None:
    Address.objects.create(contact=bob_contact, kind="msisdn", value=ALICE_NUMBER)
    contact, created = get_or_create_contact(msisdn=ALICE_NUMBER)
    assert (contact, created) == (alice_contact, False)


def test_an_unknown_number_makes_a_person(db) -> None:
    contact, created = get_or_create_contact(msisdn=ALICE_NUMBER)
    assert created
    assert list(find_by_address(kind="msisdn", value=ALICE_NUMBER)) == [contact]


def test_nobody_is_found_by_nothing(db) -> None:
    with pytest.raises(ValueError, match="identity or by number"):
        get_or_create_contact()


def test_a_person_costs_a_fixed_number_of_statements(alice_contact) -> None:
    # Look, insert the person; has anybody stopped the number? Insert it.
    with statements(4):
        get_or_create_contact(identity=uuid4(), msisdn=BOB_NUMBER)
    # Look; is the number known?
    with statements(2):
        get_or_create_contact(identity=alice_contact.pk, msisdn=ALICE_NUMBER)


def test_a_person_is_made_with_all_that_a_hub_tells(alice, alice_contact) -> None:
    identity = uuid4()
    contact = create_contact(
        identity=identity,
        profile=Profile(name="Bob", details={"edd": "2027-01-01"}, communicate_through_id=alice_contact.pk),
        addresses=[
            AddressRecord("msisdn", BOB_NUMBER, is_default=True),
            AddressRecord("email", "bob@example.org"),
        ],
        user=alice,
    )
    contact.refresh_from_db()
    assert (contact.pk, contact.communicate_through, contact.created_by) == (identity, alice_contact, alice)
    assert set(contact.addresses.values_list("kind", "is_default")) == {("msisdn", True), ("email", False)}


def test_an_identity_is_given_away_once(alice_contact) -> None:
    with pytest.raises(IntegrityError):
        create_contact(identity=alice_contact.pk, profile=Profile(name="Impostor"))


def test_an_update_writes_the_profile_and_leaves_addresses_that_it_does_not_speak_of(
    bob, alice_contact
) -> None:
    update_contact(contact=alice_contact, profile=Profile(name="Alicia"), user=bob)
    alice_contact.refresh_from_db()
    assert (alice_contact.name, alice_contact.language, alice_contact.updated_by) == ("Alicia", "", bob)
    assert numbers_of(alice_contact) == [ALICE_NUMBER]


def test_an_update_puts_nothing_back_that_somebody_else_wrote_meanwhile(alice_contact) -> None:
    stale = Contact.objects.get(pk=alice_contact.pk)
    update_contact(contact=alice_contact, profile=replace(Profile.of(alice_contact), language="zul_ZA"))
    update_contact(contact=stale, profile=replace(Profile.of(stale), name="Alicia"))
    alice_contact.refresh_from_db()
    assert (alice_contact.name, alice_contact.language) == ("Alicia", "zul_ZA")
