"""Failed deliveries in a row, per address."""

import pytest

from contacts.models import Address
from contacts.operations import best_address, record_failures, record_successes
from tests.contacts.conftest import ALICE_NUMBER, BOB_NUMBER, statements


def counts() -> dict[str, int]:
    return dict(Address.objects.values_list("value", "failures_in_a_row"))


def test_failures_add_up_and_one_delivery_starts_anew(alice_contact, bob_contact) -> None:
    record_failures(kind="msisdn", values=[ALICE_NUMBER, BOB_NUMBER, ALICE_NUMBER])
    record_failures(kind="msisdn", values=[ALICE_NUMBER])
    assert counts() == {ALICE_NUMBER: 3, BOB_NUMBER: 1}
    record_successes(kind="msisdn", values=[ALICE_NUMBER])
    assert counts() == {ALICE_NUMBER: 0, BOB_NUMBER: 1}


def test_a_shared_number_counts_for_all_who_have_it(alice_contact, bob_contact) -> None:
    Address.objects.create(contact=bob_contact, kind="msisdn", value=ALICE_NUMBER)
    record_failures(kind="msisdn", values=[ALICE_NUMBER])
    assert list(Address.objects.filter(value=ALICE_NUMBER).values_list("failures_in_a_row", flat=True)) == [
        1,
        1,
    ]


def test_by_default_no_address_is_given_up(alice_contact) -> None:
    assert record_failures(kind="msisdn", values=[ALICE_NUMBER] * 100) == []
    assert best_address(contact_id=alice_contact.pk, kind="msisdn") == ALICE_NUMBER


def test_an_address_that_keeps_failing_makes_room_for_the_next(settings, alice_contact) -> None:
    settings.ADDRESS_MAX_FAILURES = 3
    Address.objects.create(contact=alice_contact, kind="msisdn", value=BOB_NUMBER)
    assert record_failures(kind="msisdn", values=[ALICE_NUMBER] * 2) == []
    assert record_failures(kind="msisdn", values=[ALICE_NUMBER]) == [ALICE_NUMBER]
    assert best_address(contact_id=alice_contact.pk, kind="msisdn") == BOB_NUMBER


def test_the_counter_does_not_overflow(alice_contact) -> None:
    record_failures(kind="msisdn", values=[ALICE_NUMBER] * 40_000)
    record_failures(kind="msisdn", values=[ALICE_NUMBER])
    assert counts() == {ALICE_NUMBER: 32_000}


@pytest.mark.parametrize("size", [1, 500])
def test_a_batch_costs_a_fixed_number_of_statements(alice_contact, size) -> None:
    Address.objects.bulk_create(
        Address(contact=alice_contact, kind="msisdn", value=f"+2783000{n:04}") for n in range(size)
    )
    values = [f"+2783000{n:04}" for n in range(size)]
    with statements(2):
        record_failures(kind="msisdn", values=values)
    with statements(2):
        record_successes(kind="msisdn", values=values)


def test_nothing_to_count_costs_nothing(db) -> None:
    with statements(0):
        record_failures(kind="msisdn", values=[])
