"""Deliveries that fail in a row, counted per address."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

from django.conf import settings
from django.db import transaction
from django.db.models import Case, F, IntegerField, QuerySet, Value, When
from django.db.models.functions import Least

from contacts.models import Address

#: A small integer column ends here; nobody needs to count further.
MOST_FAILURES = 32_000


@transaction.atomic
def record_failures(*, kind: str, values: Iterable[str]) -> list[str]:
    """Count a failed delivery to each address named (twice when named twice), whoever has it.

    Addresses that thereby reach ``settings.ADDRESS_MAX_FAILURES`` in a row
    (0: never) are set aside as inactive, so that the person's next best one is
    used; they are returned. A fixed number of statements.
    """
    found = _locked(kind, counts := Counter(values))
    by_count: defaultdict[int, list[str]] = defaultdict(list)
    for value, count in counts.items():
        by_count[count].append(value)
    added = Case(
        *(When(value__in=group, then=Value(count)) for count, group in by_count.items()),
        default=Value(0),
        output_field=IntegerField(),
    )
    found.update(failures_in_a_row=Least(F("failures_in_a_row") + added, Value(MOST_FAILURES)))
    return _set_aside(found)


@transaction.atomic
def record_successes(*, kind: str, values: Iterable[str]) -> None:
    """A delivery arrived at each address: its count of failures in a row starts anew."""
    _locked(kind, values).exclude(failures_in_a_row=0).update(failures_in_a_row=0)


def _locked(kind: str, values: Iterable[str]) -> QuerySet[Address]:
    """The addresses, locked in one order so that two collectors never wait for each other."""
    found = Address.objects.filter(kind=kind, value__in=set(values))
    keys = list(found.order_by("pk").select_for_update(no_key=True).values_list("pk", flat=True))
    return Address.objects.filter(pk__in=keys)


def _set_aside(found: QuerySet[Address]) -> list[str]:
    most = settings.ADDRESS_MAX_FAILURES
    if not most:
        return []
    failing = found.filter(inactive=False, failures_in_a_row__gte=most)
    values = sorted(set(failing.values_list("value", flat=True)))
    failing.update(inactive=True)
    return values
