"""Recordings in mailboxes."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID, uuid4

from django.conf import settings
from django.core.files.base import ContentFile
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from telephony import asterisk
from telephony.errors import MailboxFull
from telephony.models import Voicemail, VoicemailMessage
from telephony.operations.records import locked
from telephony.recordings import Recording

Folder = VoicemailMessage.Folder


@transaction.atomic
def store_message(
    *,
    voicemail_id: int,
    recording: Recording,
    folder: str = Folder.NEW,
    caller_id_name: str = "",
    caller_id_num: str = "",
    delivery_id: UUID | None = None,
    occasion: str = "",
    received_at: datetime | None = None,
) -> VoicemailMessage:
    """Put a recording into a mailbox; the same ``delivery_id`` or ``occasion`` again gives what is there.

    An e-mail about it becomes due when the mailbox has an address. Raises
    NotFound and MailboxFull.
    """
    voicemail = locked(Voicemail, voicemail_id)
    known = _known(voicemail, delivery_id, occasion)
    if known is not None:
        return known
    _require_room(voicemail, folder)
    message = VoicemailMessage(
        id=uuid4(), voicemail=voicemail, folder=folder, caller_id_name=caller_id_name,
        caller_id_num=caller_id_num, duration=recording.duration, size=len(recording.content),
        delivery_id=delivery_id, occasion=occasion, received_at=received_at or timezone.now(),
        mail_due=bool(voicemail.email),
    )  # fmt: skip
    # The name is ours alone; nothing a caller sends becomes part of a path.
    message.recording.save(f"{message.pk}.wav", ContentFile(recording.content), save=False)
    message.save(force_insert=True)
    if spool := settings.ASTERISK_VOICEMAIL_SPOOL:
        transaction.on_commit(lambda: asterisk.export(message, recording, spool), robust=True)
    return message


def _known(voicemail: Voicemail, delivery_id: UUID | None, occasion: str) -> VoicemailMessage | None:
    same = Q()
    if delivery_id is not None:
        same |= Q(delivery_id=delivery_id)
    if occasion:
        same |= Q(voicemail=voicemail, occasion=occasion)
    return VoicemailMessage.objects.filter(same).first() if same else None


@transaction.atomic
def move_message(*, message_id: UUID, folder: str) -> VoicemailMessage:
    """Put a message into another folder; into *old* means it was heard. Raises NotFound, MailboxFull."""
    message = locked(VoicemailMessage, message_id)
    if message.folder != folder:
        _require_room(locked(Voicemail, message.voicemail_id), folder)
        message.folder = folder
        message.save(update_fields=["folder"])
    return message


@transaction.atomic
def delete_message(*, message_id: UUID) -> None:
    """Remove a message and its recording. Raises NotFound."""
    message = locked(VoicemailMessage, message_id)
    message.delete()
    drop_recording(message)


def drop_recording(message: VoicemailMessage) -> None:
    """Delete the file, once the row is surely gone."""
    storage, name = message.recording.storage, str(message.recording.name)
    transaction.on_commit(lambda: storage.delete(name))


def _require_room(voicemail: Voicemail, folder: str) -> None:
    if voicemail.messages.filter(folder=folder).count() >= settings.VOICEMAIL_MAX_MESSAGES:
        raise MailboxFull(f"The folder {folder} of the mailbox is full.")
