"""Sends that take more than one step: kept for later, worked off in bites, repeatable, brought over."""

from __future__ import annotations

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.utils import timezone


class Posting(models.Model):
    """A send that is still to be done: scheduled, or to more people than one request should wait for.

    The sweep works it off in bites of recipients in id order. Each bite is a
    transaction that also moves ``cursor``, so that a crash neither repeats
    nor leaves out anybody.
    """

    entity = models.CharField(max_length=40)
    posted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    fields = models.JSONField(encoder=DjangoJSONEncoder, help_text="The sendable's own fields.")
    audience = models.JSONField(help_text='{"ids": [...]}, {"groups": [...]} or {"everybody": true}')
    allow_self = models.BooleanField(default=False, help_text="Whether the sender may be among them.")
    publish_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    sendable_key = models.CharField(
        max_length=64, blank=True, editable=False, help_text="Primary key of what was sent, once it was."
    )
    cursor = models.CharField(
        max_length=64, blank=True, editable=False, help_text="Last recipient that was served."
    )
    reached = models.PositiveIntegerField(default=0, editable=False, help_text="Recipients served so far.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    finished_at = models.DateTimeField(null=True, blank=True, editable=False)
    cancelled_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        indexes = [
            # Read by operations.postings: holds only what is still to be done.
            models.Index(
                fields=["publish_at"],
                name="posting_due",
                condition=Q(finished_at__isnull=True, cancelled_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.entity} posting {self.pk}"


class SendKey(models.Model):
    """An ``Idempotency-Key`` that was used, and what it led to.

    Kept without the content: whoever repeats the request sends that again,
    and ``fingerprint`` (SHA-256 of the request) tells whether it is the same.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    answer = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="sendkey_once")]
        indexes = [models.Index(fields=["created_at"], name="sendkey_age")]

    def __str__(self) -> str:
        return f"send key {self.pk}"


class Imported(models.Model):
    """Where a row of another installation went, so that importing twice changes nothing."""

    source = models.CharField(max_length=100, help_text="Name that the import gave the other installation.")
    entity = models.CharField(max_length=40)
    source_key = models.CharField(max_length=64)
    sendable_key = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "entity", "source_key"], name="imported_once")
        ]

    def __str__(self) -> str:
        return f"imported {self.entity} {self.source_key}"
