"""Posts: signed, tried again over days, given up, and never one endpoint's trouble another's."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from django.core import mail
from django.db import connection, transaction
from django.utils.timezone import now
from standardwebhooks import Webhook, WebhookVerificationError

from accounts.retention import prune
from outbox.models import Delivery
from tests.webhooks.conftest import again, post
from tests.webhooks.receiver import OK, Receiver, reply
from webhooks import operations
from webhooks.models import Endpoint, Event
from webhooks.posting import claims, plan
from webhooks.posting.sessions import Answer

NUMBER = "+27820001001"
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)


def test_a_post_is_signed_and_taken_once(endpoint, wait_for, receiver):
    event = wait_for()
    assert post().taken == 1
    assert post().taken == 0
    [sent] = receiver.posts
    assert sent.line == "POST /hook?from=us HTTP/1.1"
    assert sent.headers["content-type"] == "application/json"
    assert sent.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert sent.headers["webhook-id"] == event.message_id
    assert Webhook(endpoint.secret).verify(sent.body, sent.headers)["type"] == "delivery.delivered"
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + "A" * 44).verify(sent.body, sent.headers)
    stored = again(event)
    assert (stored.state, stored.attempts, stored.answer) == ("taken", 1, "200 OK")


def test_what_is_told_of_a_delivery(endpoint, wait_for, receiver, db):
    delivery = Delivery.objects.create(
        source="test",
        cause=endpoint.pk,
        slot_key="1",
        address=NUMBER,
        text="Hello",
        state="delivered",
    )
    wait_for(object_id=delivery.pk, facts={"state": "sent"}, type="delivery.sent")
    post()
    document = receiver.posts[0].document
    assert datetime.fromisoformat(document["timestamp"])
    data = document["data"]
    assert (data["id"], data["state"], data["source"]) == (str(delivery.pk), "sent", "test")
    assert b"27820001001" not in receiver.posts[0].body
    assert b"Hello" not in receiver.posts[0].body


def test_numbers_and_texts_are_told_to_whoever_asked_for_them(endpoint, wait_for, receiver):
    operations.change(endpoint_id=endpoint.pk, include_content=True)
    delivery = Delivery.objects.create(
        source="test", cause=endpoint.pk, slot_key="1", address=NUMBER, text="Hello"
    )
    wait_for(object_id=delivery.pk)
    post()
    data = receiver.posts[0].document["data"]
    assert (data["address"], data["text"]) == (NUMBER, "Hello")


def test_what_was_erased_meanwhile_is_not_told(endpoint, wait_for, receiver):
    operations.change(endpoint_id=endpoint.pk, include_content=True)
    wait_for()
    post()
    data = receiver.posts[0].document["data"]
    assert data.keys() == {"id", "state", "origin"}


def test_one_connection_serves_many_posts(endpoint, wait_for, receiver):
    for _ in range(20):
        wait_for()
    assert post().taken == 20
    assert receiver.connections == 1


def test_a_connection_that_ends_between_two_posts_is_made_anew(endpoint, wait_for, receiver):
    def answer(said, connection):
        connection.sendall(OK)

    receiver.answer = answer
    for _ in range(3):
        wait_for()
    assert post().taken == 3
    assert receiver.connections == 3


# --- Again, and giving up -----------------------------------------------------------


def test_a_refused_post_is_tried_again_over_days_under_the_same_id(endpoint, wait_for, receiver):
    receiver.answer = lambda said, connection: reply(500)
    event, after, pauses = wait_for(), timedelta(0), []
    for attempt in range(1, len(plan.PAUSES) + 2):
        assert post(after).failed == 1, attempt
        event = again(event)
        assert (event.attempts, event.answer) == (attempt, "500 Internal Server Error")
        if event.state == "waiting":
            pauses.append(event.due_at - now() - after)
            after = event.due_at - now() + 15 * MINUTE
    assert event.state == "failed"
    assert post(30 * DAY).failed == 0
    assert {said.headers["webhook-id"] for said in receiver.posts} == {event.message_id}
    assert pauses == sorted(pauses)
    assert pauses[0] < 10 * timedelta(seconds=1)
    assert 3 * DAY < sum(pauses, timedelta(0)) < 4 * DAY


def test_it_is_not_tried_before_its_time(endpoint, wait_for, receiver):
    receiver.answer = lambda said, connection: reply(500)
    wait_for()
    post()
    post(timedelta(seconds=2))
    assert len(receiver.posts) == 1


def test_events_that_failed_together_come_again_spread(db):
    moment = now()
    again_at = {plan.next_attempt(attempts=5, now=moment, key=key) for key in range(100)}
    assert len(again_at) == 100
    assert max(again_at) - min(again_at) <= plan.PAUSES[4] / 10


def test_when_it_works_again_everything_arrives(endpoint, wait_for, receiver):
    receiver.answer = lambda said, connection: reply(503)
    for _ in range(5):
        wait_for()
    post()
    assert len(receiver.posts) == 1
    assert again(endpoint).failures == 1
    receiver.answer = lambda said, connection: OK
    assert post(HOUR).taken == 5
    endpoint = again(endpoint)
    assert (endpoint.failures, endpoint.failing_since, endpoint.quiet_until) == (0, None, None)


def test_a_refusal_of_one_event_is_not_the_others(endpoint, wait_for, receiver):
    bad = wait_for()
    wait_for(), wait_for()
    receiver.answer = lambda said, connection: (
        reply(422) if said.headers["webhook-id"] == bad.message_id else OK
    )
    did = post()
    assert (did.taken, did.failed) == (2, 1)
    assert again(bad).state == "waiting"


def test_an_endpoint_that_fails_is_left_alone_for_longer_and_longer(db):
    moment = now()
    pauses = [plan.quiet(Answer(500), failures=count, now=moment) - moment for count in range(1, 12)]
    assert pauses[:3] == [timedelta(seconds=5), timedelta(seconds=10), timedelta(seconds=20)]
    assert pauses[-1] == plan.MOST_QUIET


@pytest.mark.parametrize(("header", "wait"), [("120", 120), ("999999", 86400), ("-5", 5), ("soon", 5)])
def test_how_long_it_asks_to_be_left_alone(endpoint, wait_for, receiver, header, wait):
    receiver.answer = lambda said, connection: reply(429, f"Retry-After: {header}")
    wait_for()
    moment = now()
    post()
    assert timedelta(seconds=wait - 1) < again(endpoint).quiet_until - moment < timedelta(seconds=wait + 30)


def test_410_disables_at_once_with_a_notice(endpoint, wait_for, receiver, alice):
    Endpoint.objects.update(created_by=alice)
    receiver.answer = lambda said, connection: reply(410)
    wait_for(), wait_for()
    assert post().disabled == 1
    endpoint = again(endpoint)
    assert (endpoint.enabled, endpoint.disabled, len(receiver.posts)) == (False, "gone", 1)
    notice = Delivery.objects.get(source="webhooks")
    assert (notice.channel, notice.address) == ("notice", str(alice.pk))
    assert "410 Gone" in notice.text
    assert post(HOUR).failed == 0


def test_failing_for_days_disables_with_a_notice_and_an_email(
    endpoint, wait_for, receiver, alice, settings, django_capture_on_commit_callbacks
):
    Endpoint.objects.update(created_by=alice)
    receiver.answer = lambda said, connection: reply(500)
    wait_for()
    post()
    assert again(endpoint).enabled
    wait_for()
    with django_capture_on_commit_callbacks(execute=True):
        assert post(settings.WEBHOOK_DISABLE_DAYS * DAY).disabled == 1
    assert again(endpoint).disabled == "failing"
    assert Delivery.objects.filter(source="webhooks").count() == 1
    assert [letter.to for letter in mail.outbox] == [["alice@example.org"]]


def test_nobody_to_tell_is_no_trouble(endpoint, wait_for, receiver):
    receiver.answer = lambda said, connection: reply(410)
    wait_for()
    assert post().disabled == 1


def test_enabled_again_it_gets_what_waited_and_can_be_sent_what_was_given_up(endpoint, wait_for, receiver):
    receiver.answer = lambda said, connection: reply(410)
    wait_for(), wait_for(state="failed", attempts=11)
    post()
    operations.enable(endpoint_id=endpoint.pk)
    receiver.answer = lambda said, connection: OK
    assert post(MINUTE).taken == 1
    assert operations.send_failed_again(endpoint_id=endpoint.pk, since=now() - HOUR) == 1
    assert post(MINUTE).taken == 1


# --- Fairness and crashes -----------------------------------------------------------


def test_a_slow_endpoint_does_not_hold_up_another(endpoint, wait_for, receiver):
    slow = Receiver(lambda said, connection: time.sleep(3) or OK)
    other, _ = operations.register(url=slow.url)
    for _ in range(3):
        wait_for(to=other)
    for _ in range(30):
        wait_for()
    begun = time.monotonic()
    did = post()
    slow.close()
    assert Event.objects.filter(endpoint=endpoint, state="taken").count() == 30
    assert did.taken >= 31
    assert time.monotonic() - begun < 15


def test_a_few_hundred_events_are_posted_in_turns(endpoint, wait_for, receiver):
    for _ in range(claims.EVENTS + 5):
        wait_for()
    assert post().taken == claims.EVENTS
    assert post().taken == 5


def test_a_claim_costs_the_same_for_one_endpoint_as_for_many(
    endpoint, wait_for, near, django_assert_max_num_queries
):
    for number in range(10):
        other, _ = operations.register(url=f"http://127.0.0.1:1/{number}")
        wait_for(to=other)
    for _ in range(20):
        wait_for()
    with django_assert_max_num_queries(6):
        found = claims.claim(now=now())
    assert len(found) == 11
    assert sum(len(one.events) for one in found) == 30


def test_an_endpoint_is_one_workers_at_a_time_and_outlives_a_dead_one(endpoint, wait_for, receiver):
    wait_for()
    assert claims.claim(now=now())
    assert claims.claim(now=now()) == []
    assert post(claims.LEASE + timedelta(seconds=1)).taken == 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_workers_take_different_endpoints(endpoint, wait_for):
    wait_for()
    other, _ = operations.register(url="http://127.0.0.1:1/")
    wait_for(to=other)
    with transaction.atomic():
        Endpoint.objects.select_for_update().get(pk=endpoint.pk)
        [found] = in_thread(lambda: claims.claim(now=now()))
    assert found.endpoint == other


def in_thread(work):
    """The result of ``work`` on a connection of its own."""

    def run():
        try:
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(run).result()


def test_old_events_go_and_waiting_ones_of_dead_endpoints_are_given_up(endpoint, wait_for):
    for age, state in ((40, "taken"), (40, "failed"), (40, "waiting"), (1, "taken")):
        wait_for(state=state, occurred_at=now() - age * DAY)
    other, _ = operations.register(url="http://127.0.0.1:1/")
    stale = wait_for(to=other, occurred_at=now() - 6 * DAY)
    fresh = wait_for(to=other)
    operations.disable(endpoint_id=other.pk)
    # Events are deleted in the order in which they were made.
    assert prune(["webhook-events"], seconds=60) == []
    assert (again(stale).state, again(fresh).state) == ("failed", "waiting")
    assert Event.objects.count() == 4
