"""The two entities that are there from the start: messages between people, notices from the system."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from sendables.models.base import AbstractMessage, AbstractReceipt, AbstractSendable, Threaded


class Message(Threaded, AbstractMessage):
    """A message from one account to others. Its id is the same wherever it is shown."""

    class Meta(AbstractMessage.Meta):
        indexes = [
            *AbstractMessage.Meta.indexes,
            # Read by a conversation's page; the many messages without an answer are not in it.
            models.Index(fields=["thread"], name="message_thread", condition=Q(thread__isnull=False)),
            # Read by the list and the count of conversations, which need no more than this of what was
            # received …
            models.Index(fields=["id", "thread", "sent_on", "sender"], name="message_of_thread"),
            # … and of what was sent.
            models.Index(
                fields=["sender", "thread", "id", "sent_on"],
                name="message_sent_threads",
                condition=Q(removed_at__isnull=True),
            ),
        ]
        permissions = [("view_bodies", "Can read what messages and notices say")]


class MessageReceipt(AbstractReceipt):
    sendable = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="receipts", db_index=False)


class Notice(AbstractSendable):
    """A notice from "the system"; its readers are told of no sender."""

    sent_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="The administrator who sent it, for the record; empty when a programme did.",
    )
    delivery = models.UUIDField(
        null=True,
        blank=True,
        unique=True,
        editable=False,
        help_text="The outbox delivery that this notice is.",
    )


class NoticeReceipt(AbstractReceipt):
    sendable = models.ForeignKey(Notice, on_delete=models.CASCADE, related_name="receipts", db_index=False)
