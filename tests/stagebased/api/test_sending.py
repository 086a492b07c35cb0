"""Sending by hand, as hubs and outside clocks ask for it."""

from __future__ import annotations

import pytest

from contacts.models import Contact
from contacts.operations import add_address
from outbox.models import Delivery
from stagebased.models import DueSlot, Subscription
from tests.stagebased.api.conftest import IDENTITY


@pytest.fixture
def thandi(make_subscription, first_message) -> Subscription:
    """Somebody with a number, at the beginning of a set of two messages."""
    first_message.__class__.objects.create(
        messageset=first_message.messageset, sequence_number=2, lang="eng_ZA", text_content="Rest well."
    )
    subscription = make_subscription(contact_id=IDENTITY)
    add_address(contact_id=subscription.contact_id, kind="msisdn", value="+27820001001")
    return subscription


def texts() -> list[tuple[str, str]]:
    return list(Delivery.objects.order_by("pk").values_list("state", "text"))


@pytest.mark.parametrize("form", ["send", "send/"])
def test_the_next_message_is_queued(as_alice, thandi, form) -> None:
    answer = as_alice.post(f"/api/v1/subscriptions/{thandi.pk}/{form}")

    assert (answer.status_code, answer.json()) == (201, {"accepted": True})
    assert texts() == [("queued", "Drink enough water.")]
    thandi.refresh_from_db()
    assert thandi.next_sequence_number == 2


def test_the_latest_message_is_queued_again(as_alice, thandi) -> None:
    as_alice.post(f"/api/v1/subscriptions/{thandi.pk}/send")

    for form in ("resend", "resend/"):
        answer = as_alice.post(f"/api/v1/subscriptions/{thandi.pk}/{form}")
        assert (answer.status_code, answer.json()) == (202, {"accepted": True})

    assert [text for _, text in texts()] == ["Drink enough water."] * 3
    thandi.refresh_from_db()
    assert thandi.next_sequence_number == 2


NOT_SENDABLE = {
    "inactive": {"active": False},
    "completed": {"completed": True, "active": False},
    "not ready": {"process_status": -1},
}


@pytest.mark.parametrize("state", NOT_SENDABLE.values(), ids=NOT_SENDABLE)
def test_what_does_not_run_is_not_sent(as_alice, thandi, state) -> None:
    Subscription.objects.update(**state)

    answer = as_alice.post(f"/api/v1/subscriptions/{thandi.pk}/send")

    assert (answer.status_code, answer.json()["accepted"]) == (400, False)
    assert answer.json()["reason"]
    assert texts() == []


def test_who_asks_is_told_why_nothing_could_be_sent(as_alice, make_subscription, first_message) -> None:
    nobody_reached, no_language = make_subscription(), make_subscription(contact_id=IDENTITY, lang="xho_ZA")
    add_address(contact_id=Contact.objects.get(pk=IDENTITY).pk, kind="msisdn", value="+27820001001")

    for subscription, reason in ((nobody_reached, "no_address"), (no_language, "no_message")):
        answer = as_alice.post(f"/api/v1/subscriptions/{subscription.pk}/send")

        assert (answer.status_code, answer.json()["accepted"]) == (400, False)
        recorded = Delivery.objects.get(cause=subscription.pk)
        assert (recorded.state, recorded.reason) == ("failed", reason)
        assert answer.json()["reason"] == recorded.detail


@pytest.mark.parametrize("key", ["3f2b7c1e-5d0a-4c8e-9a61-0b6c2f4d8e17", "abc", "5", "9" * 40, "%00"])
@pytest.mark.parametrize("form", ["send", "resend", "send/", "resend/"])
def test_a_subscription_that_there_is_not(as_alice, db, key, form) -> None:
    answer = as_alice.post(f"/api/v1/subscriptions/{key}/{form}")

    assert (answer.status_code, answer.json()["accepted"]) == (400, False)
    assert answer.json()["reason"]


def test_sending_is_only_posted_to(as_alice, anonymous, thandi, schedule) -> None:
    for path in (
        f"subscriptions/{thandi.pk}/send",
        f"subscriptions/{thandi.pk}/resend",
        f"schedule/{schedule.pk}/send/",
    ):
        assert as_alice.get(f"/api/v1/{path}").status_code == 405
        assert anonymous.post(f"/api/v1/{path}").status_code == 401


def test_an_outside_clock_triggers_a_schedule_twice_and_one_slot_is_due(as_alice, thandi, schedule) -> None:
    for form in ("send", "send/"):
        answer = as_alice.post(f"/api/v1/schedule/{schedule.pk}/{form}")
        assert (answer.status_code, answer.json()) == (202, {})

    assert DueSlot.objects.filter(schedule=schedule).count() == 1


@pytest.mark.parametrize("key", ["999", "abc", "9" * 30])
def test_a_schedule_that_there_is_not(as_alice, db, key) -> None:
    answer = as_alice.post(f"/api/v1/schedule/{key}/send/")

    assert (answer.status_code, answer.json()) == (404, {"detail": "Not found."})
