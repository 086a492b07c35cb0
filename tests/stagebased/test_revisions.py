"""What was published is on record, and a send that is under way keeps the texts it began with."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
from django.apps import apps

from outbox.models import Delivery
from stagebased import planner
from stagebased.errors import UnknownMessage
from stagebased.models import DueSlot, Message, MessageSet, Revision, Subscription, Welcome
from stagebased.operations.content import (
    check_message,
    delete_message,
    insert_stage,
    save_message,
    save_welcome,
)
from stagebased.operations.send import greet, send_schedule
from stagebased.planner import run
from stagebased.planner.batch import Shelf
from stagebased.slots import record_due_slots
from tests.stagebased.conftest import DAY, MINUTE, MORNING, again, deliveries, texts, tick

pytestmark = pytest.mark.django_db


def publish(messageset: MessageSet, number: int, text: str, lang: str = "eng_ZA") -> Message:
    """What an API client's POST or PATCH comes to."""
    place = {"messageset": messageset, "sequence_number": number, "lang": lang}
    message = Message.objects.filter(**place).first()
    if message is None:
        return save_message(message=Message(**place, text_content=text))
    message.text_content = text
    return save_message(message=message, changed=["text_content"])


def edition(messageset: MessageSet) -> int:
    return again(messageset).edition


@pytest.fixture
def course(make_set) -> MessageSet:
    made = make_set("course", {})
    for number, text in enumerate(["Welcome", "Eat well", "Nearly there"], start=1):
        publish(made, number, text)
    return made


def test_each_publication_is_a_new_edition_with_a_record_of_the_text(course, alice) -> None:
    message = course.messages.get(sequence_number=1)
    message.text_content = "Hello"
    save_message(message=message, changed=["text_content"], by=alice)
    first, second = Revision.objects.filter(message=message).order_by("edition")
    assert (first.text_content, second.text_content) == ("Welcome", "Hello")
    assert (first.edition, second.edition, edition(course)) == (1, 4, 4)
    assert (second.sequence_number, second.lang, second.published_by) == (1, "eng_ZA", alice)
    assert again(message).revision == second


def test_what_says_the_same_is_no_new_revision(course) -> None:
    message = course.messages.get(sequence_number=1)
    before = message.revision_id
    save_message(message=message, changed=["text_content", "lang", "metadata"])
    assert (again(message).revision_id, message.revisions.count()) == (before, 1)
    message.sequence_number = 9
    save_message(message=message, changed=["sequence_number"])
    assert again(message).revision_id == before


def test_a_change_of_one_field_records_what_is_stored_in_the_others(course) -> None:
    mine, theirs = (Message.objects.get(messageset=course, sequence_number=1) for _ in range(2))
    theirs.text_content = "Theirs"
    save_message(message=theirs, changed=["text_content"])
    mine.metadata = {"flash": True}
    save_message(message=mine, changed=["metadata"])
    latest = again(mine).revision
    assert (latest.text_content, latest.metadata) == ("Theirs", {"flash": True})
    assert again(mine).text_content == "Theirs"


def test_a_revision_cannot_be_changed(course) -> None:
    revision = Revision.objects.first()
    revision.text_content = "Something else"
    with pytest.raises(TypeError, match="never changed"):
        revision.save()


def test_a_removed_message_leaves_its_record(course) -> None:
    message = course.messages.get(sequence_number=2)
    delete_message(message=message)
    kept = Revision.objects.get(pk=message.revision_id)
    assert (kept.text_content, kept.message, kept.sequence_number) == ("Eat well", None, 2)
    assert edition(course) == 4


def test_a_message_that_has_just_been_removed_is_not_changed(course) -> None:
    message = course.messages.get(sequence_number=2)
    Message.objects.all().delete()
    with pytest.raises(UnknownMessage):
        save_message(message=message, changed=["text_content"])
    check_message(message)


def test_a_delivery_tells_which_revision_it_carried(course, subscribe) -> None:
    mary = subscribe(course)
    tick(MORNING)
    publish(course, 1, "Corrected")
    [sent] = deliveries(mary)
    carried = Revision.objects.get(pk=sent.options["message"]["revision"])
    assert (carried.text_content, sent.text) == ("Welcome", "Welcome")


def test_so_does_a_welcome(course, subscribe) -> None:
    welcome = save_welcome(
        welcome=Welcome(messageset=course, lang="eng_ZA", text_content="Good that you came")
    )
    mary = subscribe(course)
    assert greet(subscription_ids=[mary.pk], now=MORNING) == 1
    [sent] = deliveries(mary)
    carried = Revision.objects.get(pk=sent.options["message"]["revision"])
    assert (carried.sequence_number, carried.text_content) == (0, "Good that you came")
    assert carried.pk == welcome.revision_id


def test_an_edit_counts_from_the_next_slot_on(course, subscribe) -> None:
    mary = subscribe(course)
    tick(MORNING)
    publish(course, 2, "Eat very well")
    tick(MORNING + DAY)
    assert texts(mary) == ["Welcome", "Eat very well"]


# --- a send that is under way ---------------------------------------------------------


@pytest.fixture
def one_by_one(settings) -> None:
    """Each batch is one subscription, so that there is a middle to do something in."""
    settings.PLANNER_BATCH = 1


def batch(shelf: Shelf | None = None) -> Shelf:
    """One batch of the open slot, by a worker that has this shelf or comes anew."""
    slot = DueSlot.objects.select_related("schedule").get(state="planning")
    shelf = run._shelf(slot, shelf)
    run._batch(slot, shelf, MORNING)
    return shelf


def sent() -> list[str]:
    return list(Delivery.objects.order_by("id").values_list("text", flat=True))


@pytest.mark.usefixtures("one_by_one")
def test_everybody_gets_the_text_that_the_slot_began_with(course, subscribe) -> None:
    for _ in range(4):
        subscribe(course)
    record_due_slots(MORNING)
    kept = batch()
    publish(course, 1, "Corrected")
    batch(kept)
    batch()  # Another worker, who has never seen the old text.
    planner.plan(MORNING)
    assert sent() == ["Welcome"] * 4


@pytest.mark.usefixtures("one_by_one")
def test_a_message_published_meanwhile_goes_out_with_its_first_text(course, subscribe) -> None:
    early, late = sorted([subscribe(course), subscribe(course)], key=lambda one: one.pk)
    Subscription.objects.filter(pk=late.pk).update(next_sequence_number=4)
    record_due_slots(MORNING)
    batch()
    publish(course, 4, "New")
    publish(course, 4, "New, corrected")
    batch()
    assert (texts(early), texts(late)) == (["Welcome"], ["New"])


@pytest.mark.usefixtures("one_by_one")
def test_a_slot_that_is_triggered_again_begins_with_todays_texts(course, subscribe, daily) -> None:
    subscribe(course)
    tick(MORNING)
    publish(course, 1, "Corrected")
    late = subscribe(course, created_at=MORNING + MINUTE)
    send_schedule(schedule_id=daily.pk, now=MORNING + 2 * MINUTE)
    planner.plan(MORNING + 2 * MINUTE)
    assert texts(late) == ["Corrected"]


@pytest.mark.usefixtures("one_by_one")
@pytest.mark.parametrize("anew", [False, True], ids=["the same worker", "another worker"])
def test_new_numbers_count_at_once_and_texts_do_not(course, subscribe, anew: bool) -> None:
    people = sorted((subscribe(course, next_sequence_number=2) for _ in range(3)), key=lambda one: one.pk)
    record_due_slots(MORNING)
    kept = batch()
    publish(course, 2, "Eat very well")
    insert_stage(message_set_id=course.pk, at=2, texts={"eng_ZA": "Drink"})
    batch(None if anew else kept)
    batch(None if anew else kept)
    assert [texts(one) for one in people] == [["Eat well"], ["Drink"], ["Drink"]]
    assert [again(one).next_sequence_number for one in people] == [4, 3, 3]


def test_reading_a_set_costs_two_statements_and_a_third_after_a_change(
    course, django_assert_num_queries
) -> None:
    shelf = Shelf()
    with django_assert_num_queries(2):
        shelf.fetch({course.pk})
    with django_assert_num_queries(1):
        shelf.fetch({course.pk})
    publish(course, 1, "Corrected")
    with django_assert_num_queries(4):
        shelf.fetch({course.pk})
    assert shelf[course.pk].messages[1]["eng_ZA"].text == "Welcome"


def test_messages_that_came_in_another_way_are_sent_too(make_set, subscribe) -> None:
    """Written past the operations, by a script or an older version: sent, though there is no record."""
    mary = subscribe(make_set("plain", {1: "Hello"}))
    tick(MORNING)
    [sent_one] = deliveries(mary)
    assert sent_one.text == "Hello"
    assert "revision" not in sent_one.options["message"]


def test_their_first_change_is_recorded_even_when_it_says_the_same(make_set) -> None:
    plain = make_set("plain", {1: "Hello"})
    message: Any = plain.messages.get()
    save_message(message=message, changed=["text_content"])
    assert again(message).revision.text_content == "Hello"


def test_what_an_older_version_had_published_is_put_on_record(make_set) -> None:
    plain = make_set("plain", {1: "Hello", 2: "Bye"})
    Welcome.objects.create(messageset=plain, lang="eng_ZA", text_content="Good that you came")
    import_module("stagebased.migrations.0008_first_revisions").record(apps, None)
    kept = Revision.objects.order_by("sequence_number").values_list("edition", "text_content", "message")
    first, second = plain.messages.order_by("sequence_number")
    assert list(kept) == [(1, "Good that you came", None), (1, "Hello", first.pk), (1, "Bye", second.pk)]
    assert first.revision.published_at == first.updated_at
    assert (edition(plain), plain.welcomes.get().revision.sequence_number) == (1, 0)
