"""Searching hosts."""

from __future__ import annotations

from typing import Any

from accounts.api.openapi.shapes import Shape, array, integer, mapping, named, number, record, string, told
from hospitality.api import hosts
from hospitality.api.schema.account import HOST, HOST_EXAMPLE, MEMBER, MEMBER_EXAMPLE
from hospitality.api.schema.dialect import WINDOW, answer, describe_service, form

_STATUS = record({"delivered": integer(minimum=0), "totalresults": string(), "status": string()})
_DELIVERED: dict[str, Any] = {"delivered": 1, "totalresults": "1", "status": "complete"}
_WISHES: dict[str, Shape] = {
    "languages": told(string(), "Words with commas between, one of which the member speaks."),
    "guests": told(integer(minimum=0, maximum=5), "How many must find room."),
    "bikeshop": told(string(), "`1`: with a bicycle shop near."),
    "seen_days": told(integer(minimum=0), "Who used the network within so many days."),
}
_DEGREE = number(minimum=-1000, maximum=1000)
_BOX = {"minlat": 52, "maxlat": 53, "minlon": 13, "maxlon": 14}
_ECHO = ("centerlat", "centerlon", "minlat", "maxlat", "minlon", "maxlon", "limit", "offset")

describe_service(
    hosts.ByLocation,
    "findHostsByPlace",
    "Available hosts in a box, the nearest to its centre first",
    answer(
        "The hosts, and how many there are in all.",
        named(
            "HospitalityHostsByPlace",
            record(
                {
                    "status": _STATUS,
                    "query_data": record({"sql": string(), **dict.fromkeys(_ECHO, string())}),
                    "accounts": array(HOST),
                }
            ),
        ),
        {
            "status": _DELIVERED,
            "query_data": {
                "sql": "",
                "centerlat": "52.5",
                "centerlon": "13.4",
                **{name: str(value) for name, value in _BOX.items()},
                "limit": "50",
                "offset": "0",
            },
            "accounts": [HOST_EXAMPLE],
        },
    ),
    form(
        _BOX,
        **dict.fromkeys(_BOX, _DEGREE),
        centerlat=_DEGREE,
        centerlon=_DEGREE,
        **WINDOW,
        **_WISHES,
    ),
)
describe_service(
    hosts.ByKeyword,
    "findHostsByWord",
    "Members by a part of their name, their city or their whole e-mail address",
    answer(
        "The members by id, and how many there are in all.",
        named(
            "HospitalityHostsByWord",
            record(
                {
                    "status": _STATUS,
                    "query_data": record(
                        {"sql": mapping(), **dict.fromkeys(("keyword", "offset", "limit"), string())}
                    ),
                    "accounts": mapping(MEMBER),
                }
            ),
        ),
        {
            "status": _DELIVERED,
            "query_data": {"sql": {}, "keyword": "alice", "offset": "0", "limit": "50"},
            "accounts": {"2": MEMBER_EXAMPLE},
        },
    ),
    form({"keyword": "alice"}, keyword=string(), **WINDOW, **_WISHES),
)
