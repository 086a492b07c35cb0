"""What sending costs, where the installation says so."""

from __future__ import annotations

from decimal import Decimal

from django.conf import settings


def price(channel: str, parts: int) -> Decimal | None:
    """What so many parts cost on a channel; None where no price is configured."""
    each = settings.OUTBOX_PART_PRICES.get(channel)
    return None if each is None else each * parts


def money(amount: Decimal) -> str:
    """An amount for people to read: two decimals, more where it has more, and the currency."""
    shown = f"{amount.normalize():f}"
    decimals = len(shown.partition(".")[2])
    return f"{amount:,.{max(2, decimals)}f} {settings.OUTBOX_CURRENCY}".strip()
