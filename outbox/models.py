"""What must go out: one row per message to one person, from the wish to the handset."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.timezone import now

from contacts.models import validate_timezone
from outbox.ids import new_delivery_id, new_id
from outbox.trail import current_origin


class Gateway(models.Model):
    """A way out that has its own pace, e.g. one smsd with its modems.

    Deliveries name it by ``name``; where its spool is stands in settings
    (``SMS_GATEWAYS``), because that belongs to a host, not to the database.
    """

    name = models.SlugField(primary_key=True, max_length=32)
    channel = models.CharField(max_length=20)
    paused = models.BooleanField(default=False, help_text="Nothing is handed over while this is set.")
    rate_per_minute = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text="Most deliveries handed over within any 60 seconds; empty: no limit.",
    )
    high_water = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text="Most deliveries waiting at the gateway; empty: the installation's default.",
    )
    not_before = models.TimeField(
        null=True, blank=True, help_text="Before this time of day nothing but replies is handed over."
    )
    not_after = models.TimeField(
        null=True, blank=True, help_text="After this time of day nothing but replies is handed over."
    )
    timezone = models.CharField(
        "time zone",
        max_length=50,
        default="UTC",
        validators=[validate_timezone],
        help_text="In which these times are meant, e.g. Africa/Johannesburg.",
    )
    trouble = models.CharField(
        max_length=300, blank=True, editable=False, help_text="Why it takes nothing now; empty: all is well."
    )
    trouble_since = models.DateTimeField(null=True, blank=True, editable=False)
    recent = models.JSONField(
        default=list,
        editable=False,
        help_text="For the rate: [moment in seconds, deliveries] of what was handed over in the last minute.",
    )
    created_at = models.DateTimeField(default=now, editable=False)

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        if self.not_before is not None and self.not_before == self.not_after:
            raise ValidationError({"not_after": "Choose another time than that at which the day begins."})


class Delivery(models.Model):
    """One message to one person over one channel.

    ``(source, cause, slot_key)`` is the occasion, unique for ever: whoever
    tries to create the same one again creates nothing. ``cause`` is the id of
    what made it due (a subscription, an inbound message, a broadcast) and
    ``slot_key`` says which of its occasions (``2026-11-21T08:00Z``, a
    sequence number, an idempotency key). The row's id is the name of its
    spool file, so a repeated hand-over can be recognised wherever the file
    has got to.

    States only move forward (``FORWARD``); ``outbox.operations`` is the only
    writer. Each state has its time.
    """

    class State(models.TextChoices):
        QUEUED = "queued", "queued"
        CLAIMED = "claimed", "claimed"
        HANDED = "handed", "handed over"
        SENT = "sent", "sent"
        DELIVERED = "delivered", "delivered"
        FAILED = "failed", "failed"
        SKIPPED = "skipped", "skipped"
        EXPIRED = "expired", "expired"
        CANCELLED = "cancelled", "cancelled"

    class Priority(models.IntegerChoices):
        REPLY = 0, "reply"
        HIGH = 3, "high"
        NORMAL = 5, "normal"
        BULK = 9, "bulk"

    id = models.UUIDField(primary_key=True, default=new_delivery_id, editable=False)
    source = models.CharField(
        max_length=20, help_text="What kind of cause: subscription, inbound, sms-api, …"
    )
    cause = models.UUIDField(help_text="Id of what made this due.")
    slot_key = models.CharField(max_length=150, help_text="Which of the cause's occasions this is.")
    # Not checked by the database: that would lock a random contact's row for each delivery and cost as
    # much as half of the insert (measured: 12 against 8 microseconds). People are deleted through
    # Django, which sets this to null; a stale id would read as nobody.
    contact = models.ForeignKey(
        "contacts.Contact",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="deliveries",
        db_index=False,
        db_constraint=False,
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_index=False,
    )
    origin = models.UUIDField(
        null=True,
        blank=True,
        default=current_origin,
        editable=False,
        help_text="The request or task that made it, by which log lines are found.",
    )
    channel = models.CharField(max_length=20, default="sms")
    gateway = models.CharField(max_length=32, default="sms")
    priority = models.PositiveSmallIntegerField(choices=Priority.choices, default=Priority.NORMAL)
    address = models.CharField(
        max_length=254, blank=True, help_text="E.164 number, account or mailbox; empty when there was none."
    )
    text = models.TextField(blank=True)
    options = models.JSONField(
        default=dict, blank=True, help_text="For the channel: flash, queue, validity, audio, subject, …"
    )
    despite_opt_out = models.BooleanField(
        default=False, help_text="Goes out though the person opted out (the confirmation itself)."
    )
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    reason = models.CharField(
        max_length=40, blank=True, help_text="Stable code of why it ended short of delivery."
    )
    detail = models.CharField(max_length=300, blank=True, help_text="The same for people to read.")
    attempts = models.PositiveSmallIntegerField(default=0)
    claim = models.UUIDField(null=True, blank=True, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    parts = models.PositiveSmallIntegerField(null=True, blank=True, help_text="SMS parts it is sent in.")
    not_before = models.DateTimeField(default=now)
    closes_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="Quiet hours: from this time on it waits, until whoever queued it opens it again.",
    )
    expires_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=now, editable=False)
    claimed_at = models.DateTimeField(null=True, blank=True, editable=False)
    handed_at = models.DateTimeField(null=True, blank=True, editable=False)
    sent_at = models.DateTimeField(null=True, blank=True, editable=False)
    delivered_at = models.DateTimeField(null=True, blank=True, editable=False)
    ended_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When it failed, expired, was skipped or cancelled."
    )

    class Meta:
        verbose_name_plural = "deliveries"
        constraints = [
            # ``cause`` leads: it tells almost all rows apart, so the text columns are rarely compared.
            models.UniqueConstraint(fields=["cause", "slot_key", "source"], name="delivery_once"),
            # The claim looks for these priorities, each by itself.
            models.CheckConstraint(condition=Q(priority__in=[0, 3, 5, 9]), name="delivery_priority_known"),
        ]
        indexes = [
            # Read by outbox.dispatcher's claim: holds only the rows still waiting.
            models.Index(
                fields=["gateway", "priority", "not_before", "id"],
                name="delivery_waiting",
                condition=Q(state="queued"),
            ),
            # Read by outbox.dispatcher's retake: claims whose worker may be gone.
            models.Index(
                fields=["gateway", "lease_until"], name="delivery_leased", condition=Q(state="claimed")
            ),
            # Read by channels that look for deliveries whose fate never came back.
            models.Index(
                fields=["gateway", "handed_at"], name="delivery_handed", condition=Q(state="handed")
            ),
            # Read by the sweep: what waited too long.
            models.Index(
                fields=["expires_at"],
                name="delivery_expiring",
                condition=Q(state="queued", expires_at__isnull=False),
            ),
            # Read by whoever opens deliveries again after quiet hours.
            models.Index(
                fields=["closes_at"],
                name="delivery_closing",
                condition=Q(state="queued", closes_at__isnull=False),
            ),
            # Read by a contact's page and by opt-outs.
            models.Index(
                fields=["contact", "created_at"], name="delivery_contact", condition=Q(contact__isnull=False)
            ),
            # Read by a number's history where nobody is known to have it.
            models.Index(
                fields=["address", "created_at"], name="delivery_number", condition=Q(contact__isnull=True)
            ),
            # Read by programmes: what ended short lately, for the list of what needs attention.
            models.Index(
                fields=["ended_at", "id"],
                name="delivery_short",
                condition=Q(source="subscription", state__in=["failed", "skipped", "expired"]),
            ),
            # Read by the list of failures, and by whoever sends many of them again.
            models.Index(
                fields=["ended_at", "id"],
                name="delivery_failures",
                condition=Q(state__in=["failed", "expired"]),
            ),
            # Read by the SMS interface's lists: a caller's own, and an administrator's.
            models.Index(
                fields=["created_by", "state", "id"],
                name="delivery_api_caller",
                condition=Q(source="sms-api"),
            ),
            models.Index(fields=["state", "id"], name="delivery_api_all", condition=Q(source="sms-api")),
            # Read by a broadcast's progress: how many of its deliveries are in which state.
            models.Index(
                fields=["cause", "state"], name="delivery_broadcast", condition=Q(source="broadcast")
            ),
        ]

    def __str__(self) -> str:
        return f"to {self.address or 'nobody'}, by {self.channel}"


_WAITING = (Delivery.State.QUEUED, Delivery.State.CLAIMED)
_UNDER_WAY = (*_WAITING, Delivery.State.HANDED)
#: From which states each state may be reached. A late "sent" never overwrites "delivered".
#: (A claim that comes to nothing goes back to *queued*; that is the dispatcher's business alone.)
FORWARD: dict[str, tuple[str, ...]] = {
    Delivery.State.CLAIMED: (Delivery.State.QUEUED,),
    Delivery.State.HANDED: (Delivery.State.CLAIMED,),
    Delivery.State.SENT: _UNDER_WAY,
    Delivery.State.DELIVERED: (*_UNDER_WAY, Delivery.State.SENT),
    Delivery.State.FAILED: (*_UNDER_WAY, Delivery.State.SENT),
    Delivery.State.EXPIRED: _WAITING,
    Delivery.State.CANCELLED: _WAITING,
}


class Pulse(models.Model):
    """When something that recurs last happened: the clock's tick, a gateway's turn."""

    name = models.CharField(max_length=50, primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} {self.at:%Y-%m-%d %H:%M:%S}"


class Failure(Delivery):
    """A delivery that failed or came too late, for the admin site's list of those."""

    class Meta:
        proxy = True
        # Who may look at deliveries may look at these.
        default_permissions = ()


class Resend(models.Model):
    """Failures of one kind that are sent again, all of them, in the background.

    ``at`` and ``at_id`` are the last one that was dealt with, in the order in
    which they ended. ``queued + refused + passed_over`` grows to ``total``.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    criteria = models.JSONField(
        default=dict, help_text="State, reason, channel, gateway and source, if given."
    )
    since = models.DateTimeField(null=True, blank=True, help_text="Only what has failed since; empty: all.")
    until = models.DateTimeField(default=now, editable=False)
    total = models.PositiveIntegerField(default=0, editable=False)
    queued = models.PositiveIntegerField(default=0, editable=False)
    refused = models.PositiveIntegerField(default=0, help_text="Cannot be sent now either.", editable=False)
    passed_over = models.PositiveIntegerField(default=0, help_text="Were sent again before.", editable=False)
    at = models.DateTimeField(null=True, blank=True, editable=False)
    at_id = models.UUIDField(null=True, blank=True, editable=False)
    stopped = models.BooleanField(default=False, editable=False)
    created_at = models.DateTimeField(default=now, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+",
        editable=False, db_index=False,
    )  # fmt: skip
    finished_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["-id"]
        indexes = [
            # Read by the worker: what is not finished.
            models.Index(fields=["id"], name="resend_open", condition=Q(finished_at__isnull=True)),
        ]

    def __str__(self) -> str:
        told = [str(value).replace("_", " ") for value in self.criteria.values()]
        return ", ".join(told) or "all failures"

    @property
    def dealt_with(self) -> int:
        return self.queued + self.refused + self.passed_over


class DeliveryCount(models.Model):
    """How many deliveries entered a state in an hour.

    Each batch adds a row with its difference; the sweep adds rows up
    (``outbox.counts``). So totals cost a few rows however many deliveries
    there are, and no two workers fight over one counter.
    """

    hour = models.DateTimeField()
    channel = models.CharField(max_length=20)
    gateway = models.CharField(max_length=32)
    state = models.CharField(max_length=10, choices=Delivery.State.choices)
    reason = models.CharField(max_length=40, blank=True)
    count = models.BigIntegerField()

    class Meta:
        indexes = [models.Index(fields=["hour", "channel", "state"], name="deliverycount_hour")]

    def __str__(self) -> str:
        return f"{self.count} {self.state} in the hour from {self.hour:%Y-%m-%d %H:%M}"
