"""Searching hosts."""

from __future__ import annotations

from math import isfinite
from typing import Any

from hospitality.api import wire
from hospitality.api.bodies import Arguments, count, text
from hospitality.api.refusals import missing
from hospitality.api.service import Call, Service
from hospitality.places import Box, box
from hospitality.selectors import hosts, members
from hospitality.selectors.filters import Wishes

_BOUNDS = ("minlat", "maxlat", "minlon", "maxlon")
_CENTRE = ("centerlat", "centerlon")
#: Rows without and with a wish; the network's own server allowed 2000 as well.
PLACE_DEFAULT, PLACE_MOST = 200, 2000
WORD_DEFAULT, WORD_MOST = 50, 500
_FURTHEST = 10**9


class ByLocation(Service):
    """Available hosts in a box, nearest to its centre first."""

    required = _BOUNDS

    def act(self, call: Call, **kwargs: Any) -> Any:
        args = call.args
        place = box(*(_bound(args, name) for name in _BOUNDS))
        limit = count(args, "limit", default=PLACE_DEFAULT, most=PLACE_MOST)
        near = hosts.by_place(
            place=place, centre=_centre(args, place), limit=limit, offset=offset(args), wishes=wishes(args)
        )
        pictures = wire.Pictures(call.request)
        accounts = [wire.host(pictures, each) for each in near.hosts]
        echo = {name: text(args, name) for name in (*_CENTRE, *_BOUNDS)}
        return {
            "status": {
                "delivered": len(accounts), "totalresults": str(near.total), "status": "complete",
            },
            "query_data": {"sql": "", **echo, "limit": str(limit), "offset": str(offset(args))},
            "accounts": accounts,
        }  # fmt: skip


class ByKeyword(Service):
    """Members by a part of their name, their city or their whole e-mail address."""

    required = ("keyword",)

    def act(self, call: Call, **kwargs: Any) -> Any:
        args, word = call.args, text(call.args, "keyword").strip()
        limit = count(args, "limit", default=WORD_DEFAULT, most=WORD_MOST)
        keys, total = hosts.by_word(word=word, limit=limit, offset=offset(args), wishes=wishes(args))
        found, counts = members.profiles_of(keys), members.feedback_counts(keys)
        pictures = wire.Pictures(call.request)
        accounts = {
            str(pk): wire.user_object(pictures, found[pk].user, viewer=call.me.user, counts=counts[pk])
            for pk in keys
            if pk in found
        }
        return {
            "status": {
                "delivered": len(accounts), "totalresults": str(total), "status": "complete",
            },
            "query_data": {
                "sql": {}, "keyword": word, "offset": str(offset(args)), "limit": str(limit),
            },
            "accounts": accounts,
        }  # fmt: skip


def offset(args: Arguments) -> int:
    return count(args, "offset", default=0, most=_FURTHEST)


def wishes(args: Arguments) -> Wishes:
    """Filters that only newer apps send: ``languages`` (words with commas), ``guests``, ``bikeshop``
    (1) and ``seen_days``."""
    words = [word.strip() for word in text(args, "languages").split(",")]
    return Wishes(
        languages=tuple(word for word in words if word)[:10],
        guests=count(args, "guests", default=0, most=5),
        bikeshop=text(args, "bikeshop") == "1",
        seen_days=count(args, "seen_days", default=0, most=36_500),
    )


def _bound(args: Arguments, name: str) -> float:
    number = _number(text(args, name))
    if number is None:
        raise missing(name)
    return number


def _centre(args: Arguments, place: Box) -> tuple[float, float]:
    """The given centre, or the middle of the box when it is missing or no place."""
    lat, lon = (_number(text(args, name)) for name in _CENTRE)
    if lat is None or lon is None:
        return place.centre
    return max(-90.0, min(90.0, lat)), (lon + 180) % 360 - 180 if abs(lon) > 180 else lon


def _number(written: str) -> float | None:
    """Decimal degrees; None for what are none."""
    try:
        number = float(written[:40])
    except ValueError:
        return None
    return number if isfinite(number) and abs(number) <= 1000 else None
