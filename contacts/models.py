"""People and how they are reached."""

from __future__ import annotations

import re
import uuid
from zoneinfo import available_timezones

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.timezone import now


def validate_timezone(value: str) -> None:
    """A name of the IANA time zone database."""
    if value not in available_timezones():
        raise ValidationError("%(value)s is not a time zone name.", params={"value": value})


validate_language = RegexValidator(
    r"\A[a-z]{2,3}([_-][A-Za-z]{2})?\Z", "Write a language code like eng_ZA.", code="language"
)
#: What the kind of an address looks like.
KIND = re.compile(r"\A[a-z][a-z0-9_-]{0,15}\Z")
validate_kind = RegexValidator(
    KIND.pattern, "Write an address type like msisdn or email.", code="address_kind"
)


def _author() -> models.ForeignKey:
    """Who wrote the row; unindexed, because nobody asks for all that somebody wrote."""
    return models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        editable=False,
        db_index=False,
    )


class Contact(models.Model):
    """A person. ``id`` is the identity that hubs know the person by.

    ``details`` holds whatever a programme knows about the person besides
    (due date, clinic, …), as any JSON object; what has a meaning here has a
    column instead.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=200, blank=True)
    language = models.CharField(
        max_length=6,
        blank=True,
        validators=[validate_language],
        help_text="Preferred language, e.g. eng_ZA.",
    )
    timezone = models.CharField(
        max_length=64,
        blank=True,
        validators=[validate_timezone],
        help_text="E.g. Africa/Johannesburg. Empty: the schedule's own zone counts.",
    )
    version = models.PositiveIntegerField(default=1, help_text="Version of the shape of the details.")
    details = models.JSONField(default=dict, blank=True)
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="contact",
        help_text="The person's account, if there is one: in-app notices go there.",
    )
    communicate_through = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="speaks_for",
        help_text="Another person whose addresses are used instead (one hop).",
    )
    operator = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="registered",
        db_index=False,
        help_text="The person who registered this one, e.g. a health worker.",
    )
    opted_out_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="Set while the person is opted out of everything."
    )
    look_up_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="When the external identity store is asked about this person next; empty: not at all.",
    )
    created_at = models.DateTimeField(default=now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)
    created_by = _author()
    updated_by = _author()

    class Meta:
        indexes = [
            # Read by the lists of people, newest first.
            models.Index(fields=["-created_at", "-id"], name="contact_newest"),
            # Read by "whom did this health worker register?"; few people have an operator.
            models.Index(fields=["operator"], name="contact_operator", condition=Q(operator__isnull=False)),
            # Read by contacts.external: holds only the few people about whom somebody else is to be asked.
            models.Index(
                fields=["look_up_at"], name="contact_look_up", condition=Q(look_up_at__isnull=False)
            ),
            # Read by stagebased.slots: which zones does anybody live in?
            models.Index(fields=["timezone"], name="contact_timezone", condition=~Q(timezone="")),
            # Read by every hand-over; few people are in it, so the look costs next to nothing.
            models.Index(fields=["id"], name="contact_opted_out", condition=Q(opted_out_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.name or str(self.id)


class Address(models.Model):
    """One way to reach a contact, e.g. an msisdn in E.164 form (``+27820001001``).

    Other kinds than those of ``Kind`` may be kept for the record; no channel
    uses them. Several people may share an address. ``details`` are a hub's own
    remarks on it, e.g. the number it was changed from.
    """

    class Kind(models.TextChoices):
        MSISDN = "msisdn", "mobile number"
        EMAIL = "email", "e-mail"
        MAILBOX = "mailbox", "voice mailbox"

    # No index of its own: the unique one begins with it.
    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="addresses", db_index=False)
    kind = models.CharField(
        max_length=16, choices=Kind.choices, default=Kind.MSISDN, validators=[validate_kind]
    )
    value = models.CharField(max_length=254)
    is_default = models.BooleanField(default=False)
    inactive = models.BooleanField(default=False, help_text="Kept for the record but not used.")
    opted_out_at = models.DateTimeField(null=True, blank=True, editable=False)
    failures_in_a_row = models.PositiveSmallIntegerField(
        default=0, editable=False, help_text="Failed deliveries since the last one that arrived."
    )
    details = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(default=now, editable=False)

    class Meta:
        verbose_name_plural = "addresses"
        constraints = [
            models.UniqueConstraint(fields=["contact", "kind", "value"], name="address_once_per_contact"),
            models.UniqueConstraint(
                fields=["contact", "kind"], condition=Q(is_default=True), name="address_one_default_per_kind"
            ),
        ]
        indexes = [
            # Read by inbound messages, identity look-ups and the admin's search: who has this number,
            # or one that begins so? The operator classes (PostgreSQL's) serve the latter too.
            models.Index(
                fields=["value", "kind"], name="address_value", opclasses=["varchar_pattern_ops"] * 2
            ),
            # Read by every hand-over; few addresses are in it.
            models.Index(fields=["value"], name="address_opted_out", condition=Q(opted_out_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.value


class OptOut(models.Model):
    """A person's word that no more is wanted, and when it was taken back.

    The rows are history; what counts now stands on ``Contact.opted_out_at``
    and ``Address.opted_out_at``, which the same operation writes.
    """

    class Kind(models.TextChoices):
        STOP = "stop", "one address"
        STOPALL = "stopall", "all addresses"
        UNSUBSCRIBE = "unsubscribe", "one programme"
        FORGET = "forget", "be forgotten"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="opt_outs", db_index=False)
    kind = models.CharField(max_length=12, choices=Kind.choices, default=Kind.STOP)
    address_kind = models.CharField(max_length=16, blank=True)
    address = models.CharField(
        max_length=254,
        blank=True,
        help_text="The address this was said of or by.",
    )
    programme = models.CharField(
        max_length=100, blank=True, help_text="Short name of a message set; empty: everything."
    )
    reason = models.CharField(max_length=200, blank=True)
    source = models.CharField(max_length=100, help_text="Where it was heard: sms, api, admin, …")
    requestor = models.CharField(
        max_length=500, blank=True, help_text="Who asked for it, in the source's own words."
    )
    created_at = models.DateTimeField(default=now, editable=False)
    created_by = _author()
    lifted_at = models.DateTimeField(null=True, blank=True, editable=False)
    lifted_source = models.CharField(max_length=100, blank=True, editable=False)

    class Meta:
        verbose_name = "opt-out"
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["contact", "-created_at"], name="optout_contact"),
            models.Index(fields=["-created_at", "-id"], name="optout_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} by {self.source}"

    @property
    def in_force(self) -> bool:
        return self.lifted_at is None


class OptIn(models.Model):
    """A person's word that messages are wanted again; lifts the opt-outs it speaks of. History only."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="opt_ins")
    address_kind = models.CharField(max_length=16, blank=True)
    address = models.CharField(max_length=254, blank=True)
    programme = models.CharField(
        max_length=100, blank=True, help_text="Short name of a message set; empty: everything."
    )
    source = models.CharField(max_length=100, help_text="Where it was heard: sms, api, admin, …")
    requestor = models.CharField(
        max_length=500, blank=True, help_text="Who asked for it, in the source's own words."
    )
    created_at = models.DateTimeField(default=now, editable=False)
    created_by = _author()

    class Meta:
        verbose_name = "opt-in"
        ordering = ["-created_at", "-id"]

    def __str__(self) -> str:
        return f"opt-in by {self.source}"


class DetailKey(models.Model):
    """A key that somebody's details have or had, so that the list of them costs no look at everybody."""

    name = models.CharField(max_length=200, unique=True)

    def __str__(self) -> str:
        return self.name


class Group(models.Model):
    """People who are written to together."""

    name = models.CharField(max_length=100, unique=True)
    members = models.ManyToManyField(Contact, through="Membership", related_name="contact_groups")
    created_at = models.DateTimeField(default=now, editable=False)
    created_by = _author()

    class Meta:
        verbose_name = "group of contacts"
        verbose_name_plural = "groups of contacts"
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """Somebody in a group."""

    group = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="memberships", db_index=False)
    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="memberships")
    created_at = models.DateTimeField(default=now, editable=False)

    class Meta:
        constraints = [
            # Also the way through a group in the order of ids.
            models.UniqueConstraint(fields=["group", "contact"], name="membership_once"),
        ]

    def __str__(self) -> str:
        return f"membership {self.pk}"
