"""Who is on which set, and what was changed by hand."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.timezone import now

from outbox.ids import new_id
from stagebased.models.content import MessageSet, validate_language
from stagebased.models.schedules import Schedule


def counted_anew(at: datetime, position: int | None = None) -> dict[str, Any]:
    """Columns of subscriptions whose slots before ``at`` are no longer held against them.

    After a pause, on another schedule or at another position somebody is not
    behind by what they missed meanwhile. Without ``position`` they stay where they are.
    """
    return {"counted_from": at, "counted_position": position or F("next_sequence_number")}


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
    detour = models.JSONField(
        null=True,
        blank=True,
        editable=False,
        help_text="Stages that were moved past it, each by a message: +12 was heard, -12 was not.",
    )
    exclusive = models.BooleanField(
        default=False,
        db_default=False,
        editable=False,
        help_text="Whether its set is one on which nobody can run more than once.",
    )
    metadata = models.JSONField(null=True, blank=True)
    last_slot_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="The latest due slot that has been dealt with."
    )
    counted_from = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="Since when its slots count towards being behind; empty: since it was made.",
    )
    counted_position = models.IntegerField(
        null=True, blank=True, editable=False, help_text="Its next message at that time."
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
            # Only for sets that say so, and decided by the database: two webhooks may come at once.
            models.UniqueConstraint(
                fields=["messageset", "contact"],
                name="subscription_one_active",
                condition=Q(exclusive=True, active=True, completed=False),
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
            # Read by the list of what needs attention.
            models.Index(fields=["id"], name="subscription_failures", condition=Q(stopped="failures")),
            models.Index(
                fields=["id"],
                name="subscription_not_ready",
                condition=Q(~Q(process_status=0), active=True, completed=False),
            ),
            # Read by the clock: whose pause is over?
            models.Index(
                fields=["paused_until"], name="subscription_paused", condition=Q(paused_until__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        # By name where both are at hand; nobody asks the database for a title.
        named = Subscription.messageset.is_cached(self) and Subscription.contact.is_cached(self)
        return (
            f"{self.contact}: {self.messageset}" if named else f"{self.messageset_id} for {self.contact_id}"
        )

    @property
    def counting(self) -> tuple[datetime, int]:
        """Since when its slots count towards being behind, and what was its next message then."""
        if self.counted_from is None or self.counted_position is None:
            return self.created_at, self.initial_sequence_number
        return self.counted_from, self.counted_position


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
    request = models.ForeignKey(
        "ChangeRequest", null=True, on_delete=models.SET_NULL, related_name="changes", db_index=False
    )
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
            # Read by a subscription's timeline, beside the index of the foreign key.
            models.Index(fields=["successor"], name="change_successor", condition=Q(successor__isnull=False)),
            # Read by a call that is made again.
            models.Index(fields=["request", "id"], name="change_request", condition=Q(request__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, {self.created_at:%Y-%m-%d %H:%M}"


class ChangeRequest(models.Model):
    """A call that asked for changes, kept so that the same call again changes nothing.

    ``key`` is the caller's own id of it, like a webhook's; ``digest`` tells a
    repeat from another call that uses the id by mistake.
    """

    key = models.CharField(max_length=100, null=True, unique=True)
    kind = models.CharField(max_length=10, choices=Change.Kind.choices)
    digest = models.CharField(max_length=64)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_index=False,
    )
    created_at = models.DateTimeField(default=now)

    def __str__(self) -> str:
        return self.key or f"{self.get_kind_display()}, {self.created_at:%Y-%m-%d %H:%M}"
