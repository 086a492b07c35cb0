"""One person's data: all of it handed out, all of it erased."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from sendables.entities import Entity, entities
from sendables.models import ArchivedThread, Block, Inbox, Pace, Posting, SendKey
from sendables.operations.collecting import mark_hanging
from sendables.operations.retention import collecting
from sendables.operations.withdrawing import withdraw
from sendables.sql import Among

Record = dict[str, Any]


def export_person(person: User) -> Iterator[Record]:
    """Everything kept about the person, one record after the other; ``kind`` says what each is.

    Records are of what the person may see: their copies, what they sent and
    have not removed, whom they blocked.
    """
    for kind in entities():
        yield from export_entity(kind, person)
    for block in Block.objects.filter(blocker=person).select_related("blocked").iterator():
        yield {"kind": "block", "username": block.blocked.username, "since": block.created_at}


def export_entity(kind: Entity, person: User) -> Iterator[Record]:
    """The same of one entity."""
    yield from _received(kind, person)
    yield from _sent(kind, person)


def _received(kind: Entity, person: User) -> Iterator[Record]:
    related = ["sendable__sender"] if kind.has_sender else ["sendable"]
    receipts = kind.receipts.of(person).visible().select_related(*related).order_by("pk")
    for receipt in receipts.iterator():
        yield {
            "kind": f"received {kind.name}",
            **_content(kind, receipt.sendable),
            "sender": _name(receipt.sendable.sender) if kind.has_sender else None,
            "read_at": receipt.read_at,
        }


def _sent(kind: Entity, person: User) -> Iterator[Record]:
    if not kind.has_sender:
        return
    mine = kind.contents.filter(sender=person, removed_at=None).order_by("pk")
    for content in mine.prefetch_related("receipts__recipient").iterator(chunk_size=500):
        names = [receipt.recipient.username for receipt in content.receipts.all()]
        yield {"kind": f"sent {kind.name}", **_content(kind, content), "recipients": names}


def _content(kind: Entity, content: Any) -> Record:
    names = [*kind.settings.SENT_FIELD_NAMES, *kind.settings.OPTIONAL_FIELD_NAMES]
    key = getattr(content, kind.settings.SENDABLE_KEY_NAME)
    return {"id": key, "sent_on": content.sent_on, **{name: getattr(content, name) for name in names}}


def _name(user: User | None) -> str | None:
    return user.username if user else None


def erase_person(person: User, *, keep_sent: bool = False) -> int:
    """Remove all that was sent to the person and all that they wrote; how many contents and copies.

    What they wrote disappears from its readers' inboxes too, unless
    ``keep_sent``: then it stays there without a sender's name. The account
    itself stays. Works in bites, each complete in itself: whoever interrupts
    it may start it again.
    """
    erased = 0
    for kind in entities():
        erased += _erase_received(kind, person)
        if kind.has_sender:
            erased += _erase_sent(kind, person, keep_sent=keep_sent)
        for _ in collecting(kind):
            pass
    _erase_the_rest(person)
    return erased


def _erase_received(kind: Entity, person: User) -> int:
    bite, erased = kind.settings.COLLECT_BITE, 0
    while withdraw(kind, kind.receipts.of(person), most=bite):
        pass
    mine = kind.receipts.of(person).order_by("pk")
    while keys := list(mine.values_list("sendable_id", flat=True)[:bite]):
        erased += _forget_copies(kind, person, keys)
    return erased


@transaction.atomic
def _forget_copies(kind: Entity, person: User, keys: list[Any]) -> int:
    contents = kind.contents.filter(Among("pk", keys))
    list(contents.select_for_update(no_key=True).order_by("pk").values_list("pk", flat=True))
    erased: int = kind.receipts.of(person).filter(Among("sendable_id", keys)).delete()[0]
    if kind.settings.DELETE_HANGING_SENDABLES:
        mark_hanging(kind, contents)
    return erased


def _erase_sent(kind: Entity, person: User, *, keep_sent: bool) -> int:
    sent = kind.contents.filter(sender=person)
    if keep_sent:
        return sent.update(sender=None)
    bite, erased = kind.settings.COLLECT_BITE, 0
    while keys := list(sent.order_by("pk").values_list("pk", flat=True)[:bite]):
        receipts = kind.receipts.filter(Among("sendable_id", keys))
        while withdraw(kind, receipts, most=bite):
            pass
        while receipts.filter(pk__in=receipts.order_by().values("pk")[:bite]).delete()[0]:
            pass
        erased += kind.contents.filter(Among("pk", keys)).delete()[0]
    return erased


def _erase_the_rest(person: User) -> None:
    Posting.objects.filter(posted_by=person, finished_at=None).update(cancelled_at=timezone.now())
    Posting.objects.filter(posted_by=person).delete()
    for model in (ArchivedThread, Inbox, Pace, SendKey):
        model._default_manager.filter(user=person).delete()
    Block.objects.filter(blocker=person).delete()
    Block.objects.filter(blocked=person).delete()
