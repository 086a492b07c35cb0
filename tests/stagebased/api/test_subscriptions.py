"""A hub keeps subscriptions through the API."""

from __future__ import annotations

from uuid import uuid4

from django.utils.timezone import now

from contacts.models import Contact
from outbox.models import Delivery
from stagebased.models import Subscription
from tests.stagebased.api.conftest import IDENTITY


def test_a_subscription_as_it_comes_back(as_alice, alice, wish, prebirth, schedule) -> None:
    answer = as_alice.post("/api/v1/subscriptions/", wish)

    made = Subscription.objects.get()
    assert answer.status_code == 201
    assert answer["Location"] == answer.json()["url"]
    assert answer.json() == {
        "url": f"http://testserver/api/v1/subscriptions/{made.pk}/",
        "id": str(made.pk),
        "version": 1,
        "identity": IDENTITY,
        "messageset": prebirth.pk,
        "schedule": schedule.pk,
        "lang": "eng_ZA",
        "next_sequence_number": 1,
        "initial_sequence_number": 1,
        "active": True,
        "completed": False,
        "process_status": 0,
        "metadata": None,
        "created_at": made.created_at.isoformat().replace("+00:00", "Z"),
        "updated_at": made.updated_at.isoformat().replace("+00:00", "Z"),
        "messageset_label": "Before birth",
        "anchor_date": None,
        "stopped": "",
        "paused_until": None,
    }
    assert made.created_by == alice
    assert as_alice.get(answer["Location"]).json() == answer.json()


def test_somebody_unknown_becomes_a_contact_without_an_address(as_alice, wish) -> None:
    as_alice.post("/api/v1/subscriptions/", wish)

    assert [str(contact.pk) for contact in Contact.objects.all()] == [IDENTITY]
    assert not Contact.objects.get().addresses.exists()


def test_somebody_known_stays_who_they_are(as_alice, wish) -> None:
    Contact.objects.create(pk=IDENTITY, name="Thandi", language="zul_ZA")

    as_alice.post("/api/v1/subscriptions/", wish)

    assert Contact.objects.values_list("name", "language").get() == ("Thandi", "zul_ZA")


def test_an_id_that_is_sent_is_ignored(as_alice, wish) -> None:
    sent = str(uuid4())

    assert as_alice.post("/api/v1/subscriptions/", {**wish, "id": sent}).json()["id"] != sent


def test_a_person_may_have_the_same_subscription_twice(as_alice, wish) -> None:
    for _ in range(2):
        assert as_alice.post("/api/v1/subscriptions/", wish).status_code == 201
    assert Subscription.objects.count() == 2


def test_patch_writes_only_what_it_names(as_alice, alice, make_subscription) -> None:
    subscription = make_subscription()
    # Meanwhile a message is sent and the position moves on.
    Subscription.objects.update(next_sequence_number=7)

    answer = as_alice.patch(f"/api/v1/subscriptions/{subscription.pk}/", {"lang": "zul_ZA"})

    assert (answer.status_code, answer.json()["lang"]) == (200, "zul_ZA")
    assert answer.json()["next_sequence_number"] == 7
    assert answer.json()["updated_at"] > answer.json()["created_at"]
    subscription.refresh_from_db()
    assert subscription.updated_by == alice


def test_put_needs_what_post_needs(as_alice, wish, make_subscription) -> None:
    url = f"/api/v1/subscriptions/{make_subscription().pk}/"

    assert sorted(as_alice.put(url, {}).json()) == ["identity", "lang", "messageset", "schedule"]
    answer = as_alice.put(url, {**wish, "next_sequence_number": 3, "metadata": {"a": 1}})
    assert answer.status_code == 200
    assert (answer.json()["identity"], answer.json()["next_sequence_number"]) == (IDENTITY, 3)
    assert answer.json()["metadata"] == {"a": 1}


def test_a_hub_stops_a_subscription_and_starts_it_again(as_alice, make_subscription) -> None:
    subscription = make_subscription()
    url = f"/api/v1/subscriptions/{subscription.pk}/"

    assert as_alice.patch(url, {"active": False}).json()["active"] is False
    subscription.refresh_from_db()
    assert subscription.stopped == "paused"
    assert as_alice.patch(url, {"active": "True"}).json()["active"] is True
    subscription.refresh_from_db()
    assert subscription.stopped == ""


def test_stopping_somebody_who_opted_out_leaves_it_an_opt_out(as_alice, make_subscription) -> None:
    """So that the person's own START still begins it again."""
    subscription = make_subscription(active=False, stopped="opt_out")

    as_alice.patch(f"/api/v1/subscriptions/{subscription.pk}/", {"active": False})

    subscription.refresh_from_db()
    assert subscription.stopped == "opt_out"


def waiting_message(subscription: Subscription) -> Delivery:
    return Delivery.objects.create(
        source="subscription",
        cause=subscription.pk,
        slot_key="2026-11-21T08:00Z",
        contact=subscription.contact,
        address="+27820001001",
        text="Your baby grows.",
        not_before=now(),
    )


def test_what_waits_for_a_stopped_subscription_does_not_go_out(as_alice, make_subscription) -> None:
    """After a loss, nothing of the routine programme may follow."""
    stopped, other = make_subscription(), make_subscription()
    waiting, untouched = waiting_message(stopped), waiting_message(other)

    as_alice.patch(f"/api/v1/subscriptions/{stopped.pk}/", {"active": False})

    waiting.refresh_from_db()
    untouched.refresh_from_db()
    assert (waiting.state, waiting.reason) == ("cancelled", "subscription_stopped")
    assert untouched.state == "queued"


def test_a_deleted_subscription_leaves_its_history(as_alice, make_subscription) -> None:
    subscription = make_subscription()
    waiting = waiting_message(subscription)
    follow_up = make_subscription(continues=subscription)

    answer = as_alice.delete(f"/api/v1/subscriptions/{subscription.pk}/")

    assert (answer.status_code, answer.content) == (204, b"")
    waiting.refresh_from_db()
    assert waiting.state == "cancelled"
    assert list(Subscription.objects.all()) == [follow_up]
    assert as_alice.delete(f"/api/v1/subscriptions/{subscription.pk}/").status_code == 404


def test_changing_what_is_not_there(as_alice, db) -> None:
    assert as_alice.patch(f"/api/v1/subscriptions/{uuid4()}/", {"active": False}).status_code == 404


def test_moving_a_subscription_to_somebody_else(as_alice, make_subscription) -> None:
    subscription = make_subscription()

    answer = as_alice.patch(f"/api/v1/subscriptions/{subscription.pk}/", {"identity": IDENTITY})

    assert answer.json()["identity"] == IDENTITY
    assert Contact.objects.filter(pk=IDENTITY).exists()
