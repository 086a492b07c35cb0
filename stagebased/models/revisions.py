"""What was published, and what is being written."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.timezone import now

from outbox.ids import new_id
from stagebased.models.content import BinaryContent, Message, MessageSet, validate_language

#: The ``sequence_number`` under which a set's welcome is written and recorded.
WELCOME = 0


class Revision(models.Model):
    """A text or file as it was published at one place of a set; never changed afterwards.

    Deliveries name the revision they carry (``options["message"]["revision"]``).
    It still says what that was when the message has been corrected, moved or
    removed since.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    messageset = models.ForeignKey(MessageSet, on_delete=models.CASCADE, related_name="revisions")
    # Found by the unique constraint's index.
    message = models.ForeignKey(
        Message,
        null=True,
        on_delete=models.SET_NULL,
        related_name="revisions",
        db_index=False,
        help_text="Empty for a welcome, and when the message has been removed.",
    )
    edition = models.PositiveIntegerField(help_text="The set's edition that it came with.")
    sequence_number = models.IntegerField(help_text="Its place when it was published; 0: the welcome.")
    lang = models.CharField(max_length=6)
    text_content = models.TextField(blank=True)
    file = models.CharField(max_length=100, blank=True, help_text="The name under which its file is stored.")
    metadata = models.JSONField(default=dict)
    published_at = models.DateTimeField(default=now)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_index=False,
    )

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["message", "messageset", "edition"], name="revision_once"),
        ]
        indexes = [
            # Read when a file is replaced or removed: has it been sent?
            models.Index(fields=["file"], name="revision_file", condition=~Q(file="")),
        ]

    def __str__(self) -> str:
        return f"{self.messageset_id}/{self.sequence_number} {self.lang}, edition {self.edition}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("A revision is never changed.")
        super().save(*args, **kwargs)


class Draft(models.Model):
    """What an editor has written for one place of a set and not published yet. Never sent."""

    # Found by the unique constraint's index.
    messageset = models.ForeignKey(
        MessageSet, on_delete=models.CASCADE, related_name="drafts", db_index=False
    )
    sequence_number = models.IntegerField(
        validators=[MinValueValidator(WELCOME)], help_text="0: the welcome."
    )
    lang = models.CharField(max_length=6, validators=[validate_language])
    text_content = models.TextField(blank=True)
    binary_content = models.ForeignKey(
        BinaryContent, null=True, blank=True, on_delete=models.PROTECT, related_name="drafts"
    )
    metadata = models.JSONField(default=dict, blank=True)
    based_on = models.ForeignKey(
        Revision,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_index=False,
        editable=False,
        help_text="What was published there when the editor began; empty: nothing.",
    )
    updated_at = models.DateTimeField(auto_now=True)
    updated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_index=False,
        editable=False,
    )

    class Meta:
        ordering = ["messageset", "sequence_number", "lang"]
        constraints = [
            models.UniqueConstraint(fields=["messageset", "sequence_number", "lang"], name="draft_once"),
            models.CheckConstraint(condition=Q(sequence_number__gte=WELCOME), name="draft_number"),
        ]

    def __str__(self) -> str:
        return f"{self.messageset_id}/{self.sequence_number} {self.lang}, not published"
