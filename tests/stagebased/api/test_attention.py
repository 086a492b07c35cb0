"""What needs attention, who is behind, how many are due, and timelines, through the API."""

from __future__ import annotations

import csv
from io import StringIO
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission
from kombu.exceptions import OperationalError

from contacts.models import Address
from outbox.models import Delivery
from stagebased import tasks
from stagebased.models import BehindSubscription, Change, Message, SendEstimate, Subscription
from stagebased.operations.send import send_each
from tests.conftest import client_with_token
from tests.stagebased.conftest import DAY, HOUR, again, tick, utc

#: A Wednesday, an hour after the slot.
NOW = utc(2026, 6, 10, 9)
ROOT = "http://testserver/api/v1"


@pytest.fixture(autouse=True)
def today(time_machine, db, schedule) -> None:
    time_machine.move_to(NOW, tick=False)
    schedule.planned_until = NOW - 2 * HOUR
    schedule.save()


@pytest.fixture
def mary(make_subscription, first_message) -> Subscription:
    """Nobody knows her number; the slot of this morning failed."""
    made = make_subscription(created_at=NOW - DAY)
    tick(NOW - HOUR)
    return again(made)


@pytest.fixture
def foreigner(make_subscription, first_message) -> Subscription:
    made = make_subscription(lang="zul_ZA")
    Address.objects.create(contact=made.contact, value="+27820001009")
    send_each(subscription_ids=[made.pk], now=NOW)
    return made


def test_the_list_and_its_counts(as_alice, mary, foreigner) -> None:
    page = as_alice.get("/api/v1/attention/").json()
    assert (page["count"], [row["reason"] for row in page["results"]]) == (2, ["no_message", "no_address"])
    assert page["results"][1] == {
        "subscription": f"{ROOT}/subscriptions/{mary.pk}/",
        "subscription_id": str(mary.pk),
        "identity": str(mary.contact_id),
        "messageset": mary.messageset_id,
        "next_sequence_number": 1,
        "lang": "eng_ZA",
        "reason": "no_address",
        "detail": "The person has no usable address of the kind msisdn.",
        "at": "2026-06-10T08:00:00Z",
        "delivery": str(Delivery.objects.get(cause=mary.pk).pk),
    }
    assert as_alice.get("/api/v1/attention/counts").json() == {
        "total": 2,
        "counts": {"no_address": 1, "no_message": 1},
    }


def test_it_is_narrowed_and_paged(as_alice, mary, foreigner) -> None:
    def reasons(**query: object) -> list[str]:
        return [row["reason"] for row in as_alice.get("/api/v1/attention/", query).json()["results"]]

    assert reasons(reason="no_message") == ["no_message"]
    assert reasons(messageset=mary.messageset_id) == ["no_message", "no_address"]
    assert reasons(since="2026-06-10T08:30:00Z") == ["no_message"]
    first = as_alice.get("/api/v1/attention/", {"limit": 1}).json()
    assert [row["reason"] for row in as_alice.get(first["next"]).json()["results"]] == ["no_address"]
    counts = as_alice.get("/api/v1/attention/counts/", {"reason": "no_address"}).json()
    assert counts == {"total": 1, "counts": {"no_address": 1}}


def test_requeueing_by_filter(as_alice, alice, mary, foreigner) -> None:
    Address.objects.create(contact=mary.contact, value="+27820001001")
    answer = as_alice.post("/api/v1/attention/requeue/", {"reason": "no_address"})
    assert (answer.status_code, answer.json()) == (
        200,
        {"accepted": True, "queued": 1, "refused": 0, "resumed": 0},
    )
    assert Delivery.objects.get(cause=mary.pk, state="queued").address == "+27820001001"
    assert as_alice.post("/api/v1/attention/requeue", {}).json()["refused"] == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"reason": "x" * 41}, "reason"),
        ({"reason": {}}, "reason"),
        ({"messageset": "x"}, "messageset"),
        ({"since": "soon"}, "since"),
        ({"since": "0001-01-01T00:00:00+14:00"}, "since"),
        ([], "non_field_errors"),
    ],
)
def test_a_bad_filter_requeues_nothing(as_alice, mary, body, field) -> None:
    answer = as_alice.post("/api/v1/attention/requeue/", body)
    assert (answer.status_code, list(answer.json())) == (400, [field])
    assert Delivery.objects.count() == 1


@pytest.mark.parametrize(("name", "value"), [("messageset", "x"), ("since", "soon"), ("reason", "\x00")])
def test_a_bad_parameter_is_named(as_alice, name, value) -> None:
    for path in ("/api/v1/attention/", "/api/v1/attention/counts/"):
        answer = as_alice.get(path, {name: value})
        assert (answer.status_code, list(answer.json())) == (400, [name])


# --- Failed tasks -----------------------------------------------------------------------------


def test_failed_tasks_as_the_old_tools_know_them(as_alice, mary, make_subscription) -> None:
    make_subscription(process_status=-1)
    page = as_alice.get("/api/v1/failed-tasks/").json()
    row = Delivery.objects.get()
    assert page["results"] == [
        {
            "url": f"{ROOT}/failed-tasks/{row.pk}/",
            "id": str(row.pk),
            "subscription": f"{ROOT}/subscriptions/{mary.pk}/",
            "subscription_id": str(mary.pk),
            "task_id": str(row.pk),
            "initiated_at": "2026-06-10T08:00:00Z",
            "reason": "The person has no usable address of the kind msisdn.",
        }
    ]
    assert as_alice.get(page["results"][0]["url"]).json() == page["results"][0]
    for key in (uuid4(), "1", "x"):
        assert as_alice.get(f"/api/v1/failed-tasks/{key}/").status_code == 404


def test_requeueing_failed_tasks_sends_the_next_message(as_alice, mary) -> None:
    Address.objects.create(contact=mary.contact, value="+27820001001")
    for _ in range(2):
        answer = as_alice.post("/api/v1/failed-tasks/")
        assert (answer.status_code, answer.json()) == (201, {"requeued_failed_tasks": True})
    assert Delivery.objects.filter(state="queued").count() == 1
    assert as_alice.get("/api/v1/failed-tasks/").json()["results"] == []


# --- Behind -----------------------------------------------------------------------------------


@pytest.fixture
def as_finder(alice):
    rights = ["view_behindsubscription", "can_find_behind_subscriptions"]
    alice.user_permissions.set(Permission.objects.filter(codename__in=rights))
    return client_with_token(alice)


@pytest.fixture
def behind(make_subscription, prebirth, first_message) -> BehindSubscription:
    """One message, since this morning."""
    Message.objects.create(messageset=prebirth, sequence_number=2, lang="eng_ZA", text_content="Eat well.")
    made = make_subscription(created_at=NOW - DAY)
    Address.objects.create(contact=made.contact, value="+27820001001")
    tasks.find_behind()
    return BehindSubscription.objects.get()


def test_who_is_behind(as_finder, behind, prebirth) -> None:
    page = as_finder.get("/api/v1/behind-subscriptions/").json()
    assert page["results"] == [
        {
            "id": behind.pk,
            "subscription": f"{ROOT}/subscriptions/{behind.subscription_id}/",
            "subscription_id": str(behind.subscription_id),
            "messages_behind": 1,
            "current_messageset": f"{ROOT}/messageset/{prebirth.pk}/",
            "current_messageset_id": prebirth.pk,
            "current_messageset_name": "prebirth.hw_full.1",
            "current_sequence_number": 1,
            "expected_messageset": f"{ROOT}/messageset/{prebirth.pk}/",
            "expected_messageset_id": prebirth.pk,
            "expected_messageset_name": "prebirth.hw_full.1",
            "expected_sequence_number": 2,
            "created_at": "2026-06-10T09:00:00Z",
        }
    ]
    url = f"/api/v1/behind-subscriptions/{behind.pk}/"
    assert as_finder.get(url).json() == page["results"][0]
    assert as_finder.get("/api/v1/behind-subscriptions/999").status_code == 404
    query = {"subscription": str(uuid4())}
    assert as_finder.get("/api/v1/behind-subscriptions/", query).json()["results"] == []


def test_a_worker_is_told_to_look(as_finder, monkeypatch) -> None:
    told = []

    class Sent:
        id = "task 1"

    monkeypatch.setattr("celery.current_app.send_task", lambda name, **how: told.append(name) or Sent)
    for path, task in {
        "behind-subscriptions/find_behind_subscriptions/": "stagebased.find_behind",
        "runsendestimate": "stagebased.estimate_sends",
    }.items():
        answer = as_finder.post(f"/api/v1/{path}")
        assert (answer.status_code, answer.json()) == (202, {"accepted": True, "task_id": "task 1"})
        assert told.pop() == task


def test_a_queue_that_does_not_answer(as_finder, monkeypatch) -> None:
    def fail(*args: object, **how: object) -> None:
        raise OperationalError

    monkeypatch.setattr("celery.current_app.send_task", fail)
    for path in ("behind-subscriptions/find_behind_subscriptions", "runsendestimate/"):
        answer = as_finder.post(f"/api/v1/{path}")
        assert (answer.status_code, answer.json()["accepted"]) == (503, False)


def test_they_are_moved_on(as_finder, alice, behind) -> None:
    answer = as_finder.post("/api/v1/behind-subscriptions/fast_forward/")
    assert answer.json() == {"accepted": True, "done": 1, "refused": 0, "left": 0}
    assert again(behind.subscription).next_sequence_number == 2
    assert Change.objects.get().created_by == alice
    assert not Delivery.objects.exists()


def test_each_is_sent_one(as_finder, behind) -> None:
    for done in (1, 0):
        answer = as_finder.post("/api/v1/behind-subscriptions/send_one/")
        assert answer.json() == {"accepted": True, "done": done, "refused": 0, "left": 0}
    assert Delivery.objects.get().text == "Drink enough water."


@pytest.mark.parametrize("right", ["view_behindsubscription", "can_find_behind_subscriptions", ""])
def test_seeing_and_finding_are_rights_of_their_own(alice, behind, right) -> None:
    alice.user_permissions.set(Permission.objects.filter(codename=right))
    client = client_with_token(alice)
    reads = 200 if right == "view_behindsubscription" else 403
    acts = 200 if right == "can_find_behind_subscriptions" else 403
    assert client.get("/api/v1/behind-subscriptions/").status_code == reads
    assert client.get(f"/api/v1/behind-subscriptions/{behind.pk}/").status_code == reads
    for what in ("fast_forward", "send_one"):
        assert client.post(f"/api/v1/behind-subscriptions/{what}/").status_code == acts
    if acts == 403:
        answer = client.post("/api/v1/behind-subscriptions/find_behind_subscriptions/")
        assert answer.json() == {"detail": "You do not have permission to perform this action."}


# --- Estimates --------------------------------------------------------------------------------


def test_estimates_are_read(as_alice, mary) -> None:
    tasks.estimate_sends()
    [row] = as_alice.get("/api/v1/runsendestimate").json()["results"]
    assert row == {
        "date": "2026-06-10",
        "messageset": mary.messageset_id,
        "subscriptions": 1,
        "identities": 1,
        "computed_at": "2026-06-10T09:00:00Z",
    }
    assert SendEstimate.objects.count() == 1
    assert as_alice.get("/api/v1/runsendestimate/", {"date": "2026-06-11"}).json()["count"] == 0
    assert as_alice.get("/api/v1/runsendestimate/", {"date": "x"}).status_code == 400


# --- Timelines --------------------------------------------------------------------------------


def test_a_timeline(as_alice, mary, time_machine) -> None:
    as_alice.post("/api/v1/changes/pause/", {"subscriptions": [str(mary.pk)], "reason": "travelling"})
    url = f"/api/v1/subscriptions/{mary.pk}/timeline/"
    page = as_alice.get(url).json()
    assert page["count"] == 2
    assert page["results"][0] == {
        "kind": "message",
        "occasion": "2026-06-10T08:00Z",
        "at": "2026-06-10T08:00:00Z",
        "outcome": "failed",
        "reason": "no_address",
        "detail": "The person has no usable address of the kind msisdn.",
        "messageset": "prebirth.hw_full.1",
        "sequence_number": 1,
        "lang": "eng_ZA",
        "delivery": str(Delivery.objects.get().pk),
        "handed_at": None,
        "sent_at": None,
        "delivered_at": None,
    }
    assert (page["results"][1]["kind"], page["results"][1]["outcome"]) == ("change", "pause")
    assert page["results"][1]["detail"] == "Paused; by alice, api; travelling."
    assert as_alice.get(url, {"limit": 1, "offset": 1}).json()["results"] == page["results"][1:]


def test_a_timeline_is_exported(as_alice, mary) -> None:
    answer = as_alice.get(f"/api/v1/subscriptions/{mary.pk}/timeline.csv")
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"] == f'attachment; filename="timeline-{mary.pk}.csv"'
    [row] = csv.DictReader(StringIO(answer.content.decode()))
    assert (row["outcome"], row["reason"], row["at"]) == ("failed", "no_address", "2026-06-10T08:00:00+00:00")


@pytest.mark.parametrize("key", [uuid4(), "x", "1", "%00"])
def test_of_nobody_there_is_no_timeline(as_alice, key) -> None:
    for path in (f"/api/v1/subscriptions/{key}/timeline/", f"/api/v1/subscriptions/{key}/timeline.csv"):
        assert as_alice.get(path).status_code == 404


# --- Rights and costs -------------------------------------------------------------------------

READ = ["attention/", "attention/counts/", "failed-tasks/", "runsendestimate", "subscriptions/{}/timeline/"]
READ += ["subscriptions/{}/timeline.csv"]
WRITTEN = ["attention/requeue/", "failed-tasks/", "runsendestimate"]
WRITTEN += ["behind-subscriptions/fast_forward/", "behind-subscriptions/send_one/"]


def test_nobody_without_the_right_gets_in(anonymous, alice, mary) -> None:
    reader, other = client_with_token(alice, "stagebased:read"), client_with_token(alice, "contacts")
    for path in READ:
        url = f"/api/v1/{path.format(mary.pk)}"
        assert anonymous.get(url).status_code == 401
        assert (reader.get(url).status_code, other.get(url).status_code) == (200, 403)
    for path in WRITTEN:
        assert anonymous.post(f"/api/v1/{path}").status_code == 401
        assert [client.post(f"/api/v1/{path}").status_code for client in (reader, other)] == [403, 403]
    assert Delivery.objects.count() == 1


@pytest.mark.parametrize(
    "path", ["attention/", "attention/counts/", "failed-tasks/", "behind-subscriptions/"]
)
def test_a_list_of_twenty_costs_what_a_list_of_one_costs(
    as_finder, make_subscription, first_message, django_assert_max_num_queries, path
) -> None:
    made = [make_subscription(created_at=NOW - DAY).pk for _ in range(20)]
    send_each(subscription_ids=made, now=NOW)
    tasks.find_behind()
    as_finder.get("/api/v1/attention/")
    with django_assert_max_num_queries(8):
        assert as_finder.get(f"/api/v1/{path}").status_code == 200
