"""What is said, to whom, when: schedules, message sets, their messages, subscriptions and due slots."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.timezone import now

from contacts.models import validate_timezone
from outbox.ids import new_id

validate_language = RegexValidator(r"\A[a-z]{2,3}([_-][A-Za-z]{2})?\Z", "Write a language code like eng_ZA.")


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
        return self.cron

    @property
    def cron(self) -> str:
        return f"{self.minute} {self.hour} {self.day_of_month} {self.month_of_year} {self.day_of_week}"


class MessageSet(models.Model):
    """An ordered programme of messages in one or several languages."""

    class ContentType(models.TextChoices):
        TEXT = "text", "text"
        AUDIO = "audio", "audio"

    class CatchUp(models.TextChoices):
        """What is sent of several slots that an outage has kept back."""

        LATEST = "latest", "one message, however many slots were missed"
        SPACED = "spaced", "one for each slot missed, some time apart"
        SKIP = "skip", "nothing: the next slot goes on"

    short_name = models.CharField(max_length=100, unique=True)
    label = models.CharField(max_length=100, blank=True, default="")
    content_type = models.CharField(max_length=5, choices=ContentType.choices, default=ContentType.TEXT)
    notes = models.TextField(null=True, blank=True)
    next_set = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="previous_sets",
        help_text="Begins where this one ends.",
    )
    default_schedule = models.ForeignKey(Schedule, on_delete=models.PROTECT, related_name="message_sets")
    channel = models.CharField(max_length=20, default="sms")
    gateway = models.CharField(max_length=32, blank=True, help_text="Empty: the channel's usual gateway.")
    fall_back = models.BooleanField(
        default=False, help_text="Send another language when a message is missing in the person's own."
    )
    default_language = models.CharField(max_length=6, blank=True, validators=[validate_language])
    not_before = models.TimeField(null=True, blank=True, help_text="Local time before which nothing is sent.")
    not_after = models.TimeField(null=True, blank=True, help_text="Local time after which nothing is sent.")
    grace = models.DurationField(
        null=True,
        blank=True,
        help_text="How late a message may still be sent; empty: the installation's default.",
    )
    catch_up = models.CharField(
        max_length=6,
        choices=CatchUp.choices,
        default=CatchUp.LATEST,
        help_text="After an outage, of the slots that are not older than the grace.",
    )
    spacing = models.DurationField(
        default=timedelta(hours=1), help_text="Time between messages that are caught up one for each slot."
    )
    spread = models.DurationField(
        null=True,
        blank=True,
        help_text="A slot's messages go out evenly over this time; empty: all at once.",
    )
    created_at = models.DateTimeField(default=now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.label or self.short_name


class BinaryContent(models.Model):
    """An uploaded file, e.g. the audio of a message; stored under a random name."""

    content = models.FileField(upload_to="content/")
    content_type = models.CharField(max_length=100, editable=False)
    size = models.PositiveIntegerField(editable=False)
    sha256 = models.CharField(max_length=64, editable=False)
    created_at = models.DateTimeField(default=now, editable=False)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.content.name or ""


class Message(models.Model):
    """The text or file of one position of a set in one language."""

    messageset = models.ForeignKey(MessageSet, on_delete=models.CASCADE, related_name="messages")
    sequence_number = models.IntegerField(validators=[MinValueValidator(1)])
    lang = models.CharField(max_length=6, validators=[validate_language])
    text_content = models.TextField(null=True, blank=True)
    binary_content = models.ForeignKey(
        BinaryContent, null=True, blank=True, on_delete=models.PROTECT, related_name="messages"
    )
    metadata = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(default=now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["messageset", "sequence_number", "lang"]
        constraints = [
            models.UniqueConstraint(fields=["messageset", "sequence_number", "lang"], name="message_once"),
            models.CheckConstraint(condition=Q(sequence_number__gte=1), name="message_number_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.messageset_id}/{self.sequence_number} {self.lang}"


class Subscription(models.Model):
    """One person on one message set; ``next_sequence_number`` is what comes next.

    Ids are in the order of time, so that the planner, which goes through them
    in order, goes through the table in order too.
    """

    class ProcessStatus(models.IntegerChoices):
        """The numbers of the original service; only READY subscriptions are planned."""

        INVALID = 5, "invalid"
        COMPLETED = 2, "completed"
        IN_PROCESS = 1, "in process"
        READY = 0, "ready"
        NO_ADDRESS = -1, "error"
        ERROR = -2, "error (documented, unused)"

    class Stopped(models.TextChoices):
        """Why an inactive subscription is inactive."""

        NO = "", "running or ended by itself"
        OPT_OUT = "opt_out", "the person opted out"
        PAUSED = "paused", "paused by staff"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    version = models.IntegerField(default=1)
    contact = models.ForeignKey(
        "contacts.Contact",
        on_delete=models.PROTECT,
        related_name="subscriptions",
        help_text="The person; the wire calls it identity.",
    )
    messageset = models.ForeignKey(MessageSet, on_delete=models.PROTECT, related_name="subscriptions")
    schedule = models.ForeignKey(
        Schedule, on_delete=models.PROTECT, related_name="subscriptions", db_index=False
    )
    lang = models.CharField(max_length=6, validators=[validate_language])
    initial_sequence_number = models.IntegerField(default=1)
    next_sequence_number = models.IntegerField(default=1)
    active = models.BooleanField(default=True)
    completed = models.BooleanField(default=False)
    process_status = models.SmallIntegerField(default=0)
    stopped = models.CharField(
        max_length=10, choices=Stopped.choices, blank=True, default=Stopped.NO, editable=False
    )
    metadata = models.JSONField(null=True, blank=True)
    last_slot_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="The latest due slot that has been dealt with."
    )
    hub_request_id = models.CharField(
        max_length=100,
        null=True,
        blank=True,
        unique=True,
        editable=False,
        help_text="The hub's id of the request, so that the same webhook twice makes one subscription.",
    )
    continues = models.OneToOneField(
        "self",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="continued_by",
        editable=False,
        help_text="The completed subscription this one follows.",
    )
    created_at = models.DateTimeField(default=now, editable=False)
    updated_at = models.DateTimeField(default=now, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        editable=False,
        db_index=False,
    )
    updated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        editable=False,
        db_index=False,
    )

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(next_sequence_number__gte=1, initial_sequence_number__gte=1),
                name="subscription_positions",
            ),
        ]
        # None of the columns that a send changes (next_sequence_number, last_slot_at,
        # updated_at) is in an index: PostgreSQL can then update the row in place.
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="subscription_newest"),
            # Read by the planner: the ready subscriptions of a schedule in id order.
            models.Index(
                fields=["schedule", "id"],
                name="subscription_ready",
                condition=Q(active=True, completed=False, process_status=0),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.messageset_id} for {self.contact_id}"


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


class Metric(models.Model):
    """The latest computed value of one of the service's metrics."""

    key = models.CharField(max_length=200, primary_key=True)
    value = models.FloatField()
    computed_at = models.DateTimeField(default=now)

    def __str__(self) -> str:
        return self.key
