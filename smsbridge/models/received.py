"""What smsd brought back: received messages, and the references that status reports match."""

from __future__ import annotations

import unicodedata
import uuid
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone

from contacts import programmes
from contacts.models import validate_language
from smsbridge.spool import alphabet
from smsbridge.spool.errors import Refused


def normal_word(text: str) -> str:
    """The one word that a text consists of, in lower case and without what surrounds it; else empty.

    Blanks, punctuation, symbols and invisible characters around the word do
    not count, so ``" «Stop!» "`` gives ``stop``; a text of two words gives
    nothing.
    """
    word = unicodedata.normalize("NFC", text).casefold()
    kept = [place for place, char in enumerate(word) if unicodedata.category(char)[0] in "LMN"]
    if not kept:
        return ""
    word = word[kept[0] : kept[-1] + 1]
    return "" if any(unicodedata.category(char)[0] in "ZC" for char in word) else word


class InboundMessage(models.Model):
    """A received SMS (or call note), stored once per spool file."""

    class Meaning(models.TextChoices):
        TEXT = "text", "message"
        STOP = "stop", "opt-out"
        START = "start", "opt-in"
        REPLY = "reply", "keyword"
        CALL = "call", "call"

    class Answer(models.TextChoices):
        NONE = "", "none"
        SENT = "sent", "answered"
        HELD = "held", "stopped: too many of the same"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    gateway = models.CharField(max_length=32)
    file_name = models.CharField(max_length=255, help_text="Its name in the spool.")
    fingerprint = models.CharField(
        max_length=64,
        unique=True,
        editable=False,
        help_text="Hash of gateway, name and content: the same file counts once.",
    )
    sender = models.CharField(max_length=64, help_text="E.164 number where it is one, else as received.")
    contact = models.ForeignKey(
        "contacts.Contact", null=True, blank=True, on_delete=models.SET_NULL, related_name="inbound_messages"
    )
    text = models.TextField(blank=True)
    headers = models.JSONField(default=dict, help_text="The file's headers as smsd wrote them.")
    meaning = models.CharField(max_length=8, choices=Meaning.choices, default=Meaning.TEXT)
    keyword = models.CharField(max_length=40, blank=True, help_text="The keyword it consists of, if it does.")
    answer = models.CharField(
        max_length=4,
        choices=Answer.choices,
        default=Answer.NONE,
        blank=True,
        help_text="What the program did by itself.",
    )
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
    status = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="TP-Status of the last report (3GPP TS 23.040, 9.2.3.15)."
    )

    class Meta:
        constraints = [
            # A sent file read twice, after a crash between commit and move, counts once.
            models.UniqueConstraint(fields=["delivery", "reference"], name="part_reference_once"),
        ]
        indexes = [
            # Read for each batch of status reports.
            models.Index(fields=["number", "reference", "-sent_at"], name="part_reference"),
        ]

    def __str__(self) -> str:
        return f"part {self.reference} by {self.modem}"


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
    matched = models.ForeignKey(
        PartReference, null=True, blank=True, on_delete=models.SET_NULL, related_name="reports"
    )

    class Meta:
        indexes = [
            # Read when parts become known: has their report come already?
            models.Index(
                fields=["number", "reference"],
                name="report_waiting",
                condition=models.Q(matched__isnull=True),
            ),
            # Read by the sweep that drops old ones.
            models.Index(fields=["received_at"], name="report_received"),
        ]

    def __str__(self) -> str:
        return f"status {self.status} for part {self.reference}"


class Keyword(models.Model):
    """A word that, alone in a message, opts its sender out or in, or is answered.

    Words are compared without case and surrounding punctuation. What is sent
    back is, in this order: the word's answer in the sender's language
    (``KeywordAnswer``); for a word that several languages share (``stop``,
    ``language`` empty) the confirmation of a keyword of the same action and
    programme in the sender's language; and its own confirmation.
    """

    class Action(models.TextChoices):
        STOP = "stop", "opt out"
        START = "start", "opt in"
        REPLY = "reply", "answer only"

    word = models.CharField(max_length=40, unique=True, help_text="One word in lower case, e.g. stop.")
    action = models.CharField(max_length=8, choices=Action.choices)
    programme = models.CharField(
        max_length=100, blank=True, help_text="Short name of the message set it is about; empty: everything."
    )
    language = models.CharField(
        max_length=6, blank=True, help_text="Language of the word, e.g. eng; empty: several."
    )
    confirmation = models.CharField(
        max_length=400, blank=True, help_text="Text sent back once; empty: no confirmation."
    )

    class Meta:
        ordering = ["action", "word"]
        constraints = [
            models.CheckConstraint(condition=~models.Q(word=""), name="keyword_not_empty"),
        ]

    def __str__(self) -> str:
        return self.word

    def save(self, *args: Any, **kwargs: Any) -> None:
        # Whoever writes past the form: a word in another spelling would never be found.
        self.word = normal_word(self.word)
        super().save(*args, **kwargs)

    def clean(self) -> None:
        self.word = normal_word(self.word)
        if not self.word:
            raise ValidationError({"word": "Write a single word."})
        if self.action == self.Action.REPLY and not self.confirmation:
            raise ValidationError({"confirmation": "A keyword that is only answered needs an answer."})
        if self.programme and self.programme not in programmes.known():
            raise ValidationError({"programme": "There is no message set of this name."})
        if self.confirmation:
            _check_sendable("confirmation", self.confirmation)


def _check_sendable(field: str, text: str) -> None:
    try:
        alphabet.segment(text)
    except Refused as refused:
        raise ValidationError({field: f"This cannot be sent: {refused.detail}."}) from refused


class KeywordAnswer(models.Model):
    """What a keyword answers to people of one language, instead of its confirmation."""

    keyword = models.ForeignKey(Keyword, on_delete=models.CASCADE, related_name="answers", db_index=False)
    language = models.CharField(
        max_length=6, validators=[validate_language], help_text="A code like eng, or eng_ZA for one country."
    )
    text = models.CharField(max_length=400)

    class Meta:
        ordering = ["language"]
        constraints = [
            models.UniqueConstraint(fields=["keyword", "language"], name="keyword_answer_once"),
        ]

    def __str__(self) -> str:
        return f"{self.keyword_id} in {self.language}"

    def clean(self) -> None:
        if self.text:
            _check_sendable("text", self.text)


class CollectorCount(models.Model):
    """How often in an hour the collector met something: what came in, and what leaves no row of its own."""

    class What(models.TextChoices):
        FOREIGN = "foreign", "files of other programs"
        QUARANTINED = "quarantined", "files set aside"
        REPORT_DROPPED = "report_dropped", "status reports without a message"
        TEXT = "text", "messages received"
        STOP = "stop", "opt-outs received"
        START = "start", "opt-ins received"
        REPLY = "reply", "keywords received"
        CALL = "call", "calls received"
        HELD = "held", "answers held back: too many of the same"

    hour = models.DateTimeField()
    gateway = models.CharField(max_length=32)
    what = models.CharField(max_length=16, choices=What.choices)
    count = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["hour", "gateway", "what"], name="collector_count_once"),
        ]

    def __str__(self) -> str:
        return f"{self.count} {self.get_what_display()}"


class ModemActivity(models.Model):
    """When a modem was last seen at work, by the files that smsd finished for it."""

    gateway = models.CharField(max_length=32)
    modem = models.CharField(max_length=64)
    sent_at = models.DateTimeField(null=True, blank=True)
    failed_at = models.DateTimeField(null=True, blank=True)
    received_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "modem activity"
        constraints = [models.UniqueConstraint(fields=["gateway", "modem"], name="modem_once")]

    def __str__(self) -> str:
        return f"{self.modem} of {self.gateway}"


class ErasureOrder(models.Model):
    """Files of forgotten people, or deleted messages, that a collector is to erase (``smsbridge.erasing``).

    Holds their numbers until that is done, which takes moments; then the row goes.
    """

    gateway = models.CharField(max_length=32)
    names = models.JSONField(default=list, help_text="Names of files: ids of deliveries.")
    numbers = models.JSONField(default=list, help_text="Digits, as smsd writes numbers.")
    done_until = models.DateField(null=True, blank=True, help_text="Days of the archive gone through.")
    not_before = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    def __str__(self) -> str:
        return f"erasure {self.pk} of {self.gateway}"
