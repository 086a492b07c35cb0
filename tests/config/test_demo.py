"""The demo programme is whole, is loaded once, and fits the gateway that plays its network."""

from pathlib import Path

import pytest
from django.core.management import call_command

from contacts.models import Address, Contact
from hospitality.models import Member
from outbox.models import Delivery
from smsbridge.spool import alphabet
from stagebased.management import demo
from stagebased.models import Message, MessageSet, Subscription

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parents[2]


def counts() -> list[int]:
    return [model.objects.count() for model in (MessageSet, Message, Contact, Address, Subscription)]


def test_the_demo_is_a_programme_and_members_of_a_network(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    for _ in range(2):
        call_command("seed_demo", verbosity=0)
    assert MessageSet.objects.count() == 2
    assert Member.objects.count() == 8


def test_it_is_loaded_once_however_often_it_is_asked_for():
    call_command("seed_programme", verbosity=0)
    first = counts()
    call_command("seed_programme", verbosity=0)
    assert counts() == first
    assert first[0] == 2
    assert first[2] == first[4] == len(demo.PEOPLE)


def test_a_dry_run_leaves_nothing(capsys):
    call_command("seed_demo", dry_run=True)
    assert counts() == [0] * 5
    assert [line[-10:] for line in capsys.readouterr().out.splitlines()] == ["(dry run)."] * 2


def test_first_messages_go_out_at_once_and_the_one_who_will_stop_gets_two():
    call_command("seed_programme", verbosity=0)
    found = {
        person.name: list(Delivery.objects.filter(contact=person.identity).values_list("state", "reason"))
        for person in demo.PEOPLE
        if person.msisdn in (demo.STOPS, "+447700900110") or person.msisdn is None
    }
    assert list(found.values()) == [[("queued", "")] * 2, [("failed", "no_address")], []]


def test_it_is_not_put_beside_programmes_of_ones_own_by_make_run():
    call_command("seed_programme", verbosity=0)
    MessageSet.objects.filter(short_name__startswith="demo_welcome").update(short_name="mine")
    before = counts()
    call_command("seed_programme", if_empty=True, verbosity=0)
    assert counts() == before


def test_every_set_has_every_message_in_both_languages():
    call_command("seed_programme", verbosity=0)
    for message_set in MessageSet.objects.all():
        numbers = {
            lang: list(message_set.messages.filter(lang=lang).values_list("sequence_number", flat=True))
            for lang in ("eng_GB", "fra_FR")
        }
        assert numbers["eng_GB"] == numbers["fra_FR"] == list(range(1, len(numbers["eng_GB"]) + 1))


def test_every_message_fits_one_sms():
    for texts in (*demo.WELCOME.values(), *demo.WEEKLY.values()):
        assert [text for text in texts if alphabet.segment(text).count > 1] == []


def test_the_gateway_of_the_procfile_plays_the_two_people_of_the_demo():
    line = next(line for line in (ROOT / "Procfile").read_text().splitlines() if line.startswith("gateway:"))
    assert f"--stop-number {demo.STOPS}" in line
    suffix = line.partition("--fail-suffix ")[2].split()[0]
    assert [person.msisdn for person in demo.PEOPLE if (person.msisdn or "").endswith(suffix)] == [demo.FAILS]
