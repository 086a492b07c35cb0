"""Sending limits per person."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from sendables import operations
from sendables.entities.rates import Rate
from sendables.models import Pace, Posting


def send(client, *people):
    return client.post("/messages/send/", {"content": "x", "recipient_ids": [p.pk for p in people]})


def test_the_limit_is_told_and_passes(bob, as_alice, settings) -> None:
    settings.SENDABLES = {"message": {"SEND_RATE": "2/minute"}}
    with time_machine.travel(timezone.now(), tick=False) as clock:
        assert [send(as_alice, bob).status_code for _ in range(3)] == [201, 201, 429]
        answer = send(as_alice, bob)
        assert answer.headers["Retry-After"] == "30"
        clock.shift(timedelta(seconds=29))
        assert send(as_alice, bob).status_code == 429
        clock.shift(timedelta(seconds=1))
        assert send(as_alice, bob).status_code == 201
        assert send(as_alice, bob).status_code == 429


def test_refused_sends_cost_nothing(alice, bob, as_alice, settings) -> None:
    settings.SENDABLES = {"message": {"SEND_RATE": "1/minute"}}
    for _ in range(3):
        assert send(as_alice, alice).status_code == 400
    assert not Pace.objects.exists()
    assert send(as_alice, bob).status_code == 201


def test_recipients_are_counted_too(bob, eve, as_alice, settings) -> None:
    settings.SENDABLES = {"message": {"RECIPIENT_RATE": "3/day"}}
    assert send(as_alice, bob, eve).status_code == 201
    assert send(as_alice, bob, eve).status_code == 429
    assert send(as_alice, bob).status_code == 201


def test_more_than_the_limit_at_once_never_goes(alice, bob, eve, as_alice, as_bob, settings) -> None:
    settings.SENDABLES = {"message": {"RECIPIENT_RATE": "1/day"}}
    answer = send(as_alice, bob, eve)
    assert (answer.status_code, set(answer.json())) == (400, {"recipient_ids"})
    assert as_bob.get("/messages/").json() == []


def test_every_sending_path_is_limited(alice, bob, write, settings) -> None:
    settings.SENDABLES = {"message": {"SEND_RATE": "1/day"}}
    message = write(alice, [bob])
    with pytest.raises(operations.TooFast):
        write(alice, [bob])
    with pytest.raises(operations.TooFast):
        operations.reply(entity_name="message", sender=alice, key=message.pk, fields={"content": "x"})


def test_sends_for_later_count_at_once(bob, eve, as_alice, settings) -> None:
    later = (timezone.now() + timedelta(days=1)).isoformat()

    def schedule(*people):
        body = {"content": "x", "recipient_ids": [p.pk for p in people], "publish_at": later}
        return as_alice.post("/messages/send/", body).status_code

    settings.SENDABLES = {"message": {"SCHEDULING": True, "SEND_RATE": "1/day"}}
    assert [schedule(bob), schedule(bob), send(as_alice, bob).status_code] == [201, 429, 429]
    settings.SENDABLES = {"message": {"SCHEDULING": True, "RECIPIENT_RATE": "2/day"}}
    assert [schedule(bob, eve), schedule(bob)] == [201, 429]
    assert Posting.objects.count() == 2


def test_people_do_not_share_a_limit_and_administrators_have_none(
    bob, as_alice, as_eve, as_staff, settings
) -> None:
    settings.SENDABLES = {"message": {"SEND_RATE": lambda user: "1/day" if user.username != "eve" else None}}
    assert [send(as_alice, bob).status_code for _ in range(2)] == [201, 429]
    assert [send(as_staff, bob).status_code for _ in range(2)] == [201, 201]
    assert [send(as_eve, bob).status_code for _ in range(2)] == [201, 201]


@pytest.mark.parametrize(
    "text", ["", "5", "5/", "/minute", "-1/minute", "0/minute", "1.5/minute", "٣/minute", "5/Minute"]
)
def test_what_is_no_rate(text) -> None:
    with pytest.raises(ValueError, match="is not a rate"):
        Rate.parse(text)
