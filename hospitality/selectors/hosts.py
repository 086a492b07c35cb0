"""Searching hosts: by place, nearest first, and by a word."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import BooleanField, F, FloatField, Func, Q, QuerySet, Value

from accounts.models import User
from hospitality.folding import fold
from hospitality.models import Member
from hospitality.places import Box, around, distance, flat
from hospitality.selectors.filters import NO_WISHES, Wishes, found


class _OnPoints(Func):
    """An expression over points, written out: PostgreSQL's geometry that the GiST index answers."""

    def as_sql(self, compiler: Any, connection: Any, **extra: Any) -> tuple[str, list[Any]]:  # type: ignore[override]  # Func's template arguments have no use here
        parts = [compiler.compile(part) for part in self.get_source_expressions()]
        return self.template % tuple(sql for sql, _ in parts), [
            value for _, params in parts for value in params
        ]


class _InBox(_OnPoints):
    template = "point(%s, %s) <@ box(point(%s, %s), point(%s, %s))"
    output_field = BooleanField()
    conditional = True


class _FlatDistance(_OnPoints):
    """In degrees, as if the map were flat: the order that the GiST index knows."""

    template = "point(%s, %s) <-> point(%s, %s)"
    output_field = FloatField()


def inside(place: Box) -> Q:
    """Members strictly inside the box."""
    if place.crosses_date_line:
        west = Box(place.minlat, place.maxlat, place.minlon, 181)
        east = Box(place.minlat, place.maxlat, -181, place.maxlon)
        return inside(west) | inside(east)
    strictly = Q(
        latitude__gt=place.minlat,
        latitude__lt=place.maxlat,
        longitude__gt=place.minlon,
        longitude__lt=place.maxlon,
    )
    return strictly & _box(place) if connection.vendor == "postgresql" else strictly


def _box(place: Box) -> Q:
    corners = (place.minlon, place.minlat, place.maxlon, place.maxlat)
    return Q(_InBox(F("longitude"), F("latitude"), *(_number(corner) for corner in corners)))


def _number(value: float) -> Value:
    return Value(value, output_field=FloatField())


@dataclass(frozen=True)
class Near:
    """Ids of hosts with their distance in degrees, nearest first, and how many there are in all."""

    hosts: list[tuple[int, float]]
    total: int


def by_place(
    *, place: Box, centre: tuple[float, float], limit: int, offset: int = 0, wishes: Wishes = NO_WISHES
) -> Near:
    """Available hosts in the box by great-circle distance from the centre.

    Exact, in at most three statements: the flat distance of the last host
    wanted, which the index knows, is at least as long as the way round the
    globe; so all that can be nearer lie in a box around that radius.
    """
    available = Q(notcurrentlyavailable=False, latitude__isnull=False)
    hosts = Member.objects.filter(found(available & inside(place), wishes))
    total = hosts.count()
    last = offset + limit
    if offset >= total:
        return Near([], total)
    if last < total and connection.vendor == "postgresql" and not place.crosses_date_line:
        hosts = hosts.filter(inside(around(centre, _radius(hosts, centre, last))))
    places = hosts.values_list("pk", "latitude", "longitude")
    ranked = sorted((distance(centre, (lat or 0.0, lon or 0.0)), pk) for pk, lat, lon in places)
    return Near([(pk, far) for far, pk in ranked[offset:last]], total)


def _radius(hosts: QuerySet[Member], centre: tuple[float, float], number: int) -> float:
    """The flat distance of the host with that number in its order."""
    way = _FlatDistance(F("longitude"), F("latitude"), _number(centre[1]), _number(centre[0]))
    spot = hosts.order_by(way).values_list("latitude", "longitude")[number - 1]
    return flat(centre, (spot[0] or 0.0, spot[1] or 0.0))


def by_word(*, word: str, limit: int, offset: int = 0, wishes: Wishes = NO_WISHES) -> tuple[list[int], int]:
    """Ids of members whose user name or city begins with the word, whose full name has it, or whose
    e-mail it is; those not available last. With the number of all of them."""
    members = Member.objects.filter(found(Q(pk__in=_named(word)), wishes))
    page = members.order_by("notcurrentlyavailable", "pk")[offset : offset + limit]
    return list(page.values_list("pk", flat=True)), members.count()


def _named(word: str) -> QuerySet[Any]:
    """Primary keys; one look-up in each index instead of a condition that none of them answers."""
    key = fold(word)
    accounts = User.objects.order_by().values("pk")
    profiles = Member.objects.order_by().values("pk")
    return accounts.filter(username__istartswith=word.strip()).union(
        accounts.filter(email__iexact=word.strip()).exclude(email=""),
        profiles.filter(fullname_key__contains=key),
        profiles.filter(city_key__startswith=key),
    )


__all__ = ["Near", "by_place", "by_word", "inside"]
