"""Searching hosts: by place, nearest first, and by a word."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from math import cos, radians
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import BooleanField, F, FloatField, Func, Q, QuerySet, TextField, Value
from django.db.models.functions import Cos, Power, Radians, Sin

from accounts.models import User
from accounts.prepared import Parameter, Prepared
from hospitality.folding import fold
from hospitality.models import Member, Picture
from hospitality.places import Box, degrees_of
from hospitality.selectors.filters import NO_WISHES, Wishes, condition, listed
from outbox.sets import time_from
from sendables.sql import quoted


class _InBox(Func):
    """Points in a box, written out: PostgreSQL's geometry that the GiST index answers."""

    template = "point(%s, %s) <@ box(point(%s, %s), point(%s, %s))"
    output_field = BooleanField()
    conditional = True

    def as_sql(self, compiler: Any, connection: Any, **extra: Any) -> tuple[str, list[Any]]:  # type: ignore[override]  # Func's template arguments have no use here
        parts = [compiler.compile(part) for part in self.get_source_expressions()]
        return self.template % tuple(sql for sql, _ in parts), [
            value for _, params in parts for value in params
        ]


def inside(minlat: Any, maxlat: Any, minlon: Any, maxlon: Any) -> Q:
    """Members strictly inside a box that does not cross the date line."""
    strictly = Q(latitude__gt=minlat, latitude__lt=maxlat, longitude__gt=minlon, longitude__lt=maxlon)
    if connection.vendor != "postgresql":
        return strictly
    return strictly & Q(_InBox(F("longitude"), F("latitude"), minlon, minlat, maxlon, maxlat))


class Host(NamedTuple):
    """What a search by place tells of a member; ``picture`` and ``picture_key`` are None without one."""

    pk: int
    username: str
    joined_at: datetime
    logged_in_at: datetime | None
    seen_at: datetime | None
    fullname: str
    street: str
    city: str
    province: str
    postal_code: str
    country: str
    latitude: float
    longitude: float
    source: int
    picture: int | None
    picture_key: str | None
    #: Degrees of a great circle.
    away: float


class Near(NamedTuple):
    """Hosts, nearest first, and how many there are in all."""

    hosts: list[Host]
    total: int


# One statement: whom the box has, how many that is, and all that is shown of those on the page.
_PAGE = """
WITH found (id, way) AS ({found}),
page AS (SELECT id, way FROM found ORDER BY way, id LIMIT %s OFFSET %s)
SELECT counted.total, u.id, u.username, u.date_joined, u.last_login, m.seen_at, m.fullname, m.street, m.city,
       m.province, m.postal_code, m.country, m.latitude, m.longitude, m.source, p.id, p.key, page.way
  FROM (SELECT COUNT(*) AS total FROM found) counted
  LEFT JOIN page ON 1 = 1
  LEFT JOIN {member} m ON m.user_id = page.id
  LEFT JOIN {user} u ON u.id = page.id
  LEFT JOIN {picture} p ON p.member_id = page.id
 ORDER BY page.way, page.id"""
_BOX = ("minlat", "maxlat", "minlon", "maxlon")
_CENTRE = ("lat", "lon", "widening")
#: Beyond every longitude there is.
_EAST, _WEST = Value(181.0), Value(-181.0)
#: What wishes that are not words are compared with.
_WORD = TextField()
_FIELDS: dict[str, Any] = {
    "guests": Member._meta.get_field("maxcyclists"),
    "seen_since": Member._meta.get_field("seen_at"),
}


def by_place(
    *, place: Box, centre: tuple[float, float], limit: int, offset: int = 0, wishes: Wishes = NO_WISHES
) -> Near:
    """Available hosts in the box by great-circle distance from the centre, exact at every offset."""
    sql, params = page_statement(place, centre, limit=limit, offset=offset, wishes=wishes)
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        rows = cursor.fetchall()
    return Near([_host(*row[1:]) for row in rows if row[1] is not None], rows[0][0])


def page_statement(
    place: Box, centre: tuple[float, float], *, limit: int, offset: int = 0, wishes: Wishes = NO_WISHES
) -> tuple[str, list[Any]]:
    """The SQL of ``by_place`` and its parameters."""
    lat, lon = centre
    wished = wishes.values()
    found, params = _found(place.crosses_date_line, tuple(wished)).text(
        minlat=place.minlat, maxlat=place.maxlat, minlon=place.minlon, maxlon=place.maxlon,
        lat=lat, lon=lon, widening=cos(radians(lat)), **wished,
    )  # fmt: skip
    sql = _PAGE.format(found=found, member=quoted(Member), user=quoted(User), picture=quoted(Picture))
    return sql, [*params, limit, offset]


def _host(pk: int, username: str, joined: Any, logged_in: Any, seen: Any, *others: Any) -> Host:
    moments = [time_from(moment) for moment in (joined, logged_in, seen)]
    return Host._make([pk, username, *moments, *others[:-1], degrees_of(others[-1])])


@lru_cache(maxsize=256)
def _found(crosses_date_line: bool, wished: tuple[str, ...]) -> Prepared:
    """Id and way of everybody in a box, for wishes of these names; compiled once."""

    def build() -> QuerySet[Any]:
        given = {name: Parameter(name, FloatField()) for name in (*_BOX, *_CENTRE)}
        members = Member.objects.filter(
            listed(),
            _placed(*(given[name] for name in _BOX), crosses_date_line=crosses_date_line),
            condition({name: Parameter(name, _FIELDS.get(name, _WORD)) for name in wished}),
            notcurrentlyavailable=False,
            latitude__isnull=False,
        )
        way = _way(*(given[name] for name in _CENTRE))
        return members.order_by().annotate(way=way).values_list("pk", "way")

    return Prepared(build)


def _placed(south: Any, north: Any, west: Any, east: Any, *, crosses_date_line: bool) -> Q:
    if crosses_date_line:
        return inside(south, north, west, _EAST) | inside(south, north, _WEST, east)
    return inside(south, north, west, east)


def _way(lat: Any, lon: Any, widening: Any) -> Any:
    """The haversine of the way from there, which grows with its length. ``widening``: cosine of ``lat``."""
    up = Power(Sin(Radians(F("latitude") - lat) / 2), 2)
    along = Power(Sin(Radians(F("longitude") - lon) / 2), 2)
    return up + widening * Cos(Radians(F("latitude"))) * along


def by_word(*, word: str, limit: int, offset: int = 0, wishes: Wishes = NO_WISHES) -> tuple[list[int], int]:
    """Ids of members whose user name or city begins with the word, whose full name has it, or whose
    e-mail it is; those not available last. With the number of all of them."""
    members = Member.objects.filter(listed(), condition(wishes.values()), pk__in=_named(word))
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
