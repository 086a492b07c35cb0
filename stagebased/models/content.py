"""What is said: message sets, their messages and files."""

from __future__ import annotations

from datetime import timedelta

from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.timezone import now

from stagebased.models.schedules import Schedule

_LANGUAGE = r"[a-z]{2,3}([_-][A-Za-z]{2})?"
validate_language = RegexValidator(rf"\A{_LANGUAGE}\Z", "Write a language code like eng_ZA.")
validate_languages = RegexValidator(
    rf"\A{_LANGUAGE}(, ?{_LANGUAGE})*\Z", "Write language codes with commas between them: zul_ZA, eng_ZA."
)


class MessageSet(models.Model):
    """An ordered programme of messages in one or several languages."""

    class ContentType(models.TextChoices):
        TEXT = "text", "text"
        AUDIO = "audio", "audio"

    class State(models.TextChoices):
        """Sets begin their life in preparation, or active where a program makes them."""

        DRAFT = "draft", "in preparation"
        ACTIVE = "active", "active"

    class CatchUp(models.TextChoices):
        """What is sent of several slots that an outage has kept back."""

        LATEST = "latest", "one message, however many slots were missed"
        SPACED = "spaced", "one for each slot missed, some time apart"
        SKIP = "skip", "nothing: the next slot goes on"

    short_name = models.CharField(max_length=100, unique=True)
    label = models.CharField(max_length=100, blank=True, default="")
    content_type = models.CharField(max_length=5, choices=ContentType.choices, default=ContentType.TEXT)
    notes = models.TextField(null=True, blank=True)
    state = models.CharField(
        max_length=6,
        choices=State.choices,
        default=State.ACTIVE,
        db_default=State.ACTIVE,
        editable=False,
        help_text="In preparation: nobody can be put on it, and nothing of it is sent.",
    )
    edition = models.PositiveIntegerField(
        default=0,
        db_default=0,
        editable=False,
        help_text="Counts the changes of what is sent: each publication, and each change of the numbers.",
    )
    next_set = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="previous_sets",
        help_text="Begins where this one ends.",
    )
    repeats = models.BooleanField(
        default=False,
        db_default=False,
        help_text="The sets that follow may lead back to this one: its subscribers go round until stopped.",
    )
    one_active = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Nobody can run on it more than once at the same time.",
    )
    default_schedule = models.ForeignKey(Schedule, on_delete=models.PROTECT, related_name="message_sets")
    channel = models.CharField(max_length=20, default="sms")
    gateway = models.CharField(max_length=32, blank=True, help_text="Empty: the channel's usual gateway.")
    fall_back = models.BooleanField(
        default=False, help_text="Send another language when a message is missing in the person's own."
    )
    fallback_languages = models.CharField(
        max_length=200,
        blank=True,
        default="",
        db_default="",
        validators=[validate_languages],
        help_text="Tried in this order before the default language; commas between them: zul_ZA, eng_ZA.",
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
    starts_after = models.IntegerField(
        null=True,
        blank=True,
        help_text="For subscriptions with a date (due date, birth): days from it to the set's beginning, "
        "negative before. Its first message is that of the first slot after this day begins.",
    )
    stop_after_failures = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text="Stop a subscription after so many messages in a row that did not arrive; empty: never.",
    )
    created_at = models.DateTimeField(default=now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.label or self.short_name

    @property
    def fallback_chain(self) -> list[str]:
        """The languages tried when a message is missing in the person's own; the default comes last."""
        return [lang.strip() for lang in self.fallback_languages.split(",") if lang.strip()]


class BinaryContent(models.Model):
    """An uploaded file, e.g. the audio of a message; stored under a random name.

    A file that has been sent outlives its replacement and removal
    (``replaced_at``), because people fetch it by its address later.
    """

    content = models.FileField(upload_to="content/")
    content_type = models.CharField(max_length=100, editable=False)
    size = models.PositiveIntegerField(editable=False)
    sha256 = models.CharField(max_length=64, editable=False)
    replaced_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="Since when it is only kept for the messages that went out with it.",
    )
    created_at = models.DateTimeField(default=now, editable=False)

    class Meta:
        verbose_name = "file"
        ordering = ["id"]

    def __str__(self) -> str:
        return self.content.name or ""


class Message(models.Model):
    """The text or file of one position of a set in one language, as it is published: what is sent."""

    messageset = models.ForeignKey(MessageSet, on_delete=models.CASCADE, related_name="messages")
    sequence_number = models.IntegerField(validators=[MinValueValidator(1)])
    lang = models.CharField(max_length=6, validators=[validate_language])
    text_content = models.TextField(null=True, blank=True)
    binary_content = models.ForeignKey(
        BinaryContent, null=True, blank=True, on_delete=models.PROTECT, related_name="messages"
    )
    metadata = models.JSONField(default=dict, blank=True)
    revision = models.OneToOneField(
        "stagebased.Revision",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        editable=False,
        help_text="The record of this text.",
    )
    created_at = models.DateTimeField(default=now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["messageset", "sequence_number", "lang"]
        constraints = [
            models.UniqueConstraint(fields=["messageset", "sequence_number", "lang"], name="message_once"),
            models.CheckConstraint(condition=Q(sequence_number__gte=1), name="message_number_positive"),
        ]

    def __str__(self) -> str:
        # By name where the set is at hand; nobody asks the database for a title.
        about = self.messageset if Message.messageset.is_cached(self) else f"set {self.messageset_id}"
        return f"{about}, {self.sequence_number}, {self.lang}"


class Welcome(models.Model):
    """What somebody who joins a set gets at once, outside the numbered messages."""

    messageset = models.ForeignKey(MessageSet, on_delete=models.CASCADE, related_name="welcomes")
    lang = models.CharField(max_length=6, validators=[validate_language])
    text_content = models.TextField(blank=True, default="", db_default="")
    binary_content = models.ForeignKey(
        BinaryContent, null=True, blank=True, on_delete=models.PROTECT, related_name="welcomes"
    )
    revision = models.OneToOneField(
        "stagebased.Revision",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        editable=False,
        help_text="The record of this text.",
    )

    class Meta:
        ordering = ["messageset", "lang"]
        constraints = [
            models.UniqueConstraint(fields=["messageset", "lang"], name="welcome_once"),
        ]

    def __str__(self) -> str:
        return f"{self.messageset_id} {self.lang}"
