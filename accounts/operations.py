"""Making accounts and tokens; nobody else writes them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import Enum

from django.contrib.auth.models import Group, UserManager
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from accounts import secondfactor
from accounts.hashers import from_htpasswd
from accounts.models import API_CLIENTS, ApiToken, User

_SCOPE = re.compile(r"[a-z][a-z0-9-]{0,30}(:read)?")


class InvalidScope(ValueError):
    """The text is no scope: a word such as ``stagebased``, or ``stagebased:read``."""


class AccountDisabled(Exception):
    """The account exists but was switched off; a token for it would be of no use."""


def check_scopes(scopes: Iterable[str]) -> list[str]:
    """The scopes, each once and in order. Raises InvalidScope."""
    checked = sorted(set(scopes))
    for scope in checked:
        if not isinstance(scope, str) or not _SCOPE.fullmatch(scope):
            raise InvalidScope(f"{scope!r} is no scope; write a word like stagebased or sms:read.")
    return checked


@transaction.atomic
def account_for_email(*, email: str, is_staff: bool = False) -> User:
    """The account of an address, made without a password when there is none.

    The username decides before the e-mail field, which several accounts may
    share; the oldest of those counts. ``is_staff`` makes the account staff and
    never takes that away. Raises AccountDisabled.
    """
    email = UserManager.normalize_email(email)
    user = (
        User.objects.filter(username=email).first()
        or User.objects.filter(email__iexact=email).order_by("pk").first()
        or _new_account(email)
    )
    if not user.is_active:
        raise AccountDisabled
    if is_staff and not user.is_staff:
        user.is_staff = True
        user.save(update_fields=["is_staff"])
    return user


def _new_account(email: str) -> User:
    user = User(username=email, email=email)
    user.set_unusable_password()
    # Two callers at once make one account.
    user, created = User.objects.get_or_create(
        username=email, defaults={"email": email, "password": user.password}
    )
    if created:
        user.groups.add(*Group.objects.filter(name=API_CLIENTS))
    return user


class Imported(Enum):
    """What became of an account that was to be brought over."""

    NEW = "new accounts"
    REPLACED = "passwords replaced"
    KEPT = "accounts left as they were"
    BAD_NAME = "not a user name"
    UNKNOWN_HASH = "an unknown kind of password hash"


@transaction.atomic
def import_account(*, username: str, hashed: str, overwrite: bool = False) -> Imported:
    """An account with the password of an htpasswd file. Existing ones keep theirs unless ``overwrite``."""
    password = from_htpasswd(hashed)
    if password is None:
        return Imported.UNKNOWN_HASH
    try:
        User._meta.get_field("username").clean(username, None)
    except ValidationError:
        return Imported.BAD_NAME
    user, created = User.objects.get_or_create(username=username, defaults={"password": password})
    if created:
        user.groups.add(*Group.objects.filter(name=API_CLIENTS))
        return Imported.NEW
    if overwrite:
        User.objects.filter(pk=user.pk).update(password=password)
    return Imported.REPLACED if overwrite else Imported.KEPT


@transaction.atomic
def issue_token(
    *,
    user: User,
    name: str = "",
    scopes: Sequence[str] = (),
    expires_at: datetime | None = None,
    keep: int | None = None,
) -> tuple[ApiToken, str]:
    """A further token and its key, which is stored nowhere and cannot be shown again.

    With ``keep``, only that many of the user's tokens of this name remain, the
    newest. Raises InvalidScope.
    """
    key = ApiToken.new_key()
    token = ApiToken.objects.create(
        user=user,
        name=name,
        prefix=key[:8],
        key_hash=ApiToken.hash(key),
        scopes=check_scopes(scopes),
        expires_at=expires_at,
    )
    if keep is not None:
        newest = ApiToken.objects.filter(user=user, name=name).order_by("-created_at", "-pk")
        kept = list(newest.values_list("pk", flat=True)[:keep])
        ApiToken.objects.filter(user=user, name=name).exclude(pk__in=kept).delete()
    return token, key


def revoke_tokens(*, token_ids: Iterable[int]) -> int:
    """End tokens at once and for good; returns how many were in force."""
    in_force = ApiToken.objects.filter(pk__in=list(token_ids), revoked_at=None)
    return in_force.update(revoked_at=timezone.now())


@transaction.atomic
def erase_accounts(*, user_ids: Iterable[int]) -> list[int]:
    """Blank the accounts of people who asked to be forgotten; the ids of those.

    Names, addresses and passwords go, tokens and the second factor end, and
    nobody logs in with them any more. Accounts of the staff are left alone:
    somebody decides about those under Accounts.
    """
    erased = list(User.objects.filter(pk__in=list(user_ids), is_staff=False, is_superuser=False))
    for user in erased:
        user.username, user.email = f"forgotten-{user.pk}", ""
        user.first_name = user.last_name = ""
        user.is_active = False
        user.set_unusable_password()
    User.objects.bulk_update(
        erased, ["username", "email", "first_name", "last_name", "is_active", "password"]
    )
    keys = [user.pk for user in erased]
    ApiToken.objects.filter(user__in=keys).delete()
    for user in erased:
        secondfactor.remove(user)
    return keys
