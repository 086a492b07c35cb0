"""Sends for later, and sends to more people than one request should wait for."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import User
from audit.models import Entry
from audit.operations import record
from sendables.entities import Entity, entity
from sendables.models import Posting
from sendables.operations.delivering import deliver
from sendables.operations.errors import NoRecipients, NotScheduled
from sendables.operations.pacing import spend
from sendables.operations.sending import note_send, send, store, tell
from sendables.selectors.audience import allowed, everybody, members, named

log = logging.getLogger(__name__)

#: Recipients served in one transaction.
BITE = 5_000


def audience_of(wish: dict[str, Any]) -> QuerySet[User]:
    """The people that ``{"ids": …}``, ``{"groups": …}`` or ``{"everybody": true}`` means now."""
    if "ids" in wish:
        return named(wish["ids"])
    return members(wish["groups"]) if "groups" in wish else everybody()


@transaction.atomic
def send_to_many(
    *,
    entity_name: str,
    posted_by: User,
    fields: dict[str, Any],
    audience: dict[str, Any],
    allow_self: bool = False,
) -> int:
    """Send to groups or to everybody: at once, or from now on in bites when they are many.

    Returns how many people that is; raises NoRecipients when it is nobody.
    """
    kind = entity(entity_name)
    people = audience_of(audience)
    count = allowed(kind, posted_by, people, allow_self=allow_self).count()
    if not count:
        raise NoRecipients
    if count <= kind.settings.INLINE_RECIPIENTS:
        send(
            entity_name=entity_name, sender=posted_by, recipients=people, fields=fields, allow_self=allow_self
        )
    else:
        post(
            entity_name=entity_name,
            posted_by=posted_by,
            fields=fields,
            audience=audience,
            publish_at=timezone.now(),
            allow_self=allow_self,
        )
    return count


@transaction.atomic
def post(
    *,
    entity_name: str,
    posted_by: User | None,
    fields: dict[str, Any],
    audience: dict[str, Any],
    publish_at: datetime,
    allow_self: bool = False,
) -> Posting:
    """Keep a send for ``publish_at``. Who is in a group, or everybody, is found out then.

    Counts against the sender's limits now, with all who are listed; raises TooFast.
    """
    kind = entity(entity_name)
    spend(kind, posted_by, "SEND_RATE", 1)
    # Groups and everybody are for administrators, who have no limit.
    spend(kind, posted_by, "RECIPIENT_RATE", len(audience.get("ids", ())))
    made = Posting.objects.create(
        entity=entity_name,
        posted_by=posted_by,
        fields={name: value for name, value in fields.items() if name != "expires_at"},
        audience=audience,
        allow_self=allow_self,
        publish_at=publish_at,
        expires_at=fields.get("expires_at"),
    )
    to = "ids" if "ids" in audience else "groups" if "groups" in audience else "everybody"
    note_send(kind, "", posting=made.pk, to=to, publish_at=publish_at.isoformat())
    return made


@transaction.atomic
def cancel(*, entity_name: str, ids: list[int]) -> int:
    """Stop these postings: what is not yet delivered never will be. NotScheduled when none was left."""
    waiting = Posting.objects.filter(entity=entity_name, pk__in=ids, finished_at=None, cancelled_at=None)
    stopped = waiting.update(cancelled_at=timezone.now())
    if not stopped:
        raise NotScheduled
    record(Entry.Act.STOP, model=Posting._meta.label_lower, entity=entity_name, stopped=stopped)
    return stopped


def publish_due(now: datetime | None = None) -> int:
    """Work off what is due; how many people were served. Safe to run in several workers at once."""
    due = Posting.objects.filter(finished_at=None, cancelled_at=None, publish_at__lte=now or timezone.now())
    served = 0
    for pk in due.order_by("publish_at", "pk").values_list("pk", flat=True):
        try:
            served += _publish(pk)
        except Exception:  # one posting that cannot be published must not hold up the others
            log.exception("posting %s cannot be published", pk)
    return served


def _publish(pk: int) -> int:
    served, more = 0, True
    while more:
        bite, more = _publish_bite(pk)
        served += bite
    return served


@transaction.atomic
def _publish_bite(pk: int) -> tuple[int, bool]:
    """Serve the posting's next recipients: how many, and whether there are more.

    (0, False) also when another worker is at it.
    """
    open_ones = Posting.objects.filter(finished_at=None, cancelled_at=None)
    posting = open_ones.select_for_update(skip_locked=True).filter(pk=pk).first()
    if posting is None:
        return 0, False
    kind = entity(posting.entity)
    people = [] if _has_expired(posting) else _next_people(kind, posting)
    if people:
        _serve(kind, posting, people)
    more = len(people) == BITE
    posting.finished_at = None if more else timezone.now()
    posting.save(update_fields=["sendable_key", "cursor", "reached", "finished_at"])
    return len(people), more


def _has_expired(posting: Posting) -> bool:
    return posting.expires_at is not None and posting.expires_at <= timezone.now()


def _next_people(kind: Entity, posting: Posting) -> list[Any]:
    people = allowed(kind, posting.posted_by, audience_of(posting.audience), allow_self=posting.allow_self)
    if posting.cursor:
        people = people.filter(pk__gt=posting.cursor)
    return list(people.order_by("pk").values_list("pk", flat=True)[:BITE])


def _serve(kind: Entity, posting: Posting, people: list[Any]) -> None:
    sendable = _content_of(kind, posting)
    reached = deliver(kind, sendable, named(people))
    posting.sendable_key, posting.cursor = str(sendable.pk), str(people[-1])
    posting.reached += len(reached)
    tell(kind, sendable, posting.posted_by, reached)


def _content_of(kind: Entity, posting: Posting) -> Any:
    """The content row: made with the first bite, found again with the others."""
    if posting.sendable_key:
        return kind.contents.get(pk=posting.sendable_key)
    field = kind.content_model._meta.get_field
    values = {name: field(name).to_python(value) for name, value in posting.fields.items()}
    return store(kind, posting.posted_by, values, expires_at=posting.expires_at)


__all__ = ["BITE", "audience_of", "cancel", "post", "publish_due", "send_to_many"]
