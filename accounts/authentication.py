"""How API callers say who they are."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import authenticate
from django.core.cache import cache
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac
from rest_framework import authentication, exceptions
from rest_framework.request import Request

from accounts import attempts
from accounts.models import ApiToken, User
from accounts.prepared import Parameter, Prepared, records

#: A token's last use is written at most this often, so that reading costs no write.
LAST_USED_GRAIN = timedelta(minutes=1)


class TokenAuthentication(authentication.BaseAuthentication):
    """``Authorization: Token <40 hexadecimal digits>``.

    An unknown scheme counts as no credentials; a wrong, expired or revoked
    key is 401 "Invalid token."

    The key is found by its SHA-256 in an index. How long that takes tells at
    most how far a digest agrees with a stored one, and nobody can choose the
    digest of a key; and 160 random bits are not found by trying. So neither a
    comparison in constant time nor a throttle would add anything here.
    """

    keyword = "Token"

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        words = authentication.get_authorization_header(request).split()
        if not words or words[0].lower() != self.keyword.lower().encode():
            return None
        if len(words) != 2 or not words[1].isascii():
            raise exceptions.AuthenticationFailed("Invalid token.")
        return self.authenticate_key(words[1].decode())

    def authenticate_key(self, key: str) -> tuple[User, ApiToken]:
        now = timezone.now()
        token = _usable_token(key, now)
        if token is None:
            raise exceptions.AuthenticationFailed("Invalid token.")
        if token.last_used_at is None or now - token.last_used_at > LAST_USED_GRAIN:
            ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return self.keyword


#: Runs with every call.
_TOKEN_AND_USER = Prepared(
    lambda: (
        ApiToken.objects.filter(key_hash=Parameter("key_hash", ApiToken._meta.get_field("key_hash")))
        .usable(Parameter("now", ApiToken._meta.get_field("expires_at")))
        .select_related("user")
        .order_by()
    )
)


def _usable_token(key: str, now: datetime) -> ApiToken | None:
    for row in _TOKEN_AND_USER.rows(key_hash=ApiToken.hash(key), now=now):
        token, user = records(row, ApiToken, User)
        token.user = user
        return token
    return None


class TooManyAttempts(exceptions.Throttled):
    """429 after too many wrong passwords."""

    default_detail = "Too many wrong passwords."

    def __init__(self) -> None:
        super().__init__(wait=settings.PASSWORD_FAILURE_WINDOW)


def verify_password(request: Any, username: str, password: str) -> User | None:
    """The active account with that name and password, or None.

    Raises TooManyAttempts. A password that was verified a short while ago
    (``settings.PASSWORD_CACHE_SECONDS``) is not hashed again: password hashes
    are slow on purpose, and API callers send theirs with every request. What
    is remembered is keyed by SECRET_KEY and bound to the account's stored
    hash, so a changed password counts at once and the cache tells nothing.
    """
    if "\x00" in username:
        return None
    user = _verified_before(username, password)
    if user is not None:
        return user
    if not attempts.may_try(request, username):
        raise TooManyAttempts
    found = authenticate(request=request, username=username, password=password)
    if not isinstance(found, User):
        attempts.note_failure(request, username)
        return None
    if settings.PASSWORD_CACHE_SECONDS:
        cache.set(_memory_key(username, password), _bond(found), settings.PASSWORD_CACHE_SECONDS)
    return found


def _verified_before(username: str, password: str) -> User | None:
    bond = cache.get(_memory_key(username, password)) if settings.PASSWORD_CACHE_SECONDS else None
    if not isinstance(bond, str):
        return None
    user = User.objects.filter(username=username, is_active=True).first()
    return user if user is not None and constant_time_compare(bond, _bond(user)) else None


def _memory_key(username: str, password: str) -> str:
    digest = salted_hmac("accounts.verified", f"{username}\n{password}", algorithm="sha256").hexdigest()
    return f"verified-password:{digest}"


def _bond(user: User) -> str:
    """Ties what is remembered to the account and its present password."""
    return salted_hmac("accounts.bond", f"{user.pk}\n{user.password}", algorithm="sha256").hexdigest()


class BasicAuthentication(authentication.BasicAuthentication):
    """``Authorization: Basic``, for the dialects whose clients know nothing else."""

    def authenticate_credentials(
        self, userid: str, password: str, request: Request | None = None
    ) -> tuple[User, None]:
        user = verify_password(request, userid, password)
        if user is None:
            raise exceptions.AuthenticationFailed("Invalid username/password.")
        return user, None
