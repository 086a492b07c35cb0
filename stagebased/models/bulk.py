"""Changes of many subscriptions at once, worked off in the background."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.timezone import now

from outbox.ids import new_id
from stagebased.models.subscriptions import Subscription


class BulkChange(models.Model):
    """One change that many subscriptions are to have; its items say whose turn has come."""

    class Kind(models.TextChoices):
        PAUSE = "pause", "pause (until a date)"
        RESUME = "resume", "resume"
        LANGUAGE = "language", "change the language"
        SET = "set", "move to another message set"
        BIRTH = "birth", "baby born: begin this set, counted from the birth"
        LOSS = "loss", "loss: stop everything (and begin this set)"
        CHANNEL = "channel", "go on over another channel"
        SCHEDULE = "schedule", "go on at another schedule's times"
        OPT_OUT = "opt-out", "opt out of these programmes"
        POSITION = "position", "go to a message number (forward or back)"
        REWIND = "rewind", "rewind by so many messages"
        FORWARD = "forward", "fast-forward to where they would be"
        RESEND = "resend", "send the latest message again"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    value = models.CharField(
        max_length=120, blank=True, help_text="Language, short name of a set, date, channel, or number."
    )
    created_at = models.DateTimeField(default=now, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+",
        editable=False, db_index=False,
    )  # fmt: skip
    total = models.PositiveIntegerField(default=0, editable=False)
    done = models.PositiveIntegerField(default=0, editable=False)
    refused = models.PositiveIntegerField(default=0, editable=False)
    finished_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["-id"]
        indexes = [
            # Read by the worker: what is not finished.
            models.Index(fields=["id"], name="bulk_open", condition=Q(finished_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.value}".strip()


class BulkItem(models.Model):
    """One subscription's turn in a change of many."""

    bulk = models.ForeignKey(BulkChange, on_delete=models.CASCADE, related_name="items", db_index=False)
    subscription = models.ForeignKey(Subscription, null=True, on_delete=models.SET_NULL, related_name="+")
    outcome = models.CharField(max_length=200, blank=True, help_text="Why it was refused; empty: done.")
    over = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["bulk", "subscription"], name="bulk_item_once"),
        ]
        indexes = [
            # Read by the worker: whose turn has not come.
            models.Index(fields=["bulk", "id"], name="bulk_item_waiting", condition=Q(over=False)),
        ]

    def __str__(self) -> str:
        return f"item {self.pk}"
