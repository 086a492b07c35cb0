"""Logging in, and what is noted about it."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

from accounts.models import User
from hospitality.models import FailedLogin, Member

#: Failures of one account from one address, and of one address, that are still forgiven.
OF_ACCOUNT, ACCOUNT_WINDOW = 5, timedelta(hours=6)
OF_ADDRESS, ADDRESS_WINDOW = 50, timedelta(hours=1)


def note_use(*, member: Member, at: datetime) -> None:
    """The member used an app."""
    Member.objects.filter(pk=member.pk).update(seen_at=at)
    member.seen_at = at


def account_by_username(name: str) -> User | None:
    """The account with that user name in whatever case; of several, the one in the very same."""
    accounts = User.objects.select_related("member__picture").order_by("pk")
    named = list(accounts.filter(username__iexact=name)[:10])
    exact = [user for user in named if user.get_username() == name]
    return next(iter(exact or named), None)


def account_named(name: str) -> User | None:
    """The account with that user name or, failing that, e-mail address, in whatever case."""
    found = account_by_username(name)
    if found is not None or "@" not in name:
        return found
    accounts = User.objects.select_related("member__picture").order_by("pk")
    return accounts.filter(email__iexact=name).first()


def account_is_shut(*, account: User, address: str) -> bool:
    """Whether too many log-ins to the account failed from there of late."""
    since = timezone.now() - ACCOUNT_WINDOW
    failed = FailedLogin.objects.filter(account=account, address=address, at__gt=since)
    return failed.count() >= OF_ACCOUNT


def address_is_shut(*, address: str) -> bool:
    """Whether too many log-ins to whatever account failed from there of late."""
    since = timezone.now() - ADDRESS_WINDOW
    return FailedLogin.objects.filter(address=address, at__gt=since).count() >= OF_ADDRESS


def note_failure(*, account: User | None, address: str) -> None:
    """Count a failure; what no longer counts from that address is removed."""
    now = timezone.now()
    FailedLogin.objects.create(account=account, address=address, at=now)
    FailedLogin.objects.filter(address=address, at__lt=now - ACCOUNT_WINDOW).delete()


def note_login(*, account: User, address: str) -> None:
    """Forget the account's failures from there and remember when it logged in."""
    account.last_login = timezone.now()
    account.save(update_fields=["last_login"])
    FailedLogin.objects.filter(account=account, address=address).delete()
    member = getattr(account, "member", None)
    if member is not None:
        note_use(member=member, at=account.last_login)
