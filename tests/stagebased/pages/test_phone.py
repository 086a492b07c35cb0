"""A stage as phones show it, and sending it to one's own."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from contacts.models import Address, Contact
from contacts.operations import opt_out
from outbox.models import Delivery
from stagebased.models import Message, MessageSet, Subscription, Welcome
from stagebased.operations import content, trial
from stagebased.operations.content import Place
from tests.stagebased.pages.conftest import address

ME = "+27820009999"


@pytest.fixture
def two(make_set) -> MessageSet:
    return make_set(
        "two",
        {1: {"eng_ZA": "Hello", "zul_ZA": "Sawubona"}, 2: {"eng_ZA": "Eat well"}, 4: {"eng_ZA": "Rest"}},
    )


def phones(client, message_set: MessageSet, **query: object) -> dict[str, list[str]]:
    found = client.get(address("phone", message_set), query).context["phones"]
    return {
        phone.lang: [bubble.step.text or bubble.step.reason for bubble in phone.bubbles] for phone in found
    }


def test_each_language_has_a_phone_with_the_stage_and_what_came_before(viewer, two) -> None:
    assert phones(viewer, two, stage=4) == {
        "eng_ZA": ["Hello", "Eat well", "Rest"],
        "zul_ZA": ["Sawubona", "no_message", "no_message"],
    }
    assert phones(viewer, two, stage=1)["eng_ZA"] == ["Hello"]


def test_drafts_are_shown_and_so_are_sets_in_preparation(viewer, two) -> None:
    content.save_draft(message_set_id=two.pk, place=Place(1, "eng_ZA"), text_content="Hello mama")
    MessageSet.objects.update(state="draft")
    assert phones(viewer, two)["eng_ZA"] == ["Hello mama"]


def test_the_welcome_comes_first_where_there_is_one(viewer, two) -> None:
    Welcome.objects.create(messageset=two, lang="eng_ZA", text_content="Welcome!")
    page = viewer.get(address("phone", two)).context
    assert (page["stage"], page["stages"], page["later"]) == (0, [0, 1, 2, 4], 1)
    assert phones(viewer, two, stage=1)["eng_ZA"] == ["Welcome!", "Hello"]


def test_a_language_that_falls_back_is_marked(viewer, two) -> None:
    MessageSet.objects.update(fall_back=True, default_language="eng_ZA")
    page = viewer.get(address("phone", two), {"stage": 2}).content.decode()
    assert "in eng_ZA" in page


@pytest.mark.parametrize("stage", ["x", "3", "99", "9" * 30, ""])
def test_a_stage_that_is_not_there_is_the_first(viewer, two, stage: str) -> None:
    assert viewer.get(address("phone", two), {"stage": stage}).context["stage"] == 1


def test_a_set_without_messages_says_so(viewer, make_set) -> None:
    page = viewer.get(address("phone", make_set("empty", {})))
    assert "no messages yet" in page.content.decode()


def test_audio_is_played_on_the_phone(viewer, make_set, audio) -> None:
    voice = make_set("voice", {}, content_type="audio", channel="voicemail")
    Message.objects.create(messageset=voice, sequence_number=1, lang="eng_ZA", binary_content=audio)
    assert f'src="/media/{audio.content.name}"' in viewer.get(address("phone", voice)).content.decode()


# --- To one's own number -------------------------------------------------------------------


def send(client, message_set: MessageSet, **body: object) -> list[str]:
    page = client.post(address("trial", message_set), {"number": 1, "lang": "eng_ZA", **body}, follow=True)
    return [str(message) for message in page.context["messages"]]


@pytest.fixture
def me(editor) -> Contact:
    """The editor as a person with a number."""
    contact = Contact.objects.create(name="Editor", user=User.objects.get(username="staff 20"))
    Address.objects.create(contact=contact, value=ME, is_default=True)
    return contact


def test_a_stage_goes_to_one_s_own_number_and_to_nobody_else(editor, me, two, subscribe) -> None:
    subscriber = subscribe(two)
    content.save_draft(message_set_id=two.pk, place=Place(1, "eng_ZA"), text_content="Hello mama")
    assert send(editor, two) == ["It is on its way to you, and to nobody else."]
    delivery = Delivery.objects.get()
    assert (delivery.address, delivery.text, delivery.contact, delivery.source) == (
        ME,
        "Hello mama",
        me,
        "trial",
    )
    assert delivery.created_by == me.user
    assert Subscription.objects.get() == subscriber
    assert Subscription.objects.get().next_sequence_number == 1


def test_one_s_number_is_asked_for_once(editor, two) -> None:
    assert b'name="own_number" type="tel" required' in editor.get(address("phone", two)).content
    assert send(editor, two, own_number=" +27 82 000 9999 ") == [
        "It is on its way to you, and to nobody else."
    ]
    assert Contact.objects.get().user.username == "staff 20"
    assert Delivery.objects.get().address == ME
    assert b'name="own_number" type="tel" required' not in editor.get(address("phone", two)).content
    send(editor, two, own_number="")
    assert {*Delivery.objects.values_list("address", flat=True)} == {ME}


def test_one_s_number_that_was_mistyped_can_be_put_right(editor, two) -> None:
    """Editors may not change contacts, so the page where they wrote it has to take another one."""
    send(editor, two, own_number="+27820009998")
    page = editor.get(address("phone", two)).content.decode()
    assert "It goes to +27820009998" in page
    assert "My number is another one" in page

    send(editor, two, own_number=ME)
    assert Delivery.objects.latest("created_at").address == ME
    assert f"It goes to {ME}" in editor.get(address("phone", two)).content.decode()


def test_what_is_no_number_is_refused(editor, two) -> None:
    assert send(editor, two, own_number="12") == ["Write the number with + and its country code."]
    assert not Contact.objects.exists()
    assert not Delivery.objects.exists()


def test_without_a_number_nothing_is_sent(editor, two) -> None:
    assert send(editor, two) == ["It is not known how to reach you by this channel."]


def test_in_app_messages_go_to_one_s_account(editor, make_set) -> None:
    notices = make_set("notices", {1: "Hello"}, channel="notice")
    send(editor, notices)
    assert Delivery.objects.get().address == str(User.objects.get(username="staff 20").pk)


def test_what_cannot_be_sent_says_why(editor, me, two) -> None:
    assert send(editor, two, number=2, lang="zul_ZA") == ["Message 2 of two is missing in zul_ZA."]
    assert send(editor, two, number=3) == ["There is no such stage."]
    assert send(editor, two, number=0) == ["There is no such stage."]
    assert not Delivery.objects.exists()


def test_who_opted_out_gets_none_of_one_s_own_either(editor, me, two) -> None:
    opt_out(kind="stopall", contact_ids=[me.pk], source="sms")
    send(editor, two)
    assert not Delivery.objects.exclude(state="skipped").exists()


def test_trials_are_few(editor, me, two, monkeypatch) -> None:
    monkeypatch.setattr(trial, "PER_HOUR", 2)
    for _ in range(2):
        send(editor, two)
    assert send(editor, two) == ["That were 2 trials within an hour: wait a while."]
    Delivery.objects.update(created_at=timezone.now() - timedelta(hours=2))
    send(editor, two)
    assert Delivery.objects.count() == 3
