"""E-mails about new recordings."""

from __future__ import annotations

import logging
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.utils import timezone

from accounts.mail import send, send_each
from telephony.models import VoicemailMessage
from telephony.operations.messages import delete_message

log = logging.getLogger(__name__)


def mail_messages(*, most: int = 100) -> int:
    """Send the e-mails that are due; how many were accepted by the mail server.

    One that is refused is tried again at the next call, up to
    ``settings.VOICEMAIL_MAIL_ATTEMPTS`` times; what no mail server was there
    to take is not counted. A mailbox that says
    ``deleteaftersend`` loses a message only after the mail server accepted an
    e-mail *with the recording*; without address, attachment or success the
    message stays.
    """
    due = VoicemailMessage.objects.filter(mail_due=True).order_by("received_at")
    keys = list(due.values_list("pk", flat=True)[:most])
    return send_each(keys, _mail)


def forgo_mails() -> int:
    """Tell nobody more of what has come so far; how many e-mails were due. The messages stay.

    For a database that is older than what happened: nobody knows which were sent.
    """
    return VoicemailMessage.objects.filter(mail_due=True).update(mail_due=False)


def _mail(key: UUID) -> bool:
    with transaction.atomic():
        rows = VoicemailMessage.objects.select_for_update(skip_locked=True, of=("self",))
        message = rows.select_related("voicemail").filter(pk=key, mail_due=True).first()
        if message is None:
            return False
        accepted = _send(message)
        message.mail_attempts += 1
        message.mail_due = not accepted and message.mail_attempts < settings.VOICEMAIL_MAIL_ATTEMPTS
        message.mailed_at = timezone.now() if accepted else None
        message.save(update_fields=["mail_attempts", "mail_due", "mailed_at"])
    if accepted and message.voicemail.deleteaftersend and message.voicemail.mails_recordings:
        delete_message(message_id=message.pk)
    return accepted


def _send(message: VoicemailMessage) -> bool:
    box = message.voicemail
    mail = EmailMessage(
        subject=f"New voice message in mailbox {box.mailbox}",
        body=f"A message of {message.duration} seconds was left in mailbox {box.mailbox}.",
        to=[box.email],
        headers={"X-Asterisk-VM-Message-ID": str(message.pk)},
    )
    if box.attach:
        try:
            with message.recording.open("rb") as file:
                mail.attach(f"{message.pk}.wav", file.read(), "audio/wav")
        except OSError as error:
            log.warning("the recording of %s cannot be read: %s", message.pk, type(error).__name__)
            return False
    return send(mail)
