"""What sending costs is shown as the installation's settings have it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.conf import settings as real

from outbox.prices import money, price


def test_parts_cost_what_the_channel_s_price_says(settings) -> None:
    settings.OUTBOX_PART_PRICES = {"sms": Decimal("0.045")}
    assert price("sms", 3) == Decimal("0.135")
    assert price("notice", 3) is None


@pytest.mark.parametrize(
    ("amount", "shown"),
    [("12", "12.00 ZAR"), ("0.135", "0.135 ZAR"), ("1234.5", "1,234.50 ZAR"), ("1E+3", "1,000.00 ZAR")],
)
def test_amounts_are_written_for_people(settings, amount: str, shown: str) -> None:
    settings.OUTBOX_CURRENCY = "ZAR"
    assert money(Decimal(amount)) == shown


def test_without_settings_nothing_has_a_price() -> None:
    assert real.OUTBOX_PART_PRICES == {}
    assert price("sms", 1) is None
