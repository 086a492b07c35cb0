"""Limits per time, as settings write them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

PERIODS = {
    "second": timedelta(seconds=1),
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
}


@dataclass(frozen=True)
class Rate:
    most: int
    period: timedelta

    @classmethod
    def parse(cls, text: str) -> Rate:
        """``"60/minute"``; ValueError for anything else."""
        number, _, period = text.partition("/")
        if period not in PERIODS or not (number.isascii() and number.isdigit() and number.strip("0")):
            raise ValueError(f"{text!r} is not a rate: write e.g. 60/minute ({', '.join(PERIODS)})")
        return cls(int(number), PERIODS[period])
