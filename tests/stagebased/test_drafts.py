"""Writing without sending, and publishing a whole set at once."""

from __future__ import annotations

import pytest

from stagebased.errors import Refused, UnknownMessageSet
from stagebased.models import Draft, Message, MessageSet, Revision, Welcome
from stagebased.operations.content import (
    Place,
    delete_message,
    discard_drafts,
    publish,
    save_draft,
    save_message,
)
from tests.stagebased.conftest import DAY, MORNING, again, texts, tick

pytestmark = pytest.mark.django_db
ENG = "eng_ZA"


def write(messageset: MessageSet, number: int, text: str, lang: str = ENG, **fields) -> Draft | None:
    return save_draft(message_set_id=messageset.pk, place=Place(number, lang), text_content=text, **fields)


def correct(messageset: MessageSet, number: int, text: str) -> None:
    """What an API client's PATCH comes to."""
    message = messageset.messages.get(sequence_number=number)
    message.text_content = text
    save_message(message=message, changed=["text_content"])


def published(messageset: MessageSet) -> dict[str, str | None]:
    rows = messageset.messages.values_list("sequence_number", "lang", "text_content")
    return {f"{number} {lang}": text for number, lang, text in rows}


def test_nothing_of_a_draft_is_sent_before_it_is_published(pregnancy, subscribe, alice) -> None:
    mary = subscribe(pregnancy)
    write(pregnancy, 1, "Good morning", by=alice)
    tick(MORNING)
    write(pregnancy, 2, "Eat fruit")
    publish(message_set_id=pregnancy.pk, by=alice)
    tick(MORNING + DAY)
    assert texts(mary) == ["Welcome", "Eat fruit"]


def test_publishing_takes_all_of_the_set_in_one_edition(pregnancy, make_set, alice) -> None:
    other = make_set("other", {1: "One"})
    write(other, 1, "Waits")
    write(pregnancy, 1, "Good morning")
    write(pregnancy, 4, "Congratulations")
    write(pregnancy, 1, "Sawubona", "zul_ZA")
    write(pregnancy, 0, "You have joined")
    done = publish(message_set_id=pregnancy.pk, by=alice)
    assert (done.texts, done.edition) == (4, again(pregnancy).edition)
    assert published(pregnancy) == {
        "1 eng_ZA": "Good morning",
        "1 zul_ZA": "Sawubona",
        "2 eng_ZA": "Eat well",
        "3 eng_ZA": "Nearly there",
        "4 eng_ZA": "Congratulations",
    }
    assert Welcome.objects.get().text_content == "You have joined"
    made = Revision.objects.filter(messageset=pregnancy)
    assert set(made.values_list("edition", "published_by")) == {(done.edition, alice.pk)}
    assert Welcome.objects.get().revision.sequence_number == 0
    assert list(Draft.objects.values_list("messageset", flat=True)) == [other.pk]


def test_single_places_can_be_published_or_discarded(pregnancy) -> None:
    for number in (1, 2, 3):
        write(pregnancy, number, f"Draft {number}")
    assert publish(message_set_id=pregnancy.pk, places=[Place(2, ENG)]).texts == 1
    assert discard_drafts(message_set_id=pregnancy.pk, places=[Place(3, ENG), Place(9, ENG)]) == 1
    assert list(Draft.objects.values_list("sequence_number", flat=True)) == [1]
    assert published(pregnancy)["2 eng_ZA"] == "Draft 2"
    assert discard_drafts(message_set_id=pregnancy.pk) == 1


def test_one_text_that_cannot_be_sent_keeps_all_back(pregnancy) -> None:
    write(pregnancy, 1, "Good morning")
    write(pregnancy, 2, "“Quoted”")
    write(pregnancy, 3, "x" * 5000)
    write(pregnancy, 4, " ")
    write(pregnancy, 0, "")
    with pytest.raises(Refused) as refused:
        publish(message_set_id=pregnancy.pk)
    assert list(refused.value.errors) == ["welcome eng_ZA", "2 eng_ZA", "3 eng_ZA", "4 eng_ZA"]
    assert published(pregnancy)["1 eng_ZA"] == "Welcome"
    assert (Draft.objects.count(), again(pregnancy).edition) == (5, 0)


def test_what_says_the_same_as_what_is_published_is_no_draft(pregnancy) -> None:
    assert write(pregnancy, 1, "Good morning") is not None
    assert write(pregnancy, 1, "Welcome") is None
    assert not Draft.objects.exists()


def test_writing_again_keeps_one_draft_and_what_it_was_based_on(pregnancy, alice, bob) -> None:
    correct(pregnancy, 1, "First")
    write(pregnancy, 1, "Mine", by=alice)
    based_on = Draft.objects.get().based_on
    correct(pregnancy, 1, "Second")
    write(pregnancy, 1, "Mine, better", by=bob)
    draft = Draft.objects.get()
    assert (draft.text_content, draft.updated_by, draft.based_on) == ("Mine, better", bob, based_on)
    assert based_on.text_content == "First"


def test_a_change_by_the_api_meanwhile_is_not_overwritten_unseen(pregnancy) -> None:
    write(pregnancy, 1, "Mine")
    write(pregnancy, 7, "New")
    correct(pregnancy, 1, "Theirs")
    save_message(
        message=Message(messageset=pregnancy, sequence_number=7, lang=ENG, text_content="Theirs too")
    )
    with pytest.raises(Refused) as refused:
        publish(message_set_id=pregnancy.pk)
    assert list(refused.value.errors) == ["1 eng_ZA", "7 eng_ZA"]
    assert publish(message_set_id=pregnancy.pk, overwrite=True).texts == 2
    assert published(pregnancy)["1 eng_ZA"] == "Mine"


def test_nor_is_a_removal(pregnancy) -> None:
    correct(pregnancy, 1, "First")
    write(pregnancy, 1, "Mine")
    delete_message(message=pregnancy.messages.get(sequence_number=1))
    with pytest.raises(Refused):
        publish(message_set_id=pregnancy.pk)
    publish(message_set_id=pregnancy.pk, overwrite=True)
    assert published(pregnancy)["1 eng_ZA"] == "Mine"


BAD = {
    "number": ({"place": Place(-1, ENG)}, "sequence_number"),
    "huge number": ({"place": Place(2**31, ENG)}, "sequence_number"),
    "language": ({"place": Place(1, "English")}, "lang"),
    "NUL": ({"text_content": "a\x00b"}, "text_content"),
    "surrogate": ({"text_content": "a\ud800"}, "text_content"),
    "novel": ({"text_content": "x" * 50_001}, "text_content"),
    "file": ({"binary_content_id": 77}, "binary_content"),
    "metadata": ({"metadata": [1]}, "metadata"),
    "welcome with metadata": ({"place": Place(0, ENG), "metadata": {"a": 1}}, "metadata"),
}


@pytest.mark.parametrize(("fields", "named"), BAD.values(), ids=BAD.keys())
def test_what_could_not_be_kept_is_refused(pregnancy, fields, named) -> None:
    with pytest.raises(Refused) as refused:
        save_draft(**({"message_set_id": pregnancy.pk, "place": Place(1, ENG)} | fields))
    assert list(refused.value.errors) == [named]
    assert not Draft.objects.exists()


def test_an_unknown_set_is_an_error(db) -> None:
    for operation in (
        lambda: publish(message_set_id=77),
        lambda: save_draft(message_set_id=77, place=Place(1, ENG), text_content="x"),
    ):
        with pytest.raises(UnknownMessageSet):
            operation()


def test_a_hundred_drafts_cost_as_much_as_three(make_set, django_assert_max_num_queries) -> None:
    long = make_set("long", {number: f"Text {number}" for number in range(1, 101)})
    for number in range(2, 152):
        write(long, number, f"Better text {number}")
    with django_assert_max_num_queries(14):
        assert publish(message_set_id=long.pk).texts == 150
