"""How many people a new member may write to."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from accounts.models import User
from hospitality.models import Member


def recipient_rate(user: User) -> str | None:
    """The limit of recipients of ``settings.SENDABLES["message"]``: for members of a few days only.

    It counts wherever a message is sent from, not only in this dialect.
    """
    new = user.date_joined > timezone.now() - timedelta(days=settings.HOSPITALITY_NEW_MEMBER_DAYS)
    if not new or not Member.objects.filter(pk=user.pk).exists():
        return None
    return f"{settings.HOSPITALITY_NEW_MEMBER_RECIPIENTS}/day"
