"""When messages are due: schedules and their slots."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.timezone import now

from contacts.models import validate_timezone
from stagebased.wording import in_words


class Schedule(models.Model):
    """When messages of a programme are due: five cron fields and a time zone.

    The fields have cron's meaning: when both day fields are restricted, a day
    that matches either counts.
    """

    minute = models.CharField(max_length=64, default="*")
    hour = models.CharField(max_length=64, default="*")
    day_of_week = models.CharField(max_length=64, default="*", help_text="0 or 7 is Sunday, 1 is Monday.")
    day_of_month = models.CharField(max_length=64, default="*")
    month_of_year = models.CharField(max_length=64, default="*")
    timezone = models.CharField(max_length=64, default="UTC", validators=[validate_timezone])
    in_contact_timezone = models.BooleanField(
        default=False, help_text="Read the fields in each person's own time zone, where it is known."
    )
    planned_until = models.DateTimeField(
        default=now, editable=False, help_text="Slots up to this minute have been looked for."
    )
    created_at = models.DateTimeField(default=now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        # Whoever chooses one reads this: words, not cron's signs.
        return f"{in_words(self)} ({self.timezone})"

    @property
    def cron(self) -> str:
        return f"{self.minute} {self.hour} {self.day_of_month} {self.month_of_year} {self.day_of_week}"


class DueSlot(models.Model):
    """One moment at which a schedule is due, in one time zone; recorded once.

    The planner works through its subscriptions in id order; ``cursor`` is the
    last id dealt with, committed with each batch, so a crash repeats nothing.
    """

    class State(models.TextChoices):
        PLANNING = "planning", "being planned"
        DONE = "done", "done"
        MISSED = "missed", "missed"

    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, related_name="slots", db_index=False)
    timezone = models.CharField(
        max_length=64,
        blank=True,
        default="",
        help_text="For schedules in each person's zone: whose slot this is.",
    )
    due_at = models.DateTimeField()
    triggered_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="When somebody asked for it by hand: then it also counts for those who joined since.",
    )
    turn = models.PositiveSmallIntegerField(
        default=0, editable=False, help_text="Of slots caught up together, how many come before."
    )
    superseded = models.BooleanField(
        default=False,
        editable=False,
        help_text="A later slot is caught up too: this one is only for sets that catch up all.",
    )
    state = models.CharField(max_length=8, choices=State.choices, default=State.PLANNING)
    cursor = models.UUIDField(null=True, blank=True)
    editions = models.JSONField(
        null=True,
        blank=True,
        editable=False,
        help_text="By set, the edition whose texts go out: a correction counts from the next slot on.",
    )
    queued = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=now, editable=False)
    finished_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["schedule", "due_at", "timezone"], name="slot_once"),
        ]
        indexes = [
            models.Index(fields=["due_at"], name="slot_open", condition=Q(state="planning")),
            models.Index(fields=["-due_at"], name="slot_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.due_at:%Y-%m-%d %H:%M} UTC"
