"""STOP, START and other keywords: what they do, and what is answered."""

from __future__ import annotations

import importlib
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from contacts.models import Address, Contact, OptOut
from contacts.operations import get_or_create_contact, opt_out
from outbox.models import Delivery
from outbox.operations import queue
from smsbridge.collector import collect, sweep
from smsbridge.models import CollectorCount, InboundMessage, Keyword, KeywordAnswer, normal_word
from smsbridge.spool import alphabet
from stagebased.models import MessageSet, Schedule
from tests.smsbridge.conftest import person

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("keywords")]
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def answers() -> list[str]:
    return list(Delivery.objects.filter(source="inbound").order_by("id").values_list("text", flat=True))


def is_stopped(number: str = "+27820001001") -> bool:
    return not Address.objects.filter(
        value=number, opted_out_at=None, contact__opted_out_at=None, inactive=False
    ).exists()


@pytest.mark.parametrize(
    "text",
    [
        "STOP",
        "stop",
        " Stop. ",
        "«stop!»",
        "\nSTOP\n",
        "‘Stop’",
        "QUIT",
        "arrêt",
        "ARRÊT",
        "Acha",
        "yima",
        "¡Alto!",
    ],
)
def test_the_single_word_in_any_dress_opts_out(gateway, smsd, mary, text):
    smsd.received(text)
    collect(gateway)
    assert is_stopped()
    message = InboundMessage.objects.get()
    assert (message.meaning, message.contact) == ("stop", mary)


@pytest.mark.parametrize(
    "text",
    [
        *("Please stop by 12345", "stop it", "don't stop", "stopping", "stop.me", "s t o p", "", "!!!"),
        *("nonstop", "stop\nsms", "STOP " + "x" * 500),
    ],
)
def test_more_or_other_words_are_just_a_message(gateway, smsd, mary, text):
    smsd.received(text)
    collect(gateway)
    assert not is_stopped()
    assert InboundMessage.objects.get().meaning == "text"
    assert not Delivery.objects.exists()


def test_everybody_with_the_number_is_opted_out(gateway, smsd, mary):
    child = person("+27820001001")
    other = person("+27820001002")
    smsd.received("STOP")
    collect(gateway)
    assert set(OptOut.objects.values_list("contact", flat=True)) == {mary.pk, child.pk}
    assert OptOut.objects.filter(source="sms", kind="stop", address="+27820001001").count() == 2
    assert not is_stopped(other.addresses.get().value)


def test_what_is_queued_is_cancelled_and_one_confirmation_goes_out(gateway, smsd, mary):
    waiting, _ = queue(
        source="test", cause=uuid.uuid4(), slot_key="1", contact=mary, address="+27820001001", text="hi"
    )
    smsd.received("STOP")
    collect(gateway)
    waiting.refresh_from_db()
    assert (waiting.state, waiting.reason) == ("cancelled", "opted_out")
    confirmation = Delivery.objects.get(source="inbound")
    message = InboundMessage.objects.get()
    assert (confirmation.cause, confirmation.slot_key) == (message.pk, "confirmation")
    assert (confirmation.state, confirmation.priority) == ("queued", Delivery.Priority.REPLY)
    assert (confirmation.address, confirmation.contact, confirmation.gateway) == ("+27820001001", mary, "sms")
    assert confirmation.text == "You will get no more messages from us. Reply START to get them again."
    assert message.answer == "sent"


@pytest.mark.fault("F14")
def test_a_stop_read_twice_counts_and_is_answered_once(gateway, smsd, mary, monkeypatch):
    smsd.received("STOP")
    with monkeypatch.context() as broken:
        broken.setattr(sweep, "_settle", lambda *_: 0)
        collect(gateway)
    collect(gateway)
    assert (OptOut.objects.count(), len(answers())) == (1, 1)


def test_start_opts_in_again_and_is_confirmed(gateway, smsd, mary):
    opt_out(kind="stop", source="sms", address=("msisdn", "+27820001001"))
    smsd.received("Start")
    collect(gateway)
    assert not is_stopped()
    assert answers() == ["You will get our messages again. Reply STOP to end them."]
    assert Delivery.objects.get().state == "queued"


@pytest.mark.parametrize(("words", "stopped"), [(["stop", "start"], False), (["start", "stop"], True)])
def test_of_two_words_in_one_sweep_the_last_counts(gateway, smsd, mary, words, stopped):
    for minute, word in enumerate(words):
        smsd.received(word, at=NOON + timedelta(minutes=minute))
    collect(gateway)
    assert is_stopped() == stopped


def test_a_stop_from_an_unknown_number_is_kept_for_whoever_is_registered_with_it(gateway, smsd):
    smsd.received("STOP", sender="27820005555")
    collect(gateway)
    stranger = Contact.objects.get()
    assert InboundMessage.objects.get().contact == stranger
    assert len(answers()) == 1
    contact, created = get_or_create_contact(msisdn="+27820005555")
    assert (contact, created) == (stranger, False)
    delivery, _ = queue(
        source="test",
        cause=uuid.uuid4(),
        slot_key="1",
        contact=contact,
        address="+27820005555",
        text="welcome",
    )
    assert (delivery.state, delivery.reason) == ("skipped", "opted_out")


def test_a_start_from_an_unknown_number_is_only_stored(gateway, smsd):
    smsd.received("START", sender="27820005555")
    collect(gateway)
    assert InboundMessage.objects.get().meaning == "start"
    assert not Contact.objects.exists()
    assert answers() == []


@pytest.mark.parametrize("sender", ["VODACOM", "30300"])
def test_words_of_senders_that_cannot_be_answered_do_nothing(gateway, smsd, sender):
    smsd.received("STOP", sender=sender, toa="D0 alphanumeric, unknown")
    collect(gateway)
    assert not Contact.objects.exists()
    assert answers() == []


@pytest.mark.parametrize(
    ("language", "word", "begins"),
    [
        ("fra_FR", "STOP", "Vous ne recevrez plus"),
        ("zul_ZA", "stop", "Ngeke usathola"),
        ("xho_ZA", "yima", "Awusayi kufumana"),
        ("", "stop", "You will get no more"),
        ("deu_DE", "stop", "You will get no more"),
        ("eng_ZA", "arrêt", "Vous ne recevrez plus"),
        ("por_MZ", "cancelar", "Deixou de receber"),
        ("swa_KE", "unsubscribe", "You will get no more"),
    ],
)
def test_the_answer_is_in_the_words_language_or_else_the_persons(gateway, smsd, language, word, begins):
    person("+27820001001", language)
    smsd.received(word)
    collect(gateway)
    [answer] = answers()
    assert answer.startswith(begins)


def test_a_word_without_confirmation_is_not_answered(gateway, smsd, mary):
    Keyword.objects.filter(word="stop").update(confirmation="")
    smsd.received("STOP")
    collect(gateway)
    assert is_stopped()
    assert answers() == []


def test_a_word_of_one_programme_ends_that_programme_only(gateway, smsd, mary):
    Keyword.objects.create(
        word="stopmoms", action="stop", programme="momconnect", confirmation="No more of that."
    )
    smsd.received("StopMoms")
    collect(gateway)
    out = OptOut.objects.get()
    assert (out.kind, out.programme, out.contact) == ("unsubscribe", "momconnect", mary)
    assert not is_stopped()
    assert answers() == ["No more of that."]


def test_a_word_may_only_be_answered(gateway, smsd, mary):
    Keyword.objects.create(word="help", action="reply", confirmation="Call 0800 123.")
    smsd.received("HELP?")
    collect(gateway)
    message = InboundMessage.objects.get()
    assert (message.meaning, message.keyword, message.answer) == ("reply", "help", "sent")
    assert Delivery.objects.get().priority == Delivery.Priority.REPLY
    assert answers() == ["Call 0800 123."]


@pytest.mark.parametrize(
    ("language", "answer"),
    [
        ("zul_ZA", "Shayela 0800 123."),
        ("zul-ZA", "Shayela 0800 123."),
        ("zul", "Shayela 0800 123."),
        ("por_MZ", "Ligue 0800 123."),
        ("por_BR", "Call 0800 123."),
        ("", "Call 0800 123."),
    ],
)
def test_a_word_has_answers_in_the_languages_of_people(gateway, smsd, language, answer):
    person("+27820001001", language)
    word = Keyword.objects.create(word="help", action="reply", confirmation="Call 0800 123.")
    word.answers.create(language="zul", text="Shayela 0800 123.")
    word.answers.create(language="por_MZ", text="Ligue 0800 123.")
    smsd.received("HELP")
    collect(gateway)
    assert answers() == [answer]


def test_they_go_before_what_other_words_say_in_that_language(gateway, smsd):
    person("+27820001001", "fra_FR")
    Keyword.objects.get(word="stop").answers.create(language="fra", text="C'est fini.")
    smsd.received("STOP")
    collect(gateway)
    assert answers() == ["C'est fini."]
    assert is_stopped()


def test_an_answer_that_cannot_be_sent_is_refused():
    answer = KeywordAnswer(keyword=Keyword.objects.get(word="stop"), language="fra", text="\x01")
    with pytest.raises(ValidationError) as refused:
        answer.full_clean()
    assert list(refused.value.error_dict) == ["text"]


def test_a_word_of_a_programme_that_does_not_exist_is_refused():
    word = Keyword(word="stopmoms", action="stop", programme="momconnect")
    with pytest.raises(ValidationError) as refused:
        word.full_clean()
    assert list(refused.value.error_dict) == ["programme"]
    MessageSet.objects.create(short_name="momconnect", default_schedule=Schedule.objects.create())
    word.full_clean()


def test_an_opted_out_person_gets_no_other_automatic_answer(gateway, smsd, mary):
    opt_out(kind="stop", source="sms", address=("msisdn", "+27820001001"))
    Keyword.objects.create(word="help", action="reply", confirmation="Call 0800 123.")
    smsd.received("HELP")
    collect(gateway)
    assert Delivery.objects.get().state == "skipped"


def test_each_shipped_confirmation_is_one_sms_in_the_gsm_alphabet():
    for keyword in Keyword.objects.all():
        assert alphabet.is_gsm(keyword.confirmation), keyword
        assert alphabet.segment(keyword.confirmation).count == 1, keyword


def test_shipped_words_are_in_the_form_that_is_looked_for():
    migration = importlib.import_module("smsbridge.migrations.0003_common_keywords")
    words = [word for word, *_ in migration.rows()]
    assert [normal_word(word) for word in words] == words
    assert len(set(words)) == len(words) == Keyword.objects.count()


def test_a_keyword_is_stored_in_the_form_that_is_looked_for():
    assert Keyword.objects.create(word=" HALT! ", action="stop").word == "halt"


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"word": "two words"}, "word"),
        ({"word": "?!"}, "word"),
        ({"word": "x", "action": "reply"}, "confirmation"),
    ],
)
def test_a_keyword_that_could_never_work_is_refused(fields, named):
    with pytest.raises(ValidationError) as refused:
        Keyword(**({"action": "stop"} | fields)).full_clean()
    assert named in refused.value.error_dict


@pytest.mark.fault("F15")
def test_two_machines_stop_talking_and_that_is_shown(gateway, smsd, mary, settings, caplog):
    settings.SMS_LOOP_LIMIT = 3
    for n in range(5):
        smsd.received("STOP", at=NOON + timedelta(seconds=n))
        collect(gateway)
    assert len(answers()) == 3
    held = InboundMessage.objects.order_by("received_at").values_list("answer", flat=True)
    assert list(held) == ["sent", "sent", "sent", "held", "held"]
    assert OptOut.objects.count() == 5
    counted = CollectorCount.objects.filter(what__in=["stop", "held"]).values_list("what", "count")
    assert dict(counted) == {"stop": 5, "held": 2}
    assert "is not answered" in caplog.text
    assert "27820001001" not in caplog.text


@pytest.mark.fault("F15")
def test_the_limit_holds_within_one_sweep_too(gateway, smsd, mary, settings):
    settings.SMS_LOOP_LIMIT = 2
    for n in range(6):
        smsd.received("STOP", at=NOON + timedelta(seconds=n))
    collect(gateway)
    assert len(answers()) == 2


def test_different_words_with_the_same_answer_count_together(gateway, smsd, mary, settings):
    settings.SMS_LOOP_LIMIT = 2
    for n, word in enumerate(["stop", "end", "quit", "cancel"]):
        smsd.received(word, at=NOON + timedelta(seconds=n))
        collect(gateway)
    assert len(answers()) == 2


def test_after_five_minutes_the_next_is_answered(gateway, smsd, mary, settings):
    settings.SMS_LOOP_LIMIT = 1
    for seconds in (0, 299, 601):
        smsd.received("STOP", at=NOON + timedelta(seconds=seconds))
        collect(gateway)
    assert len(answers()) == 2


def test_one_persons_loop_does_not_silence_others(gateway, smsd, mary, settings):
    settings.SMS_LOOP_LIMIT = 1
    for n in range(3):
        smsd.received("STOP", at=NOON + timedelta(seconds=n))
    smsd.received("STOP", sender="27820001002", at=NOON)
    collect(gateway)
    assert sorted(Delivery.objects.values_list("address", flat=True)) == ["+27820001001", "+27820001002"]


def test_an_opt_out_is_in_force_when_the_collector_returns(gateway, smsd, mary):
    smsd.received("STOP", at=timezone.now())
    collect(gateway)
    delivery, _ = queue(
        source="test", cause=uuid.uuid4(), slot_key="1", contact=mary, address="+27820001001", text="too late"
    )
    assert delivery.state == "skipped"
