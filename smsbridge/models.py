"""What smsd brought back: received messages, and the references that status reports match."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone


class InboundMessage(models.Model):
    """A received SMS (or call note), stored once per spool file."""

    class Meaning(models.TextChoices):
        TEXT = "text", "message"
        STOP = "stop", "opt-out"
        START = "start", "opt-in"
        CALL = "call", "call"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    gateway = models.CharField(max_length=32)
    file_name = models.CharField(max_length=128, help_text="Its name in the spool.")
    fingerprint = models.CharField(
        max_length=64, unique=True, editable=False, help_text="Hash of gateway, name and content: the same file counts once."
    )
    sender = models.CharField(max_length=64, help_text="E.164 number where it is one, else as received.")
    contact = models.ForeignKey(
        "contacts.Contact", null=True, blank=True, on_delete=models.SET_NULL, related_name="inbound_messages"
    )
    text = models.TextField(blank=True)
    headers = models.JSONField(default=dict, help_text="The file's headers as smsd wrote them.")
    meaning = models.CharField(max_length=8, choices=Meaning.choices, default=Meaning.TEXT)
    sent_at = models.DateTimeField(null=True, blank=True, help_text="By the network's clock.")
    received_at = models.DateTimeField(help_text="By smsd's clock.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-received_at"]
        indexes = [
            models.Index(fields=["-received_at", "id"], name="inbound_newest"),
            # Read by the loop guard and by a number's history.
            models.Index(fields=["sender", "-received_at"], name="inbound_sender"),
        ]

    def __str__(self) -> str:
        return f"from {self.sender}"


class PartReference(models.Model):
    """The network's reference of one sent part, for matching its status report.

    References are eight bits and wrap, so a report is matched by modem,
    number and reference, newest first, within a time window
    (smstools3 documentation, "Status reports").
    """

    delivery = models.ForeignKey("outbox.Delivery", on_delete=models.CASCADE, related_name="part_references")
    modem = models.CharField(max_length=64, blank=True)
    number = models.CharField(max_length=32, help_text="Digits only, as smsd writes them.")
    reference = models.PositiveSmallIntegerField()
    sent_at = models.DateTimeField()
    reported_at = models.DateTimeField(null=True, blank=True)
    status = models.PositiveSmallIntegerField(null=True, blank=True, help_text="TP-Status of the last report (3GPP TS 23.040, 9.2.3.15).")

    class Meta:
        indexes = [
            models.Index(fields=["number", "reference", "-sent_at"], name="part_reference"),
        ]


class StatusReport(models.Model):
    """A status report that came before its message was known as sent; matched later or dropped."""

    gateway = models.CharField(max_length=32)
    fingerprint = models.CharField(max_length=64, unique=True, editable=False)
    modem = models.CharField(max_length=64, blank=True)
    number = models.CharField(max_length=32)
    reference = models.PositiveSmallIntegerField()
    status = models.PositiveSmallIntegerField()
    status_text = models.CharField(max_length=200, blank=True)
    discharged_at = models.DateTimeField(null=True, blank=True)
    received_at = models.DateTimeField(default=timezone.now)
    matched = models.ForeignKey(PartReference, null=True, blank=True, on_delete=models.SET_NULL, related_name="reports")

    class Meta:
        indexes = [
            models.Index(fields=["received_at"], name="report_unmatched", condition=models.Q(matched__isnull=True)),
        ]


class Keyword(models.Model):
    """A word that, alone in a reply, opts its sender out or in.

    Words are compared without case and surrounding punctuation; ``language``
    chooses the confirmation's text.
    """

    class Action(models.TextChoices):
        STOP = "stop", "opt out"
        START = "start", "opt in"

    word = models.CharField(max_length=40, unique=True, help_text="One word in lower case, e.g. stop.")
    action = models.CharField(max_length=8, choices=Action.choices)
    language = models.CharField(max_length=6, blank=True)
    confirmation = models.CharField(
        max_length=400, blank=True, help_text="Text sent back once; empty: no confirmation."
    )

    class Meta:
        ordering = ["action", "word"]

    def __str__(self) -> str:
        return self.word
