"""Who is on which set, and what was changed by hand."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.timezone import now

from outbox.ids import new_id
from stagebased.models.content import MessageSet, validate_language
from stagebased.models.schedules import Schedule


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
        SWITCHED = "switched", "another subscription took its place"
        LOSS = "loss", "the pregnancy or the child was lost"
        FAILURES = "failures", "too many messages in a row did not arrive"

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
    paused_until = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="When a pause ends by itself; empty: when staff end it.",
    )
    anchor_date = models.DateField(
        null=True,
        blank=True,
        help_text="The date from which the position is counted: due date, birth. Empty: it goes by itself.",
    )
    anchor_set = models.ForeignKey(
        MessageSet,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        editable=False,
        db_index=False,
        help_text="The first set of the chain that the date speaks of.",
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
            # Read by the clock: whose pause is over?
            models.Index(
                fields=["paused_until"], name="subscription_paused", condition=Q(paused_until__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.messageset_id} for {self.contact_id}"


class Change(models.Model):
    """One change of somebody's subscription that was not a send: who made it, why, from what to what.

    Written in the transaction of the change and never changed itself. Holds
    names of sets and languages, dates and numbers of messages; no texts and no
    telephone numbers.
    """

    class Kind(models.TextChoices):
        SET = "set", "another set"
        LANGUAGE = "language", "another language"
        CHANNEL = "channel", "another channel"
        SCHEDULE = "schedule", "another schedule"
        POSITION = "position", "another position"
        DATE = "date", "another date"
        BIRTH = "birth", "baby born"
        LOSS = "loss", "loss"
        PAUSE = "pause", "paused"
        RESUME = "resume", "resumed"
        STOP = "stop", "stopped"

    kind = models.CharField(max_length=10, choices=Kind.choices)
    contact = models.ForeignKey("contacts.Contact", on_delete=models.CASCADE, related_name="changes")
    subscription = models.ForeignKey(
        Subscription, null=True, on_delete=models.SET_NULL, related_name="changes"
    )
    #: The subscription that took its place, if one did.
    successor = models.ForeignKey(
        Subscription, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    reason = models.CharField(max_length=200, blank=True)
    source = models.CharField(max_length=50, help_text="Where it was asked for: api, admin, planner, …")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_index=False,
    )
    created_at = models.DateTimeField(default=now, editable=False)

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            # Read by the admin's list.
            models.Index(fields=["-created_at", "-id"], name="change_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, {self.created_at:%Y-%m-%d %H:%M}"
