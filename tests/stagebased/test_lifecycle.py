"""A set's life: written in preparation, activated when complete, copied."""

from __future__ import annotations

import pytest

from stagebased.errors import Refused, UnknownMessageSet
from stagebased.models import BinaryContent, Draft, Message, MessageSet, Revision, Subscription, Welcome
from stagebased.operations.content import (
    Incomplete,
    Level,
    Place,
    activate,
    check_completeness,
    clone,
    copy_language,
    save_draft,
    save_message,
)
from tests.stagebased.conftest import DAY, MORNING, again, deliveries, texts, tick

pytestmark = pytest.mark.django_db
ENG, ZUL = "eng_ZA", "zul_ZA"


def found(messageset: MessageSet, *, drafts: bool = False) -> list[tuple[str, int | None, str]]:
    findings = check_completeness(message_set_id=messageset.pk, drafts=drafts)
    return [(one.code, one.number, one.lang) for one in findings]


def write(messageset: MessageSet, number: int, text: str, lang: str = ENG) -> None:
    save_draft(message_set_id=messageset.pk, place=Place(number, lang), text_content=text)


def in_preparation(messageset: MessageSet) -> MessageSet:
    MessageSet.objects.filter(pk=messageset.pk).update(state="draft")
    return again(messageset)


# --- completeness ---------------------------------------------------------------------


def test_a_complete_set_has_no_findings(make_set) -> None:
    assert found(make_set("two", {1: {ENG: "a", ZUL: "b"}, 2: {ENG: "c", ZUL: "d"}})) == []


def test_each_gap_of_a_language_is_named(make_set) -> None:
    patchy = make_set("patchy", {1: {ENG: "a", ZUL: "b"}, 2: {ENG: "c"}, 3: {ZUL: "d"}})
    assert found(patchy) == [("no_message", 2, ZUL), ("no_message", 3, ENG)]
    [first, _] = check_completeness(message_set_id=patchy.pk)
    assert (first.level, first.detail) == (Level.ERROR, "Message 2 of patchy is missing in zul_ZA.")


def test_a_language_that_may_fall_back_needs_no_text_of_its_own(make_set) -> None:
    patchy = make_set("patchy", {1: {ENG: "a", ZUL: "b"}, 2: {ENG: "c"}}, fall_back=True)
    assert found(patchy) == [("no_message", 2, ZUL)]
    patchy.fallback_languages = "xho_ZA, eng_ZA"
    patchy.save()
    assert found(patchy) == []


def test_the_languages_of_subscribers_count_too(make_set, subscribe) -> None:
    one = make_set("one", {1: "a"})
    subscribe(one, lang="fra_FR")
    subscribe(one, lang="deu_DE", active=False)
    assert found(one) == [("no_message", 1, "fra_FR")]


def test_what_the_channel_would_refuse_is_found(make_set) -> None:
    odd = make_set("odd", {1: " \n", 2: "x" * 5000, 3: "fine"})
    assert found(odd) == [("empty_text", 1, ENG), ("too_long", 2, ENG)]


def test_a_shared_fall_back_is_named_once(make_set, subscribe) -> None:
    odd = make_set("odd", {1: " "}, fall_back=True, default_language=ENG)
    for lang in ("fra_FR", "deu_DE"):
        subscribe(odd, lang=lang)
    assert found(odd) == [("empty_text", 1, ENG)]


def test_a_welcome_has_to_be_complete_as_well(make_set) -> None:
    two = make_set("two", {1: {ENG: "a", ZUL: "b"}})
    Welcome.objects.create(messageset=two, lang=ENG, text_content="Hello")
    assert found(two) == [("no_message", 0, ZUL)]


def test_an_audio_set_needs_files(make_set, voice) -> None:
    spoken = make_set("spoken", {1: "only a text"}, content_type="audio", channel="voice")
    assert found(spoken) == [("empty_text", 1, ENG)]
    file = BinaryContent.objects.create(content="content/a.mp3", size=1)
    Message.objects.update(binary_content=file)
    assert found(spoken) == []


def test_an_empty_set_is_not_complete(make_set) -> None:
    assert found(make_set("empty", {})) == [("no_messages", None, "")]


def test_passed_over_numbers_and_an_unready_successor_are_warnings(make_set) -> None:
    following = in_preparation(make_set("following", {1: "x"}))
    first = make_set("first", {1: "a", 4: "b"}, next_set=following)
    findings = check_completeness(message_set_id=first.pk)
    assert [(one.level, one.code) for one in findings] == [
        (Level.WARNING, "gap"),
        (Level.WARNING, "next_set_in_preparation"),
    ]
    assert "2, 3" in findings[0].detail


def test_it_can_be_asked_as_if_the_drafts_were_published(make_set) -> None:
    two = make_set("two", {1: {ENG: "a", ZUL: "b"}, 2: {ENG: "c"}})
    write(two, 2, "d", ZUL)
    write(two, 1, " ")
    write(two, 3, "e")
    assert found(two) == [("no_message", 2, ZUL)]
    assert found(two, drafts=True) == [("empty_text", 1, ENG), ("no_message", 3, ZUL)]


def test_it_costs_the_same_for_many_stages(make_set, django_assert_num_queries) -> None:
    long = make_set("long", {number: {ENG: "a", ZUL: "b"} for number in range(1, 60)})
    with django_assert_num_queries(6):
        check_completeness(message_set_id=long.pk, drafts=True)


# --- in preparation, and active -------------------------------------------------------


def test_a_set_in_preparation_sends_nothing_and_goes_on_by_itself_when_it_is_active(
    pregnancy, subscribe
) -> None:
    mary = subscribe(pregnancy)
    in_preparation(pregnancy)
    tick(MORNING)
    [failed] = deliveries(mary)
    assert (failed.state, failed.reason) == ("failed", "in_preparation")
    activate(message_set_id=pregnancy.pk)
    tick(MORNING + DAY)
    assert texts(mary) == ["Welcome"]


def test_activating_publishes_the_drafts(make_set, alice) -> None:
    new = in_preparation(make_set("new", {}))
    write(new, 1, "Hello")
    activate(message_set_id=new.pk, by=alice)
    assert (again(new).state, new.messages.get().text_content) == ("active", "Hello")
    assert Revision.objects.get().published_by == alice


def test_what_is_incomplete_stays_in_preparation_with_its_drafts(make_set) -> None:
    new = in_preparation(make_set("new", {1: {ENG: "a", ZUL: "b"}}))
    write(new, 2, "c")
    with pytest.raises(Incomplete) as refused:
        activate(message_set_id=new.pk)
    assert [(one.number, one.lang) for one in refused.value.findings] == [(2, ZUL)]
    assert (again(new).state, Draft.objects.count(), new.messages.count()) == ("draft", 1, 2)


def test_a_set_made_by_a_program_is_active_at_once(make_set) -> None:
    assert make_set("new", {}).state == "active"


def test_activating_tells_what_is_still_worth_a_look(make_set) -> None:
    new = in_preparation(make_set("new", {1: "a", 3: "b"}))
    assert [one.code for one in activate(message_set_id=new.pk)] == ["gap"]


# --- copies ---------------------------------------------------------------------------


def test_a_clone_says_the_same_and_nobody_is_on_it(make_set, subscribe, alice) -> None:
    following = make_set("following", {})
    original = make_set(
        "original", {1: "Hello", 2: {ZUL: "Bye"}}, next_set=following, fall_back=True, notes="Why"
    )
    Welcome.objects.create(messageset=original, lang=ENG, text_content="Good that you came")
    write(original, 2, "Draft")
    subscribe(original)
    made = clone(message_set_id=original.pk, short_name="copy", label="A copy", by=alice)
    assert (made.state, made.label, made.next_set, made.notes) == ("draft", "A copy", following, "Why")
    assert made.fall_back
    rows = made.messages.values_list("sequence_number", "lang", "text_content")
    assert list(rows) == [(1, ENG, "Hello"), (2, ZUL, "Bye")]
    assert made.welcomes.get().text_content == "Good that you came"
    assert made.drafts.get().text_content == "Draft"
    assert Revision.objects.filter(messageset=made, published_by=alice).count() == 3
    assert original.messages.count() == 2
    assert not Subscription.objects.filter(messageset=made).exists()


def test_its_texts_are_its_own(make_set) -> None:
    original = make_set("original", {1: "Hello"})
    made = clone(message_set_id=original.pk, short_name="copy")
    message = made.messages.get()
    message.text_content = "Changed"
    save_message(message=message, changed=["text_content"])
    assert original.messages.get().text_content == "Hello"


def test_a_taken_name_is_refused(make_set) -> None:
    original = make_set("original", {1: "Hello"})
    with pytest.raises(Refused):
        clone(message_set_id=original.pk, short_name="original")
    assert MessageSet.objects.count() == 1


def test_a_language_is_copied_as_drafts(make_set) -> None:
    one = make_set("one", {1: {ENG: "a", ZUL: "z"}, 2: "b", 3: "c"})
    Welcome.objects.create(messageset=one, lang=ENG, text_content="w")
    write(one, 3, "c, better")
    write(one, 4, "d")
    write(one, 4, "taken", ZUL)
    assert copy_language(message_set_id=one.pk, source=ENG, target=ZUL) == 3
    copies = Draft.objects.filter(lang=ZUL).values_list("sequence_number", "text_content")
    assert list(copies.order_by("sequence_number")) == [(0, "w"), (2, "b"), (3, "c, better"), (4, "taken")]
    assert one.messages.filter(lang=ZUL).count() == 1


def test_what_is_no_language_is_refused(pregnancy) -> None:
    with pytest.raises(Refused):
        copy_language(message_set_id=pregnancy.pk, source=ENG, target="Zulu")


def test_an_unknown_set_is_an_error(db) -> None:
    for operation in (
        lambda: check_completeness(message_set_id=77),
        lambda: activate(message_set_id=77),
        lambda: clone(message_set_id=77, short_name="x"),
        lambda: copy_language(message_set_id=77, source=ENG, target=ZUL),
    ):
        with pytest.raises(UnknownMessageSet):
            operation()
