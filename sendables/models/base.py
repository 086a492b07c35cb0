"""The two tables that every entity has, to be subclassed: what is said, and who got it.

A subclass of ``AbstractSendable`` (or ``AbstractMessage``) holds the content;
a subclass of ``AbstractReceipt`` adds the foreign key::

    class Announcement(AbstractSendable):
        priority = models.PositiveSmallIntegerField(default=5)

    class AnnouncementReceipt(AbstractReceipt):
        sendable = models.ForeignKey(
            Announcement, on_delete=models.CASCADE, related_name="receipts", db_index=False
        )
"""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone


class AbstractSendable(models.Model):
    """What is sent to people: one row, however many receive it."""

    content = models.TextField()
    sent_on = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(
        null=True, blank=True, help_text="From then on nobody sees it any more; empty: never."
    )
    hanging_since = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="Set once nobody holds it; it is then collected."
    )

    class Meta:
        abstract = True
        indexes = [
            # Read by operations.retention: what is older than the retention time.
            models.Index(fields=["sent_on"], name="%(class)s_age"),
            # Read by operations.collect: what nobody holds.
            models.Index(
                fields=["hanging_since"], name="%(class)s_hanging", condition=Q(hanging_since__isnull=False)
            ),
            # Read by operations.retention: what has expired and is still held.
            models.Index(
                fields=["expires_at"],
                name="%(class)s_expiry",
                condition=Q(expires_at__isnull=False, hanging_since__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        # No body: this text appears in logs and in pages that may not show it.
        return f"{self._meta.verbose_name} {self.pk}"


class AbstractMessage(AbstractSendable):
    """A sendable from a person, who keeps it in a list of sent ones until removing it there."""

    sender = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="sent_%(class)ss",
        db_index=False,
    )
    removed_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When the sender deleted it from the sent ones."
    )

    class Meta(AbstractSendable.Meta):
        abstract = True
        indexes = [
            *AbstractSendable.Meta.indexes,
            # Read by the list of sent ones, and by the database when an account goes.
            models.Index(F("sender"), F("sent_on").desc(), name="%(class)s_sent"),
        ]


class Threaded(models.Model):
    """A sendable with a subject that may answer another one."""

    subject = models.CharField(max_length=200, blank=True)
    thread = models.BigIntegerField(
        null=True,
        blank=True,
        editable=False,
        # A number and not a foreign key: the conversation goes on under it when its first message is gone.
        help_text="Id of the message that began the conversation; empty for that message itself.",
    )

    class Meta:
        abstract = True

    @property
    def thread_id(self) -> int:
        """The conversation's id: that of its first message."""
        return self.thread or self.pk


class ReceiptQuerySet(models.QuerySet["AbstractReceipt"]):
    def held(self) -> ReceiptQuerySet:
        """Not deleted by their recipients."""
        return self.filter(deleted_at=None)

    def visible(self, now: datetime | None = None) -> ReceiptQuerySet:
        """Held and not expired: what the recipients' lists show."""
        return self.held().filter(Q(expires_at=None) | Q(expires_at__gt=now or timezone.now()))

    def of(self, reader: models.Model) -> ReceiptQuerySet:
        return self.filter(recipient=reader.pk)


class AbstractReceipt(models.Model):
    """One person's copy of one sendable: that it was sent to them, and what they did with it.

    ``sent_on`` and ``expires_at`` are the sendable's own, kept here so that
    one index answers a page of the inbox. ``place`` is the recipient's
    ``Inbox.version`` when it arrived: it grows in the order in which arrivals
    were committed, so a reader who has seen place N has missed nothing at or
    below N.
    """

    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="%(app_label)s_%(class)ss",
        db_index=False,
    )
    sent_on = models.DateTimeField(editable=False)
    expires_at = models.DateTimeField(null=True, blank=True, editable=False)
    place = models.BigIntegerField(editable=False)
    read_at = models.DateTimeField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)
    unread = models.GeneratedField(
        expression=Q(read_at__isnull=True),  # type: ignore[arg-type]  # the stubs know no Q here
        output_field=models.BooleanField(),
        db_persist=True,
    )

    objects = ReceiptQuerySet.as_manager()

    class Meta:
        abstract = True
        constraints = [
            # Also the way from a sendable to its recipients, and from (sendable, reader) to the receipt.
            models.UniqueConstraint(fields=["sendable", "recipient"], name="%(class)s_once"),
        ]
        indexes = [
            # Read by the inbox lists, in their order: unread before read, then newest first. With the
            # expiry, so that a reader's conversations are counted and put together without the table.
            models.Index(
                F("recipient"),
                F("unread").desc(),
                F("sent_on").desc(),
                F("sendable").desc(),
                F("expires_at"),
                name="%(class)s_inbox",
                condition=Q(deleted_at__isnull=True),
            ),
            # Read by the live stream (what arrived after place N), and by the database when an account goes.
            models.Index(fields=["recipient", "place"], name="%(class)s_feed"),
            # Read by the unread count: the few that expired and are not swept yet.
            models.Index(
                fields=["recipient", "expires_at"],
                name="%(class)s_expiring",
                condition=Q(expires_at__isnull=False, deleted_at__isnull=True, read_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.pk}"

    @property
    def is_read(self) -> bool:
        return self.read_at is not None
