"""Users and their API tokens."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from base64 import b32encode
from datetime import datetime
from urllib.parse import quote, urlencode

from django.contrib.auth.models import AbstractUser, Group
from django.db import models
from django.db.models import Expression, Q
from django.utils import timezone
from django_otp.models import Device, ThrottlingMixin, TimestampMixin
from django_otp.oath import TOTP

from accounts.encryption import EncryptedTextField

#: Name of the group that accounts made for programs are put into: it may use every dialect.
#: An administrator may take rights from it, or an account out of it.
API_CLIENTS = "API clients"


class User(AbstractUser):  # type: ignore[django-manager-missing]  # django_otp has no types
    """An account: a person or a program that calls the APIs or uses the admin."""

    # Longer than Django's 128: a SHA-512 crypt hash taken over from an htpasswd file does not fit there.
    password = models.CharField("password", max_length=256)

    class Meta(AbstractUser.Meta):
        permissions = [("use_programmes", "Can use the interfaces of programmes and people")]
        indexes = [
            # Read by searches that leave out whoever may not log in: a small index of the few, instead
            # of looking up the account of everybody found.
            models.Index(fields=["id"], name="user_inactive", condition=Q(is_active=False)),
        ]


class Role(models.Model):
    """A group that the program knows: which rights it has by itself stands in ``settings.ROLES``.

    ``offered`` are the rights it was ever given by the program; what somebody
    took from the group since is not given again.
    """

    name = models.CharField(max_length=50, unique=True)
    group = models.OneToOneField(Group, on_delete=models.CASCADE, related_name="role")
    offered = models.JSONField(default=list)

    def __str__(self) -> str:
        return self.name


def _new_authenticator_key() -> str:
    return secrets.token_hex(20)


class Authenticator(TimestampMixin, ThrottlingMixin, Device):
    """The second factor of an account: an authenticator app, and codes on paper for when it is lost.

    The app's codes are those of RFC 6238 with its usual values: SHA-1, six
    digits, a step of 30 seconds; one step early or late is accepted. Each code
    works once. The framework's own device would keep its secrets in clear.
    """

    #: Bytes of a code on paper.
    PAPER_BYTES = 5
    STEP, DIGITS, TOLERANCE = 30, 6, 1
    ISSUER = "Switchboard"

    key = EncryptedTextField(default=_new_authenticator_key, editable=False, help_text="In hexadecimal.")
    paper_codes = EncryptedTextField(blank=True, default="", editable=False, help_text="Those not used yet.")
    last_step = models.BigIntegerField(
        default=-1, editable=False, help_text="That of the last code that was accepted."
    )

    class Meta:
        # Nobody looks at those of others; an administrator takes them away on the account's page.
        default_permissions = ()

    @property
    def bin_key(self) -> bytes:
        return bytes.fromhex(self.key)

    @property
    def config_url(self) -> str:
        """What an app is told to set itself up (the key URI format of authenticator apps)."""
        name = quote(self.user.get_username())
        query = {"secret": b32encode(self.bin_key).decode(), "digits": self.DIGITS, "period": self.STEP}
        return f"otpauth://totp/{self.ISSUER}:{name}?{urlencode(query | {'issuer': self.ISSUER})}"

    def verify_token(self, token: str) -> bool:
        """Whether the code is right; it is used up then. A wrong one makes the next try wait."""
        allowed, _ = self.verify_is_allowed()
        if not allowed:
            return False
        if not (self._is_of_the_app(token) or self._is_on_paper(token)):
            self.throttle_increment()
            return False
        self.throttle_reset(commit=False)
        self.set_last_used_timestamp(commit=False)
        self.save()
        return True

    def _is_of_the_app(self, token: str) -> bool:
        if not (len(token) == self.DIGITS and token.isascii() and token.isdigit()):
            return False
        totp = TOTP(self.bin_key, self.STEP, digits=self.DIGITS)
        totp.time = time.time()
        right: bool = totp.verify(int(token), self.TOLERANCE, self.last_step + 1)
        if right:
            self.last_step = totp.t()
        return right

    def _is_on_paper(self, token: str) -> bool:
        given, codes = token.lower().encode(), self.paper_codes.split()
        left = [code for code in codes if not hmac.compare_digest(code.encode(), given)]
        self.paper_codes = " ".join(left)
        return len(left) < len(codes)

    def new_paper_codes(self, count: int) -> list[str]:
        """Fresh codes; earlier ones end."""
        codes = [b32encode(secrets.token_bytes(self.PAPER_BYTES)).decode().lower() for _ in range(count)]
        self.paper_codes = " ".join(codes)
        self.save(update_fields=["paper_codes"])
        return codes

    def get_throttle_factor(self) -> float:
        """Seconds to wait after the first wrong code; each further one doubles them."""
        return 1.0


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
