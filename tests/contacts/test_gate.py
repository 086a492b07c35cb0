"""No hand-over starts after an opt-out is committed."""

import threading
import time
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.db.transaction import TransactionManagementError

from contacts import gate
from contacts.models import Address, Contact
from contacts.operations import get_or_create_contact, opt_out
from tests.contacts.conftest import ALICE_NUMBER


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("take", [gate.shared, gate.exclusive, lambda: gate.for_address("x")])
def test_the_gate_belongs_to_a_transaction(take) -> None:
    with pytest.raises(TransactionManagementError):
        take()
    with transaction.atomic():
        take()


class Elsewhere(threading.Thread):
    """Another worker: runs ``work`` in a transaction of its own connection."""

    def __init__(self, work) -> None:
        super().__init__(daemon=True)
        self.work, self.ended, self.result, self.error = work, threading.Event(), None, None
        self.start()

    def run(self) -> None:
        try:
            with transaction.atomic():
                self.result = self.work()
        except Exception as error:  # noqa: BLE001 - reported by the test's thread
            self.error = error
        finally:
            connection.close()
            self.ended.set()

    def outcome(self):
        assert self.ended.wait(20)
        if self.error:
            raise self.error
        return self.result


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_hand_overs_run_beside_each_other() -> None:
    with transaction.atomic():
        gate.shared()
        assert Elsewhere(gate.shared).outcome() is None


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_an_opt_out_waits_for_the_hand_over_under_way_and_the_next_one_sees_it() -> None:
    contact = Contact.objects.create()
    Address.objects.create(contact=contact, kind="msisdn", value=ALICE_NUMBER)

    def hand_over():
        gate.shared()
        return Contact.objects.get(pk=contact.pk).opted_out_at

    with transaction.atomic():
        gate.shared()
        stop = Elsewhere(lambda: opt_out(kind="stopall", contact_ids=[contact.pk], source="sms"))
        time.sleep(0.3)
        assert not stop.ended.is_set(), "the opt-out did not wait for the hand-over"
        # A second hand-over may not slip in before the opt-out that waits already.
        late = Elsewhere(hand_over)
        time.sleep(0.3)
        assert not late.ended.is_set(), "a new hand-over overtook the waiting opt-out"
    assert len(stop.outcome()) == 1
    assert late.outcome() is not None, "the hand-over did not see the opt-out"


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_messages_from_an_unknown_number_at_once_make_one_person() -> None:
    both = threading.Barrier(2, timeout=20)

    def first_message():
        both.wait()
        return get_or_create_contact(msisdn=ALICE_NUMBER)

    workers = [Elsewhere(first_message), Elsewhere(first_message)]
    found = [worker.outcome() for worker in workers]
    assert sorted(created for _, created in found) == [False, True]
    assert Contact.objects.count() == 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_webhooks_for_one_person_at_once_make_one_person() -> None:
    identity, both = uuid4(), threading.Barrier(2, timeout=20)

    def webhook():
        both.wait()
        return get_or_create_contact(identity=identity, msisdn=ALICE_NUMBER)

    for worker in [Elsewhere(webhook), Elsewhere(webhook)]:
        assert worker.outcome()[0].pk == identity
    assert Address.objects.count() == 1
