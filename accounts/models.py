"""Users and their API tokens."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Expression, Q
from django.utils import timezone

#: Name of the group that accounts made for programs are put into: it may use every dialect.
#: An administrator may take rights from it, or an account out of it.
API_CLIENTS = "API clients"


class User(AbstractUser):
    """An account: a person or a program that calls the APIs or uses the admin."""

    # Longer than Django's 128: a SHA-512 crypt hash taken over from an htpasswd file does not fit there.
    password = models.CharField("password", max_length=256)


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def usable(self, now: datetime | Expression | None = None) -> ApiTokenQuerySet:
        """Neither revoked nor expired, and of an active user."""
        now = now or timezone.now()
        return self.filter(Q(expires_at=None) | Q(expires_at__gt=now), revoked_at=None, user__is_active=True)

    def for_key(self, key: str) -> ApiTokenQuerySet:
        return self.filter(key_hash=ApiToken.hash(key))


class ApiToken(models.Model):
    """A bearer key of 40 hexadecimal digits, of which only the SHA-256 is kept.

    A plain hash is enough because the key is 160 random bits: there is no
    dictionary to try. ``prefix`` is the key's first eight digits, to tell
    tokens apart on screen.
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=100, blank=True, help_text="What uses this token.")
    prefix = models.CharField(max_length=8, editable=False)
    key_hash = models.CharField(max_length=64, unique=True, editable=False)
    scopes = models.JSONField(
        default=list,
        blank=True,
        help_text='What it may do, e.g. ["stagebased", "sms:read"]; empty: all that its user may.',
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True)

    #: Set by the admin site on the instance it has just made, to show it once; never stored.
    issued_key: str

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        verbose_name = "API token"
        verbose_name_plural = "API tokens"
        ordering = ["-created_at", "-id"]

    def __str__(self) -> str:
        return f"{self.name or 'token'} ({self.prefix}…)"

    @staticmethod
    def new_key() -> str:
        return secrets.token_hex(20)

    @staticmethod
    def hash(key: str) -> str:
        return hashlib.sha256(key.encode()).hexdigest()

    def allows(self, scope: str, *, safe: bool) -> bool:
        """Whether the token may use ``scope``; ``scope:read`` allows only safe methods."""
        return not self.scopes or scope in self.scopes or (safe and f"{scope}:read" in self.scopes)
