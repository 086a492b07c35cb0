"""Changing a set's numbers while workers send it, on PostgreSQL."""

from __future__ import annotations

from collections import defaultdict

import pytest

from outbox.models import Delivery
from stagebased import planner
from stagebased.models import Message, MessageSet, Subscription
from stagebased.operations.content import insert_stage, move_stage, remove_stage, save_message
from stagebased.operations.send import send_now
from stagebased.slots import record_due_slots
from tests.outbox.conftest import together
from tests.stagebased.conftest import DAY, MORNING
from tests.stagebased.test_planner_at_size import fill

pytestmark = pytest.mark.postgres
ENG = "eng_ZA"


def heard() -> dict[object, list[str]]:
    found = defaultdict(list)
    for cause, text in Delivery.objects.filter(text__gt="").order_by("id").values_list("cause", "text"):
        found[cause].append(text)
    return found


@pytest.fixture
def alphabet(make_set, settings) -> MessageSet:
    settings.PLANNER_BATCH = 20
    return make_set("alphabet", dict(enumerate("ABCDEF", start=1)))


def test_nobody_jumps_or_hears_one_twice_whatever_comes_first(transactional_db, alphabet, daily) -> None:
    """Two workers send three slots while stages are inserted, moved and removed."""
    fill(400, alphabet, daily)
    days = [MORNING + day * DAY for day in range(3)]

    def worker() -> None:
        for now in days:
            record_due_slots(now)
            planner.plan(now)

    def editor() -> None:
        for number, text in enumerate("vwxyz"):
            insert_stage(message_set_id=alphabet.pk, at=1 + number % 3, texts={ENG: text})
        remove_stage(message_set_id=alphabet.pk, number=1)
        move_stage(message_set_id=alphabet.pk, number=6, to=2)
        move_stage(message_set_id=alphabet.pk, number=3, to=8)

    together(worker, worker, editor)
    for day in range(3, 14):
        record_due_slots(MORNING + day * DAY)
        planner.plan(MORNING + day * DAY)
    assert not Subscription.objects.filter(completed=False).exists()
    found = heard()
    assert len(found) == 400
    for texts in found.values():
        assert len(set(texts)) == len(texts)
        assert set("ABCDEF") <= set(texts)


def test_sending_by_hand_waits_for_the_new_numbers_too(transactional_db, alphabet, subscribe) -> None:
    people = [subscribe(alphabet, next_sequence_number=2) for _ in range(10)]

    def sender() -> None:
        for one in people:
            send_now(subscription_id=one.pk)

    together(sender, lambda: insert_stage(message_set_id=alphabet.pk, at=2, texts={ENG: "x"}))
    for one in people:
        while Subscription.objects.filter(pk=one.pk, completed=False).exists():
            send_now(subscription_id=one.pk)
    assert {"".join(texts) for texts in heard().values()} <= {"BCDEF", "xBCDEF"}


def test_texts_written_at_the_same_moment_are_editions_of_their_own(transactional_db, alphabet) -> None:
    def write(number: int) -> None:
        for turn in range(5):
            message = Message.objects.get(messageset=alphabet, sequence_number=number)
            message.text_content = f"{number}, {turn}"
            save_message(message=message, changed=["text_content"])

    together(*[lambda n=number: write(n) for number in (1, 2, 3)])
    alphabet.refresh_from_db()
    editions = list(alphabet.revisions.values_list("edition", flat=True))
    assert (alphabet.edition, sorted(editions)) == (15, list(range(1, 16)))
