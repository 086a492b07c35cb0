"""What can be done with endpoints and their events."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from webhooks import wake
from webhooks.addresses import target
from webhooks.interest import interest
from webhooks.kinds import check
from webhooks.models import Endpoint, Event
from webhooks.recording import record_for
from webhooks.signing import new_secret

State = Event.State
#: The longest time for which an earlier secret goes on signing.
MOST_OVERLAP = timedelta(days=30)
#: Events of disabled endpoints that wait longer are given up.
GIVE_UP = timedelta(days=5)
BITE = 5000


class UnknownEndpoint(LookupError):
    """There is no such endpoint."""


class IsDisabled(Exception):
    """The endpoint hears of nothing now."""


@transaction.atomic
def register(
    *,
    url: str,
    kinds: Sequence[str] = (),
    description: str = "",
    include_content: bool = False,
    by: User | None = None,
) -> tuple[Endpoint, str]:
    """A new endpoint and its secret, which is not shown again.

    It hears of what happens from seconds after this on. Raises Forbidden for a
    URL that is never posted to, and UnknownKind.
    """
    target(url)
    secret = new_secret()
    endpoint = Endpoint.objects.create(
        url=url,
        types=" ".join(check(list(kinds))),
        description=description,
        include_content=include_content,
        secret=secret,
        created_by=by,
    )
    interest.forget()
    return endpoint, secret


@transaction.atomic
def change(
    *,
    endpoint_id: UUID,
    url: str | None = None,
    kinds: Sequence[str] | None = None,
    description: str | None = None,
    include_content: bool | None = None,
) -> Endpoint:
    """Change what is given. Raises UnknownEndpoint, Forbidden and UnknownKind."""
    endpoint = _locked(endpoint_id)
    if url is not None:
        target(url)
    given = {
        "url": url,
        "types": None if kinds is None else " ".join(check(list(kinds))),
        "description": description,
        "include_content": include_content,
    }
    changed = {name: value for name, value in given.items() if value is not None}
    for name, value in changed.items():
        setattr(endpoint, name, value)
    endpoint.save(update_fields=list(changed))
    interest.forget()
    return endpoint


@transaction.atomic
def rotate_secret(*, endpoint_id: UUID, overlap: timedelta = timedelta(hours=24)) -> tuple[Endpoint, str]:
    """Give an endpoint a new secret. Both sign until the overlap is over. Raises UnknownEndpoint."""
    endpoint, secret = _locked(endpoint_id), new_secret()
    overlap = max(timedelta(0), min(overlap, MOST_OVERLAP))
    endpoint.previous_secret = endpoint.secret if overlap else ""
    endpoint.previous_until = timezone.now() + overlap if overlap else None
    endpoint.secret = secret
    endpoint.save(update_fields=["secret", "previous_secret", "previous_until"])
    return endpoint, secret


@transaction.atomic
def enable(*, endpoint_id: UUID) -> Endpoint:
    """Let an endpoint hear again, beginning with what still waits for it. Raises UnknownEndpoint."""
    endpoint = _locked(endpoint_id)
    endpoint.enabled, endpoint.disabled, endpoint.disabled_at = True, Endpoint.Disabled.NO, None
    endpoint.failures, endpoint.failing_since, endpoint.quiet_until = 0, None, None
    endpoint.save(
        update_fields=["enabled", "disabled", "disabled_at", "failures", "failing_since", "quiet_until"]
    )
    interest.forget()
    wake.nudge()
    return endpoint


@transaction.atomic
def disable(*, endpoint_id: UUID) -> Endpoint:
    """Tell an endpoint nothing more. What waits for it is kept for some days. Raises UnknownEndpoint."""
    endpoint = _locked(endpoint_id)
    endpoint.enabled, endpoint.disabled = False, Endpoint.Disabled.BY_HAND
    endpoint.disabled_at = timezone.now()
    endpoint.save(update_fields=["enabled", "disabled", "disabled_at"])
    interest.forget()
    return endpoint


@transaction.atomic
def remove(*, endpoint_id: UUID) -> None:
    """Delete an endpoint with all its events. Raises UnknownEndpoint."""
    _locked(endpoint_id).delete()
    interest.forget()


@transaction.atomic
def ping(*, endpoint_id: UUID) -> None:
    """Have a test event posted. Raises UnknownEndpoint and IsDisabled."""
    endpoint = _locked(endpoint_id)
    if not endpoint.enabled:
        raise IsDisabled("The endpoint is disabled: enable it first.")
    record_for(endpoint, "ping", [uuid4()], facts={})


def send_again(*, event_ids: Collection[int]) -> int:
    """Post these events anew, whatever became of them, with all attempts before them; how many."""
    return _again(Event.objects.filter(pk__in=event_ids).values_list("pk", flat=True))


def send_failed_again(*, endpoint_id: UUID, since: datetime) -> int:
    """Post anew what an endpoint has not taken since then; how many."""
    rows = Event.objects.filter(endpoint_id=endpoint_id, occurred_at__gte=since)
    return _again(rows.exclude(state=State.TAKEN).values_list("pk", flat=True))


@transaction.atomic
def _again(keys: Collection[int]) -> int:
    rows = Event.objects.filter(pk__in=keys)
    count = rows.update(state=State.WAITING, attempts=0, due_at=timezone.now())
    wake.nudge()
    return count


def _locked(endpoint_id: UUID) -> Endpoint:
    found = Endpoint.objects.select_for_update(no_key=True).filter(pk=endpoint_id).first()
    if found is None:
        raise UnknownEndpoint(f"There is no webhook endpoint {endpoint_id}.")
    return found


def give_up(*, now: datetime) -> int:
    """Give up what waits too long for disabled endpoints; how many events."""
    stale = Event.objects.filter(state=State.WAITING, endpoint__enabled=False, occurred_at__lt=now - GIVE_UP)
    return Event.objects.filter(pk__in=list(stale.values_list("pk", flat=True)[:BITE])).update(
        state=State.FAILED
    )


def forgetting(*, before: datetime) -> Iterator[int]:
    """Delete events that occurred before that, bite by bite, except those that wait; how many each time."""
    while bite := _old(before=before):
        yield Event.objects.filter(pk__in=bite).delete()[0]


def _old(*, before: datetime) -> list[int]:
    """Of the first events in the table, which are the oldest, those that may go."""
    first = Event.objects.order_by("pk").values_list("pk", "occurred_at", "state")[:BITE]
    return [key for key, at, state in first if at < before and state != State.WAITING]
