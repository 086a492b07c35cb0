"""Who sends through the SMS interface: what each account may, what it has used, what it asked for."""

from __future__ import annotations

import re
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.utils import timezone

from smsbridge.spool.codec import QUEUE

#: A number, or the beginning of numbers with a star, e.g. +27820001001 or +2782*.
ALLOWED_NUMBER = re.compile(r"\+?[0-9]{1,15}\*?")
_PREFIX = re.compile(r"\+[0-9]{1,15}")
_MOST_SEGMENTS = 2**31 - 1


class GatewayAccount(models.Model):
    """What one account may do in the SMS interface, beyond or short of the settings.

    The row is made when the account first sends; an administrator may make it
    earlier. What is left empty is taken from the settings.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="gateway_account"
    )
    may_use = models.BooleanField(
        "may use the interface", null=True, blank=True, help_text="Unknown: as SMS_API_ACCESS says."
    )
    is_admin = models.BooleanField(
        "administrator", default=False, help_text="Sees everybody's messages and may delete them."
    )
    whitelist = models.JSONField(
        null=True,
        blank=True,
        help_text='Where it may send: ["+27820001001", "+2782*"]. [] is nowhere; empty: as in the settings.',
    )
    countries = models.JSONField(
        null=True,
        blank=True,
        help_text='Countries it may send to: ["ZA", "LS"]. [] is none; empty: as in the settings.',
    )
    daily_segments = models.PositiveIntegerField(
        null=True, blank=True, help_text="SMS parts it may send in a day (UTC); empty: as in the settings."
    )
    prefix_quotas = models.JSONField(
        default=dict,
        blank=True,
        help_text='SMS parts it may send in a day to numbers that begin so: {"+882": 10}.',
    )
    sequence_limit = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text="Consecutive numbers at which it is stopped; 0: never; empty: as in the settings.",
    )
    may_override_opt_out = models.BooleanField(
        default=False, help_text="Counts only where SMS_API_OVERRIDE_OPT_OUT allows it at all."
    )
    queue = models.CharField(
        max_length=32,
        blank=True,
        validators=[RegexValidator(rf"\A{QUEUE.pattern}\Z", "Letters, digits, dot, hyphen, underscore.")],
        help_text="smsd's queue for its messages when a request names none; empty: as in the settings.",
    )
    list_limit = models.PositiveIntegerField(
        null=True, blank=True, help_text="Message ids in one list; 0: no limit; empty: as in the settings."
    )
    stopped_at = models.DateTimeField(
        null=True, blank=True, help_text="Since when it may not send; clear this to let it send again."
    )
    stop_reason = models.CharField(max_length=100, blank=True)
    #: [seconds since the epoch, keyed digest of a number] of what it sent to lately; see sending.sequences.
    recent = models.JSONField(default=list, editable=False)

    class Meta:
        verbose_name = "SMS interface account"

    def __str__(self) -> str:
        return str(self.user)

    def clean(self) -> None:
        _check_list("whitelist", self.whitelist, ALLOWED_NUMBER)
        _check_list("countries", self.countries, re.compile("[A-Z]{2}"))
        _check_quotas(self.prefix_quotas)


def _check_list(field: str, value: Any, pattern: re.Pattern[str]) -> None:
    if value is None:
        return
    if not isinstance(value, list) or not all(isinstance(v, str) and pattern.fullmatch(v) for v in value):
        raise ValidationError({field: "Write a list of texts in brackets, as in the example."})


def _check_quotas(value: Any) -> None:
    if not isinstance(value, dict) or not all(_is_quota(*pair) for pair in value.items()):
        raise ValidationError(
            {"prefix_quotas": "Write an object of prefixes and numbers, as in the example."}
        )


def _is_quota(prefix: str, most: Any) -> bool:
    counts = isinstance(most, int) and not isinstance(most, bool) and 0 <= most <= _MOST_SEGMENTS
    return counts and _PREFIX.fullmatch(prefix) is not None


class SegmentCount(models.Model):
    """SMS parts accepted on one day (UTC) within one quota.

    ``scope`` is ``<user id>`` for all an account sends, ``<user id>+882`` for
    what it sends to a prefix and ``+882`` for what everybody sends there.
    """

    day = models.DateField()
    scope = models.CharField(max_length=40)
    segments = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = "SMS quota use"
        verbose_name_plural = "SMS quota use"
        ordering = ["-day", "scope"]
        constraints = [models.UniqueConstraint(fields=["day", "scope"], name="segment_count_once")]

    def __str__(self) -> str:
        return f"{self.segments} on {self.day}"


class GatewayRequest(models.Model):
    """A request with an Idempotency-Key, so that its repeat gets the same answer.

    Holds neither numbers nor text: ``outcome`` is [message id or null,
    answer] for each number in the request's order, and ``digest`` tells
    whether a repeat has the same content.
    """

    id = models.UUIDField(primary_key=True, editable=False, help_text="Made of account and key.")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    digest = models.CharField(max_length=64)
    outcome = models.JSONField()
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    def __str__(self) -> str:
        return str(self.id)
