"""What a broadcast will cost, and how far it has got."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import Count, QuerySet

from broadcasts.models import SOURCE, Broadcast, Recipient
from outbox.channels import Refusal, channel
from outbox.models import Delivery

State = Delivery.State


def count_recipients(broadcast: Broadcast) -> tuple[dict[str, Any], int]:
    """By language those who get it, by reason those who do not; and all together."""
    rows = Recipient.objects.filter(broadcast=broadcast).values_list("lang", "reason").annotate(Count("pk"))
    langs: dict[str, int] = {}
    reasons: dict[str, int] = {}
    for lang, reason, count in rows.order_by("lang", "reason"):
        found, key = (reasons, reason) if reason else (langs, lang)
        found[key] = found.get(key, 0) + count
    total = sum(langs.values()) + sum(reasons.values())
    return {"languages": langs, "reasons": reasons}, total


@dataclass(frozen=True)
class Line:
    """One language: its text, how many get it, in how many parts each."""

    lang: str
    text: str
    people: int
    parts: int

    @property
    def all_parts(self) -> int:
        return self.people * self.parts


@dataclass(frozen=True)
class Cost:
    lines: list[Line]
    reasons: dict[str, int]
    #: None where no price is configured.
    price: Decimal | None
    currency: str

    @property
    def people(self) -> int:
        return sum(line.people for line in self.lines)

    @property
    def parts(self) -> int:
        return sum(line.all_parts for line in self.lines)

    @property
    def amount(self) -> Decimal | None:
        return None if self.price is None else self.price * self.parts


def cost(broadcast: Broadcast) -> Cost:
    """From the count that preparing made; nothing is counted here."""
    people = broadcast.summary.get("languages", {})
    lines = [
        Line(one.lang, one.text, people.get(one.lang, 0), _parts(broadcast, one.text))
        for one in broadcast.texts.all()
    ]
    return Cost(
        lines,
        broadcast.summary.get("reasons", {}),
        settings.OUTBOX_PART_PRICES.get(broadcast.channel),
        settings.OUTBOX_CURRENCY,
    )


def _parts(broadcast: Broadcast, text: str) -> int:
    found = channel(broadcast.channel).examine(text, {})
    return 0 if isinstance(found, Refusal) else found


@dataclass(frozen=True)
class Progress:
    """Exact to the row: every recipient is in exactly one of these numbers."""

    total: int
    #: Not looked at yet.
    ahead: int
    #: Written down as not to be written to, by reason.
    left_out: int
    waiting: int
    handed: int
    sent: int
    delivered: int
    failed: int
    stopped: int

    @property
    def percent(self) -> int:
        """How many have been dealt with and wait for nothing more on our side."""
        over = self.total - self.ahead - self.waiting
        return 100 * over // self.total if self.total else 0


def progress(broadcast: Broadcast) -> Progress:
    """Counts in an index that holds this broadcast's deliveries by state; grows with it alone."""
    rows = Delivery.objects.filter(cause=broadcast.pk, source=SOURCE)
    found = Counter(dict(rows.values_list("state").annotate(count=Count("pk")).order_by()))
    # What was sent again does not count any more: its repeat does.
    found.subtract(_repeated(rows))
    over = sum(found.values())
    return Progress(
        total=broadcast.total,
        ahead=broadcast.total - broadcast.dealt_with,
        left_out=max(broadcast.dealt_with - over, 0),
        waiting=_sum(found, State.QUEUED, State.CLAIMED),
        handed=_sum(found, State.HANDED),
        sent=_sum(found, State.SENT),
        delivered=_sum(found, State.DELIVERED),
        failed=_sum(found, State.FAILED, State.EXPIRED),
        stopped=_sum(found, State.CANCELLED, State.SKIPPED),
    )


def _repeated(rows: QuerySet[Delivery]) -> Counter[str]:
    """By state, the deliveries that have a repeat (``outbox.operations.send_again`` marks those)."""
    latest: dict[str, int] = {}
    states: dict[tuple[str, int], str] = {}
    for slot_key, state in rows.filter(slot_key__contains="~").values_list("slot_key", "state"):
        first, _, number = slot_key.partition("~")
        states[first, int(number)] = state
        latest[first] = max(latest.get(first, 0), int(number))
    over = Counter(state for (first, number), state in states.items() if number < latest[first])
    if latest:
        over += Counter(state for (state,) in _states_of(rows, list(latest)))
    return over


def _states_of(rows: QuerySet[Delivery], slot_keys: list[str]) -> list[tuple[str]]:
    found: list[tuple[str]] = []
    for at in range(0, len(slot_keys), 5000):
        found += rows.filter(slot_key__in=slot_keys[at : at + 5000]).values_list("state")
    return found


def _sum(found: Mapping[str, int], *states: str) -> int:
    return sum(found.get(state, 0) for state in states)
