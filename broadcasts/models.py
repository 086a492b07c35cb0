"""One text to many people: what is said, to whom, and how far it has got."""

from __future__ import annotations

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.timezone import now

from contacts.models import validate_language, validate_timezone
from outbox.ids import new_id

#: What deliveries of a broadcast name as their source.
SOURCE = "broadcast"


class Broadcast(models.Model):
    """A text, in one or several languages, to a group, to a set's subscribers or to a list of numbers.

    First its recipients are *prepared*: written down one by one, so that what
    it will cost is known exactly and whoever joins a group later changes
    nothing. Then they are dealt with in the order of their ids; ``cursor``
    moves on in the transaction that queues their messages, so that a crash
    neither leaves anybody out nor writes to anybody twice.
    """

    class State(models.TextChoices):
        DRAFT = "draft", "draft"
        PREPARING = "preparing", "being prepared"
        READY = "ready", "ready to be sent"
        SENDING = "sending", "being sent"
        PAUSED = "paused", "paused"
        DONE = "done", "done"
        CANCELLED = "cancelled", "cancelled"

    class Channel(models.TextChoices):
        SMS = "sms", "SMS"
        NOTICE = "notice", "in-app notice"

    class Audience(models.TextChoices):
        GROUP = "group", "a group of contacts"
        SET = "set", "the running subscribers of a message set"
        LIST = "list", "a list of numbers"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=100, help_text="For yourselves; nobody is told.")
    channel = models.CharField(max_length=20, choices=Channel.choices, default=Channel.SMS)
    gateway = models.CharField(max_length=32, blank=True, help_text="Empty: the channel's usual one.")
    audience = models.CharField(max_length=5, choices=Audience.choices, default=Audience.GROUP)
    group = models.ForeignKey(
        "contacts.Group", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    messageset = models.ForeignKey(
        "stagebased.MessageSet", null=True, blank=True, on_delete=models.PROTECT, related_name="+",
        verbose_name="message set",
    )  # fmt: skip
    upload = models.FileField(
        upload_to="broadcasts/",
        blank=True,
        verbose_name="list",
        help_text="A text file with a number or an identity on each line; or CSV with the language in a "
        "second column. It is deleted once it is read.",
    )
    default_language = models.CharField(
        max_length=6,
        blank=True,
        validators=[validate_language],
        help_text="What people get for whom there is no text in their own language; empty: nothing.",
    )
    per_minute = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text="Most messages in a minute; empty: as fast as the gateway takes them.",
    )
    not_before = models.TimeField(null=True, blank=True, help_text="Local time before which nobody gets it.")
    not_after = models.TimeField(null=True, blank=True, help_text="Local time after which nobody gets it.")
    timezone = models.CharField(
        max_length=64,
        default="UTC",
        validators=[validate_timezone],
        help_text="Where people live whose own zone is not known.",
    )
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT, editable=False)
    cursor = models.CharField(max_length=40, blank=True, editable=False)
    total = models.PositiveIntegerField(default=0, editable=False)
    dealt_with = models.PositiveIntegerField(default=0, editable=False)
    paced_at = models.DateTimeField(null=True, blank=True, editable=False)
    repeat_after = models.UUIDField(null=True, blank=True, editable=False)
    repeat_until = models.UUIDField(null=True, blank=True, editable=False)
    problems = models.JSONField(default=list, editable=False)
    problem_count = models.PositiveIntegerField(default=0, editable=False)
    summary = models.JSONField(default=dict, editable=False)
    created_at = models.DateTimeField(default=now, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+",
        editable=False, db_index=False,
    )  # fmt: skip
    prepared_at = models.DateTimeField(null=True, blank=True, editable=False)
    started_at = models.DateTimeField(null=True, blank=True, editable=False)
    finished_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["-id"]
        indexes = [
            # Read by the worker: what is to be done.
            models.Index(
                fields=["id"], name="broadcast_open", condition=Q(state__in=["preparing", "sending"])
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Text(models.Model):
    """What a broadcast says in one language."""

    broadcast = models.ForeignKey(Broadcast, on_delete=models.CASCADE, related_name="texts")
    lang = models.CharField("language", max_length=6, validators=[validate_language])
    text = models.TextField()

    class Meta:
        ordering = ["lang"]
        constraints = [models.UniqueConstraint(fields=["broadcast", "lang"], name="broadcast_text_once")]

    def __str__(self) -> str:
        return self.lang


class Recipient(models.Model):
    """One person, or one number that nobody is known to have, that a broadcast goes to.

    ``reason`` says why they get nothing; empty: they do. What became of their
    message stands on the delivery, whose slot key is this row's id.
    """

    broadcast = models.ForeignKey(
        Broadcast, on_delete=models.CASCADE, related_name="recipients", db_index=False
    )
    contact = models.ForeignKey(
        "contacts.Contact", null=True, blank=True, on_delete=models.SET_NULL, related_name="+",
    )  # fmt: skip
    address = models.CharField(max_length=254, blank=True)
    lang = models.CharField(max_length=6, blank=True, help_text="Language of the text they get.")
    timezone = models.CharField(max_length=64, blank=True)
    reason = models.CharField(max_length=40, blank=True)

    class Meta:
        constraints = [
            # Nobody gets it twice, nor does a handset that several people share.
            models.UniqueConstraint(
                fields=["broadcast", "contact"],
                name="recipient_person_once",
                condition=Q(contact__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["broadcast", "address"], name="recipient_address_once", condition=~Q(address="")
            ),
        ]
        indexes = [
            # Read by the worker and by pages: the recipients in order.
            models.Index(fields=["broadcast", "id"], name="recipient_in_order"),
        ]

    def __str__(self) -> str:
        return f"recipient {self.pk}"
