"""Uploaded files: the audio and pictures of messages."""

from __future__ import annotations

import hashlib
import secrets
from functools import partial
from typing import Any

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import Storage
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError
from django.utils.timezone import now

from stagebased.errors import InUse, Refused
from stagebased.models import BinaryContent
from stagebased.operations.content.kinds import HEAD, KINDS, FileKind, file_kind
from stagebased.operations.content.revisions import is_recorded, publish_file


def check_file(upload: File[Any]) -> FileKind:
    """The file's kind, or Refused: empty, too large, or of no kind that is taken in."""
    if not upload.size:
        raise Refused({"content": ["The submitted file is empty."]})
    if upload.size > settings.MAX_UPLOAD_BYTES:
        raise Refused({"content": [f"The file is larger than {settings.MAX_UPLOAD_BYTES} bytes."]})
    upload.seek(0)
    kind = file_kind(upload.read(HEAD))
    if kind is None:
        known = ", ".join(sorted({kind.extension for kind in KINDS}))
        raise Refused({"content": [f"The content is of no kind that is taken in: {known}."]})
    return kind


def store_file(*, upload: File[Any], record: BinaryContent | None = None) -> BinaryContent:
    """Keep a file under a random name; with ``record``, instead of the file it has had.

    The name is a capability: 128 random bits, because telephone platforms
    fetch the file without credentials. Messages that use the record are
    published anew with the new file; what has gone out keeps the old one.
    """
    kind = check_file(upload)
    record = record or BinaryContent()
    record.content_type, record.size, record.sha256 = kind.content_type, upload.size or 0, _digest(upload)
    # A plain assignment: the file field writes the file when the row is saved.
    record.content = File(upload, name=f"{secrets.token_hex(16)}.{kind.extension}")
    try:
        _write(record)
    except BaseException:
        # The row was not kept, so nobody would ever find the file again.
        _storage().delete(record.content.name)
        raise
    return record


@transaction.atomic
def _write(record: BinaryContent) -> None:
    # Locked and read again: of two who replace a file at once, each finds what the other has put there.
    before = BinaryContent.objects.select_for_update(no_key=True).filter(pk=record.pk).first()
    record.save()
    if before is not None:
        _take_away(before)
        publish_file(record)


def _take_away(before: BinaryContent) -> None:
    """A replaced file: gone, or kept for those who still fetch it."""
    if is_recorded(before.content.name or ""):
        before.pk, before._state.adding, before.replaced_at = None, True, now()
        before.save(force_insert=True)
    else:
        _remove_after_commit(before.content.name)


def _digest(upload: File[Any]) -> str:
    digest = hashlib.sha256()
    for chunk in upload.chunks():
        digest.update(chunk)
    upload.seek(0)
    return digest.hexdigest()


def delete_file(*, record: BinaryContent) -> None:
    """Remove a file that no message uses. Raises InUse.

    One that has gone out can still be fetched by whoever got its address. (The
    original service removes the messages with it, silently, and leaves a hole
    in their set.)
    """
    try:
        with transaction.atomic():
            if is_recorded(record.content.name or "") and not file_is_used(record):
                BinaryContent.objects.filter(pk=record.pk).update(replaced_at=now())
            else:
                record.delete()
                _remove_after_commit(record.content.name)
    except (ProtectedError, IntegrityError):
        raise InUse("The file is used by messages.") from None


def file_is_used(record: BinaryContent) -> bool:
    """Whether a message, a welcome or a draft goes with it."""
    return record.messages.exists() or record.welcomes.exists() or record.drafts.exists()


def _remove_after_commit(name: str | None) -> None:
    if name:
        transaction.on_commit(partial(_storage().delete, name))


def _storage() -> Storage:
    return BinaryContent._meta.get_field("content").storage
