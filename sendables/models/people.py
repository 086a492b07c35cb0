"""What is kept per person: counters, blocks, archived conversations, pace of sending."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone


class Inbox(models.Model):
    """One person's inbox of one entity: how much is unread, and how often it has changed.

    Its row is the lock under which the person's receipts change, so
    ``unread`` always equals a recount and ``version`` numbers the changes in
    the order of their commits.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="inboxes", db_index=False
    )
    entity = models.CharField(max_length=40)
    unread = models.IntegerField(default=0)
    version = models.BigIntegerField(default=0)

    class Meta:
        verbose_name_plural = "inboxes"
        constraints = [models.UniqueConstraint(fields=["user", "entity"], name="inbox_once")]

    def __str__(self) -> str:
        return f"{self.entity} inbox"


class Block(models.Model):
    """``blocker`` does not want to hear from ``blocked``; neither can write to the other."""

    blocker = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="blocks", db_index=False
    )
    blocked = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="blocked_by")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["blocker", "blocked"], name="block_once"),
            models.CheckConstraint(
                condition=~models.Q(blocker=models.F("blocked")), name="block_of_somebody_else"
            ),
        ]

    def __str__(self) -> str:
        return f"block {self.pk}"


class ArchivedThread(models.Model):
    """A conversation that one person has put away; it comes back with the next message in it."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    entity = models.CharField(max_length=40)
    thread = models.BigIntegerField()
    archived_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "entity", "thread"], name="archivedthread_once")
        ]

    def __str__(self) -> str:
        return f"archived {self.entity} thread {self.thread}"


class Pace(models.Model):
    """How far one person has run ahead of a sending limit (``operations.pacing``)."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    kind = models.CharField(max_length=60)
    paid_until = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "kind"], name="pace_once")]

    def __str__(self) -> str:
        return f"pace of {self.kind}"
