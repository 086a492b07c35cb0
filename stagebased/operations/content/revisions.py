"""Publishing, and the record of what was published.

Every change of what is sent begins a new *edition* of its set, under the lock
of the set's row: so editions of a set follow each other, and whoever has read
one number has before them everything up to it. Each text that an edition
brings is kept as a ``Revision`` for good.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from django.db.models import F
from django.utils import timezone

from accounts.models import User
from outbox.ids import new_id
from stagebased.errors import UnknownMessage, UnknownMessageSet
from stagebased.models import WELCOME, BinaryContent, Message, MessageSet, Revision, Welcome

#: What people are sent: it has a language, says something, and belongs to a set.
Said: TypeAlias = Message | Welcome
#: Of a text, what a revision keeps of it, and where it belongs.
_CONTENT = ("messageset_id", "lang", "text_content", "binary_content_id", "metadata")
#: Rows of one statement.
BITE = 500


@dataclass(frozen=True)
class Edition:
    """A publication under way: the set's row is locked until it commits."""

    messageset_id: int
    number: int
    at: datetime
    by: User | None


def begin_edition(messageset_id: int, by: User | None = None) -> Edition:
    """The set's next edition. One at a time; call it before locking rows. Raises UnknownMessageSet."""
    if not MessageSet.objects.filter(pk=messageset_id).update(edition=F("edition") + 1):
        raise UnknownMessageSet(f"There is no message set {messageset_id}.")
    number = MessageSet.objects.values_list("edition", flat=True).get(pk=messageset_id)
    return Edition(messageset_id, number, timezone.now(), by)


def store(said: Said, changed: Collection[str] | None, by: User | None) -> None:
    """Write one new text, or the ``changed`` fields of a stored one, and record what it says now.

    For one that says the same as before nothing is recorded. Within the
    caller's transaction. Raises UnknownMessageSet, and UnknownMessage for one
    that has just been removed.
    """
    edition = begin_edition(said.messageset_id, by)
    if changed is None:
        made = record([said], edition)
        said.save(force_insert=True)
    else:
        made = record([said], edition) if _complete(said, changed) else []
        said.save(update_fields={*changed, *_always(said)})
    Revision.objects.bulk_create(made)


def _always(said: Said) -> set[str]:
    return {"revision", "updated_at"} if isinstance(said, Message) else {"revision"}


def _complete(said: Said, changed: Collection[str]) -> bool:
    """Take what is not ``changed`` from the stored row; whether the text then says something new.

    Somebody else may have written other fields since the record at hand was read.
    """
    rows = type(said)._default_manager.select_for_update(no_key=True)
    stored = rows.filter(pk=said.pk).first()
    if stored is None:
        raise UnknownMessage(f"There is no {said._meta.verbose_name} {said.pk}.")
    kept = {name.removesuffix("_id") for name in changed}
    for field in said._meta.concrete_fields:
        if field.name not in kept:
            setattr(said, field.attname, getattr(stored, field.attname))
    if said.revision_id is None:
        return True
    return any(getattr(said, name, None) != getattr(stored, name, None) for name in _CONTENT)


def write_all(made: Collection[Said], changed: Collection[Said], edition: Edition) -> None:
    """Write many texts of one kind, checked before, and record them. A fixed number of statements per 500."""
    if not made and not changed:
        return
    kind = type(next(iter([*made, *changed])))
    revisions = record([*made, *changed], edition)
    fields = ["text_content", "binary_content", *_always(kind()), *(["metadata"] if kind is Message else [])]
    rows: Any = kind._default_manager
    rows.bulk_create(made, batch_size=BITE)
    rows.bulk_update(changed, fields, batch_size=BITE)
    Revision.objects.bulk_create(revisions, batch_size=BITE)


def record(texts: Iterable[Said], edition: Edition) -> list[Revision]:
    """Give each text the id of a new record of what it says now; the records, not stored yet.

    The texts may be unsaved: both are written in one transaction, the texts first.
    """
    texts = list(texts)
    names = _file_names({one.binary_content_id for one in texts if one.binary_content_id})
    return [_record(one, names.get(one.binary_content_id or 0, ""), edition) for one in texts]


def _record(said: Said, file: str, edition: Edition) -> Revision:
    said.revision_id = new_id()
    message = said if isinstance(said, Message) else None
    return Revision(
        id=said.revision_id,
        messageset_id=edition.messageset_id,
        message=message,
        edition=edition.number,
        sequence_number=message.sequence_number if message else WELCOME,
        lang=said.lang,
        text_content=said.text_content or "",
        file=file,
        metadata=message.metadata if message else {},
        published_at=edition.at,
        published_by=edition.by,
    )


def _file_names(keys: Collection[int]) -> dict[int, str]:
    if not keys:
        return {}
    return dict(BinaryContent.objects.filter(pk__in=keys).values_list("pk", "content"))


def publish_file(file: BinaryContent, by: User | None = None) -> None:
    """A file has been replaced: a new record for each text that goes with it."""
    for kind in (Message, Welcome):
        having: Any = kind._default_manager.filter(binary_content=file)
        for messageset_id in sorted(set(having.values_list("messageset", flat=True))):
            edition = begin_edition(messageset_id, by)
            texts = list(having.filter(messageset=messageset_id).select_for_update(no_key=True))
            write_all([], texts, edition)


def is_recorded(file_name: str) -> bool:
    """Whether a file of that name has been published: then people may still fetch it."""
    return Revision.objects.filter(file=file_name).exists()
