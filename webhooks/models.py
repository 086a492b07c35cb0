"""Who is told of events, and what is still to be told."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.encryption import EncryptedTextField


class Endpoint(models.Model):
    """A URL that is told of events.

    Its secrets sign what is posted (Standard Webhooks). They are kept
    encrypted, and shown once.
    """

    class Disabled(models.TextChoices):
        NO = "", "enabled"
        BY_HAND = "by_hand", "by somebody"
        GONE = "gone", "it answered 410 Gone"
        FAILING = "failing", "it failed for days"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    url = models.CharField("URL", max_length=500, help_text="https://…; events are posted there as JSON.")
    description = models.CharField(max_length=200, blank=True)
    # Words with blanks between, which a statement can look into on every database.
    types = models.TextField(blank=True, help_text="Types of events, with blanks between; empty: all.")
    include_content = models.BooleanField(
        default=False,
        help_text="Tell telephone numbers and texts too. Without it only ids and states are told.",
    )
    secret = EncryptedTextField(editable=False)
    previous_secret = EncryptedTextField(blank=True, default="", editable=False)
    previous_until = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="Until then the secret before signs too."
    )
    enabled = models.BooleanField(default=True, editable=False)
    disabled = models.CharField(
        "why it is disabled",
        max_length=10,
        choices=Disabled.choices,
        default=Disabled.NO,
        blank=True,
        editable=False,
    )
    disabled_at = models.DateTimeField(null=True, blank=True, editable=False)
    failures = models.PositiveIntegerField(
        default=0, editable=False, help_text="Failed posts since the last success."
    )
    failing_since = models.DateTimeField(null=True, blank=True, editable=False)
    quiet_until = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="After a failure it is left alone for a while."
    )
    last_success_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_answer = models.CharField(
        max_length=200, blank=True, editable=False, help_text="Of the latest post."
    )
    served_at = models.DateTimeField(null=True, blank=True, editable=False)
    busy_until = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="A worker posts there; afterwards another one may."
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        editable=False,
    )

    #: Set by the admin site on the instance it has just made, to show it once.
    issued_secret: str

    class Meta:
        verbose_name = "webhook endpoint"

        ordering = ["created_at", "id"]

    def __str__(self) -> str:
        return self.description or self.url

    @property
    def kinds(self) -> list[str]:
        return self.types.split()


class Event(models.Model):
    """Something that happened, on its way to one endpoint.

    Written in the transaction of what happened, so that there is neither an
    event of what was undone nor something done without its event. Holds ids
    and states only: numbers and texts are read when it is posted.
    """

    class State(models.TextChoices):
        WAITING = "waiting", "waiting"
        TAKEN = "taken", "taken"
        FAILED = "failed", "given up"

    # Not checked by the database: that would lock the endpoint's one row for each event of each worker.
    endpoint = models.ForeignKey(
        Endpoint, on_delete=models.CASCADE, related_name="events", db_constraint=False, db_index=False
    )
    type = models.CharField(max_length=30)
    object_id = models.UUIDField(help_text="Of the delivery, subscription, message or contact.")
    facts = models.JSONField(default=dict, help_text="What may look different by the time it is posted.")
    origin = models.UUIDField(null=True, help_text="The request or task in which it happened.")
    occurred_at = models.DateTimeField()
    state = models.CharField(max_length=7, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(help_text="When it is posted next.")
    posted_at = models.DateTimeField(null=True)
    answer = models.CharField(max_length=200, blank=True, help_text="The endpoint's, to the latest post.")

    class Meta:
        verbose_name = "webhook event"
        ordering = ["-id"]
        indexes = [
            # Read by the claim: what waits for an endpoint.
            models.Index(fields=["endpoint", "due_at"], name="event_waiting", condition=Q(state="waiting")),
            # Read by the lists of an endpoint's events.
            models.Index(fields=["endpoint", "-id"], name="event_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.occurred_at:%Y-%m-%d %H:%M}"

    @property
    def message_id(self) -> str:
        """The same at every attempt, so that a receiver knows a repeat."""
        return f"evt_{self.endpoint_id.hex[:12]}_{self.pk}"
