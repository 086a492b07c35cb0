"""Which of a person's addresses is written to; the same by ORM and by SQL."""

import random
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from django.db import connection

from contacts.models import Address, Contact
from contacts.operations import (
    AddressRecord,
    add_address,
    best_address,
    find_by_address,
    opt_out,
    remove_addresses,
    replace_addresses,
    set_default_address,
    usable_addresses,
)
from contacts.sql import best_address_sql, opted_out_sql
from tests.contacts.conftest import ALICE_NUMBER, BOB_NUMBER, statements

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
MSISDN = "'msisdn'"  # as an SQL literal
THIRD, FOURTH = "+27820001003", "+27820001004"


def number(contact: Contact, value: str, *, day: int = 0, **columns) -> Address:
    return Address.objects.create(
        contact=contact, kind="msisdn", value=value, created_at=LONG_AGO + timedelta(days=day), **columns
    )


def best(contact: Contact, **options) -> str | None:
    return best_address(contact_id=contact.pk, kind="msisdn", **options)


def by_sql(contact: Contact) -> tuple[str | None, bool]:
    """Best address and whether opting out is the reason for having none, as a planner's statement sees it."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {best_address_sql('c', MSISDN)}, {opted_out_sql('c', MSISDN)} "
            "FROM contacts_contact c WHERE c.id = %s",
            [contact.pk.hex if connection.vendor == "sqlite" else contact.pk],
        )
        value, closed = cursor.fetchone()
    return value, bool(closed)


@pytest.fixture
def carol(db) -> Contact:
    return Contact.objects.create(name="Carol")


def test_the_default_comes_first(carol) -> None:
    number(carol, ALICE_NUMBER, day=1)
    number(carol, BOB_NUMBER, day=2, is_default=True)
    assert best(carol) == by_sql(carol)[0] == BOB_NUMBER


def test_several_without_a_default_give_the_longest_known_not_none(carol) -> None:
    number(carol, ALICE_NUMBER, day=2)
    number(carol, BOB_NUMBER, day=1)
    assert best(carol) == by_sql(carol)[0] == BOB_NUMBER


def test_an_opted_out_address_does_not_hide_a_good_one_after_it(carol) -> None:
    number(carol, ALICE_NUMBER, day=1, is_default=True, opted_out_at=LONG_AGO)
    number(carol, BOB_NUMBER, day=2)
    assert best(carol) == by_sql(carol)[0] == BOB_NUMBER


def test_an_inactive_address_is_not_used(carol) -> None:
    number(carol, ALICE_NUMBER, inactive=True, is_default=True)
    assert best(carol) is None
    assert by_sql(carol) == (None, False)


def test_another_kind_is_another_matter(carol) -> None:
    Address.objects.create(contact=carol, kind="email", value="carol@example.org")
    assert by_sql(carol) == (None, False)
    assert best_address(contact_id=carol.pk, kind="email") == "carol@example.org"


def test_somebody_is_reached_through_another_person(carol, alice_contact) -> None:
    number(carol, BOB_NUMBER)
    Contact.objects.filter(pk=carol.pk).update(communicate_through=alice_contact)
    assert best(carol) == by_sql(carol)[0] == ALICE_NUMBER
    assert best(carol, through=False) == BOB_NUMBER


def test_through_goes_one_hop_and_no_further(carol, alice_contact, bob_contact) -> None:
    Contact.objects.filter(pk=alice_contact.pk).update(communicate_through=bob_contact)
    Contact.objects.filter(pk=carol.pk).update(communicate_through=alice_contact)
    assert best(carol) == by_sql(carol)[0] == ALICE_NUMBER


@pytest.mark.parametrize("whose", ["her own", "her neighbour's"])
def test_an_opt_out_of_everything_leaves_no_address_whoever_of_the_two_said_it(
    carol, alice_contact, whose
) -> None:
    Contact.objects.filter(pk=carol.pk).update(communicate_through=alice_contact)
    silent = carol if whose == "her own" else alice_contact
    Contact.objects.filter(pk=silent.pk).update(opted_out_at=LONG_AGO)
    assert best(carol) is None
    assert by_sql(carol) == (None, True)


def test_orm_and_sql_agree_on_every_mixture(carol, alice_contact) -> None:
    """All states of two addresses of either person, crossed with who opted out and through whom it goes."""
    draw = random.Random(7)
    states = list(product([None, LONG_AGO], [False, True], [False, True]))
    mixtures = list(product(states, states, [None, alice_contact], [None, LONG_AGO], [None, LONG_AGO]))
    for first, second, through, own_word, other_word in draw.sample(mixtures, 120):
        Address.objects.all().delete()
        Contact.objects.filter(pk=carol.pk).update(communicate_through=through, opted_out_at=own_word)
        Contact.objects.filter(pk=alice_contact.pk).update(opted_out_at=other_word)
        for person, values in ((carol, (ALICE_NUMBER, BOB_NUMBER)), (alice_contact, (THIRD, FOURTH))):
            for value, (stopped, inactive, default) in zip(values, (first, second), strict=True):
                default = default and not person.addresses.filter(is_default=True).exists()
                number(person, value, opted_out_at=stopped, inactive=inactive, is_default=default)
        found, closed = by_sql(carol)
        assert found == best(carol)
        assert not (found and closed)
        assert closed or found or all(state[1] for state in (first, second))


def test_one_statement_finds_the_addresses(carol, alice_contact) -> None:
    Contact.objects.filter(pk=carol.pk).update(communicate_through=alice_contact)
    with statements(1):
        assert usable_addresses(contact_id=carol.pk, kind="msisdn") == [ALICE_NUMBER]


# --- changing them -----------------------------------------------------------------


def test_a_new_default_takes_the_place_of_the_old_one(bob_contact) -> None:
    set_default_address(contact_id=bob_contact.pk, kind="msisdn", value=ALICE_NUMBER)
    assert best(bob_contact) == ALICE_NUMBER
    assert bob_contact.addresses.filter(is_default=True).count() == 1


def test_adding_what_is_there_changes_nothing_but_brings_it_back_into_use(bob_contact) -> None:
    bob_contact.addresses.update(inactive=True)
    add_address(contact_id=bob_contact.pk, kind="msisdn", value=BOB_NUMBER)
    [address] = bob_contact.addresses.all()
    assert (address.inactive, address.is_default) == (False, True)


def test_an_address_cannot_be_added_to_nobody(db) -> None:
    with pytest.raises(Contact.DoesNotExist):
        add_address(contact_id=Contact().pk, kind="msisdn", value=BOB_NUMBER)


def test_replacing_makes_the_list_exactly_what_was_sent(bob_contact) -> None:
    kept = bob_contact.addresses.get()
    replace_addresses(
        contact_id=bob_contact.pk,
        records=[
            AddressRecord("msisdn", BOB_NUMBER, inactive=True, details={"changed_to": ALICE_NUMBER}),
            AddressRecord("msisdn", ALICE_NUMBER, is_default=True),
        ],
    )
    old, new = bob_contact.addresses.order_by("created_at")
    assert (old.pk, old.inactive, old.is_default, old.details) == (
        kept.pk,
        True,
        False,
        {"changed_to": ALICE_NUMBER},
    )
    assert (new.value, new.is_default) == (ALICE_NUMBER, True)
    replace_addresses(contact_id=bob_contact.pk, records=[])
    assert not bob_contact.addresses.exists()


def test_of_two_defaults_the_last_counts(bob_contact) -> None:
    replace_addresses(
        contact_id=bob_contact.pk,
        records=[
            AddressRecord("msisdn", BOB_NUMBER, is_default=True),
            AddressRecord("msisdn", ALICE_NUMBER, is_default=True),
        ],
    )
    assert best(bob_contact) == ALICE_NUMBER


def test_an_opt_out_survives_that_its_address_is_removed_and_comes_back(bob_contact) -> None:
    opt_out(kind="stop", contact_ids=[bob_contact.pk], address=("msisdn", BOB_NUMBER), source="sms")
    replace_addresses(
        contact_id=bob_contact.pk, records=[AddressRecord("msisdn", BOB_NUMBER, is_default=True)]
    )
    assert best(bob_contact) is None
    replace_addresses(contact_id=bob_contact.pk, records=[])
    replace_addresses(contact_id=bob_contact.pk, records=[AddressRecord("msisdn", BOB_NUMBER)])
    assert best(bob_contact) is None
    bob_contact.addresses.all().delete()
    add_address(contact_id=bob_contact.pk, kind="msisdn", value=BOB_NUMBER)
    assert best(bob_contact) is None


def test_replacing_costs_the_same_for_one_address_and_for_twenty(bob_contact) -> None:
    def many(count: int) -> list[AddressRecord]:
        return [AddressRecord("msisdn", f"+2782000{n:04}") for n in range(count)]

    for count in (1, 20):
        replace_addresses(contact_id=bob_contact.pk, records=[AddressRecord("msisdn", BOB_NUMBER)])
        with statements(7):
            replace_addresses(contact_id=bob_contact.pk, records=many(count))


def test_an_address_that_its_holder_stopped_is_stopped_for_whoever_gets_it(
    alice_contact, bob_contact
) -> None:
    opt_out(kind="stop", address=("msisdn", ALICE_NUMBER), source="sms")
    add_address(contact_id=bob_contact.pk, kind="msisdn", value=ALICE_NUMBER, is_default=True)
    assert usable_addresses(contact_id=bob_contact.pk, kind="msisdn") == [BOB_NUMBER]
    replace_addresses(contact_id=bob_contact.pk, records=[AddressRecord("msisdn", BOB_NUMBER)])
    replace_addresses(contact_id=bob_contact.pk, records=[AddressRecord("msisdn", ALICE_NUMBER)])
    assert usable_addresses(contact_id=bob_contact.pk, kind="msisdn") == []


def test_looking_for_active_addresses_leaves_the_retired_ones_out(alice_contact, bob_contact) -> None:
    number(bob_contact, ALICE_NUMBER, inactive=True)
    assert set(find_by_address(kind="msisdn", value=ALICE_NUMBER)) == {alice_contact, bob_contact}
    assert list(find_by_address(kind="msisdn", value=ALICE_NUMBER, active_only=True)) == [alice_contact]


def test_addresses_are_taken_from_one_person_or_one_address_from_all(alice_contact, bob_contact) -> None:
    number(bob_contact, ALICE_NUMBER)
    assert remove_addresses(kind="msisdn", value=ALICE_NUMBER) == 2
    assert remove_addresses(kind="email", contact_id=bob_contact.pk) == 0
    assert remove_addresses(kind="msisdn", contact_id=bob_contact.pk) == 1
    assert not Address.objects.exists()


def test_nothing_is_taken_from_nobody_in_particular(alice_contact) -> None:
    with pytest.raises(ValueError, match="Name a person"):
        remove_addresses(kind="msisdn")
    assert alice_contact.addresses.exists()
