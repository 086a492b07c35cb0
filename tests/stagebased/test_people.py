"""What is changed of a person reaches what they still get."""

from __future__ import annotations

from dataclasses import replace

import pytest

from contacts.operations import Profile, set_default_address, update_contact
from stagebased.models import Change, Subscription
from tests.stagebased.conftest import DAY, MORNING, again, deliveries, texts, tick, write

pytestmark = pytest.mark.django_db


@pytest.fixture
def mary(subscribe, pregnancy) -> Subscription:
    """At the second message, which exists in two languages."""
    write(pregnancy, 2, {"zul_ZA": "Yidla"})
    subscription = subscribe(pregnancy)
    tick(MORNING)
    return again(subscription)


def read(subscription: Subscription, language: str, **who) -> None:
    contact = subscription.contact
    update_contact(contact=contact, profile=replace(Profile.of(contact), language=language), **who)


def test_a_new_number_is_used_at_the_next_slot(mary) -> None:
    set_default_address(contact_id=mary.contact_id, kind="msisdn", value="+27820000901")
    tick(MORNING + DAY)
    assert [one.address for one in deliveries(mary)][1:] == ["+27820000901"]


def test_a_new_language_is_spoken_from_the_next_slot_on(mary) -> None:
    read(mary, "zul_ZA")
    tick(MORNING + DAY)
    assert texts(mary) == ["Welcome", "Yidla"]


def test_it_counts_for_all_programmes_that_have_not_ended(mary, subscribe, make_set) -> None:
    news = make_set("news", {1: "News"})
    running, paused, ended = (
        subscribe(news, contact=mary.contact),
        subscribe(news, contact=mary.contact, active=False, stopped="paused"),
        subscribe(news, contact=mary.contact, active=False, completed=True),
    )
    read(mary, "zul_ZA")
    assert [again(one).lang for one in (mary, running, paused, ended)] == ["zul_ZA"] * 3 + ["eng_ZA"]


def test_it_is_on_record_who_said_so(mary, alice) -> None:
    read(mary, "zul_ZA", user=alice)
    row = Change.objects.get()
    assert (row.kind, row.source, row.created_by, row.subscription) == ("language", "contacts", alice, mary)
    assert (row.before["lang"], row.after["lang"]) == ("eng_ZA", "zul_ZA")


def test_a_language_that_is_no_longer_known_changes_nothing(mary) -> None:
    read(mary, "zul_ZA")
    read(mary, "")
    assert again(mary).lang == "zul_ZA"


def test_a_hub_tells_a_language_through_the_identity(mary, as_alice) -> None:
    url = f"/api/v1/identities/{mary.contact_id}/"
    details = as_alice.get(url).json()["details"] | {"preferred_language": "zul_ZA"}
    assert as_alice.patch(url, {"details": details}).status_code == 200
    assert again(mary).lang == "zul_ZA"


def test_other_people_keep_theirs(mary, subscribe, pregnancy) -> None:
    jane = subscribe(pregnancy)
    read(mary, "zul_ZA")
    assert again(jane).lang == "eng_ZA"
