"""Files on their way in, and what is wrong with them."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.encryption import EncryptedTextField


class Import(models.Model):
    """A file that somebody brought: first checked, then, when they say so, taken in.

    Both go on batch by batch; ``done`` is how many records the present one of
    the two has behind it, committed with each batch. So whoever goes on after
    a crash begins where the last one stopped.
    """

    class State(models.TextChoices):
        CHECKING = "checking", "being checked"
        CHECKED = "checked", "checked"
        IMPORTING = "importing", "being imported"
        DONE = "done", "imported"
        REFUSED = "refused", "not readable"
        DISCARDED = "discarded", "discarded"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=20)
    subject = models.CharField(max_length=50, blank=True, help_text="What the list belongs to.")
    file_name = models.CharField("file", max_length=200)
    size = models.PositiveIntegerField(help_text="In bytes.")
    state = models.CharField(max_length=9, choices=State.choices, default=State.CHECKING)
    done = models.PositiveIntegerField(default=0)
    new = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    faulty = models.PositiveIntegerField(default=0)
    problem = models.CharField(max_length=500, blank=True, help_text="Why the file cannot be read.")
    problem_line = models.PositiveIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_index=False,
    )
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_index=False,
    )
    leased_until = models.DateTimeField(
        null=True, blank=True, help_text="Until then a worker is at it, and others leave it alone."
    )
    touched_at = models.DateTimeField(auto_now=True, help_text="When anything last happened to it.")

    class Meta:
        ordering = ["-created_at"]
        indexes = [
            # Read by the workers: holds only what they have to do.
            models.Index(
                fields=["created_at"], name="import_open", condition=Q(state__in=["checking", "importing"])
            ),
            models.Index(fields=["-created_at"], name="import_newest"),
        ]

    def __str__(self) -> str:
        return self.file_name

    @property
    def is_busy(self) -> bool:
        return self.state in (self.State.CHECKING, self.State.IMPORTING)

    @property
    def rows(self) -> int:
        return self.new + self.changed + self.unchanged + self.faulty


class Piece(models.Model):
    """A part of an import's file, encrypted; erased when the import has come to its end.

    In the database, because web servers and workers may be on different hosts.
    """

    of = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="pieces", db_index=False)
    number = models.PositiveIntegerField()
    data = EncryptedTextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["of", "number"], name="piece_once")]

    def __str__(self) -> str:
        return f"piece {self.number}"


class Fault(models.Model):
    """What is wrong with one row, or one of its cells. Holds no content of the file."""

    of = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="faults", db_index=False)
    line = models.PositiveIntegerField("row", help_text="As the spreadsheet counts: the header is 1.")
    column = models.CharField(max_length=100, blank=True, help_text="Empty: the row as a whole.")
    reason = models.CharField(max_length=300)

    class Meta:
        indexes = [models.Index(fields=["of", "line", "id"], name="fault_row")]

    def __str__(self) -> str:
        return (
            f"Row {self.line}, {self.column}: {self.reason}"
            if self.column
            else f"Row {self.line}: {self.reason}"
        )
