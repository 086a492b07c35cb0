"""Writing down what endpoints answered: a fixed number of statements for a whole turn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction

from outbox import sets
from webhooks import notices
from webhooks.models import Endpoint, Event
from webhooks.posting.plan import GONE, next_attempt, quiet
from webhooks.posting.sessions import Answer

State = Event.State


@dataclass
class Turn:
    """What came of an endpoint's turn: an answer for each event that was posted."""

    endpoint: Endpoint
    answers: list[tuple[Event, Answer]] = field(default_factory=list)


def record(turns: Sequence[Turn], *, now: datetime) -> list[Endpoint]:
    """Write events and endpoints; the endpoints that this has disabled."""
    rows = [_event_row(event, answer, now) for turn in turns for event, answer in turn.answers]
    for turn in turns:
        _judge(turn, now)
    with transaction.atomic():
        if rows:
            _update_events(rows)
        _update_endpoints([turn.endpoint for turn in turns])
        ended = [turn.endpoint for turn in turns if not turn.endpoint.enabled]
        for endpoint in ended:
            notices.tell_of_disabled(endpoint)
    return ended


def _event_row(event: Event, answer: Answer, now: datetime) -> tuple[int, str, int, str, str, str]:
    attempts = event.attempts + 1
    state, due_at = State.TAKEN, now
    if not answer.taken:
        after = next_attempt(attempts=attempts, now=now, key=event.pk)
        state, due_at = (State.WAITING, after) if after is not None else (State.FAILED, now)
    return event.pk, state.value, attempts, sets.time_text(due_at), sets.time_text(now), answer.text


_EVENTS = """
UPDATE webhooks_event
   SET state = given.state, attempts = given.attempts, due_at = given.due, posted_at = given.posted,
       answer = given.answer
  FROM {given} AS given
 WHERE webhooks_event.id = given.k AND webhooks_event.state = 'waiting'
"""


def _update_events(rows: Sequence[Sequence[object]]) -> None:
    given = sets.records(
        rows, k="bigint", state="text", attempts="int", due="timestamptz", posted="timestamptz", answer="text"
    )
    with connection.cursor() as cursor:
        cursor.execute(_EVENTS.format(given=given.sql), given.params)


def _judge(turn: Turn, now: datetime) -> None:
    """Set on the endpoint what the answers mean for it."""
    endpoint = turn.endpoint
    endpoint.busy_until = None
    for _, answer in turn.answers:
        endpoint.last_answer = answer.text
        if answer.taken:
            endpoint.failures, endpoint.failing_since, endpoint.quiet_until = 0, None, None
            endpoint.last_success_at = now
        else:
            _failed(endpoint, answer, now)


def _failed(endpoint: Endpoint, answer: Answer, now: datetime) -> None:
    endpoint.failures += 1
    endpoint.failing_since = endpoint.failing_since or now
    endpoint.quiet_until = quiet(answer, failures=endpoint.failures, now=now)
    most = timedelta(days=settings.WEBHOOK_DISABLE_DAYS)
    if answer.status == GONE:
        _disable(endpoint, Endpoint.Disabled.GONE, now)
    elif now - endpoint.failing_since >= most:
        _disable(endpoint, Endpoint.Disabled.FAILING, now)


def _disable(endpoint: Endpoint, why: Endpoint.Disabled, now: datetime) -> None:
    endpoint.enabled, endpoint.disabled, endpoint.disabled_at = False, why, now


#: What a turn may change; what people edit meanwhile is left alone.
_WRITTEN = (
    "busy_until", "last_answer", "failures", "failing_since", "quiet_until", "last_success_at",
)  # fmt: skip


def _update_endpoints(endpoints: Sequence[Endpoint]) -> None:
    Endpoint.objects.bulk_update(endpoints, _WRITTEN)
    if ended := [endpoint for endpoint in endpoints if not endpoint.enabled]:
        Endpoint.objects.bulk_update(ended, ("enabled", "disabled", "disabled_at"))
