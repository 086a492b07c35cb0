"""A delivery's options as headers of its spool file."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, TypedDict

from smsbridge.spool.codec import LONGEST_VALIDITY, QUEUE, SENDER, SHORTEST_VALIDITY
from smsbridge.spool.errors import Refused


class Headers(TypedDict, total=False):
    """Keyword arguments of ``codec.render``."""

    flash: bool
    report: bool
    priority: bool
    validity: int
    queue: str
    sender: str


def headers(options: Mapping[str, Any]) -> Headers:
    """The headers that the options ask for; absent or null options ask for none.

    Options of other names are passed over: they are for other channels.
    Raises Refused, ``bad_option``, naming the option and what it takes.
    """
    if not isinstance(options, Mapping):
        raise Refused("bad_option", "options: an object")
    found = Headers()
    for name, value in options.items():
        if value is None:
            continue
        match name:
            case "flash" | "report" | "priority":
                found[name] = _flag(name, value)
            case "validity":
                found["validity"] = _minutes(value)
            case "queue":
                found["queue"] = _word(name, value, QUEUE.fullmatch)
            case "from":
                found["sender"] = _word(name, value, SENDER.fullmatch)
    return found


def validity_within(wished: int | None, left: timedelta) -> int:
    """Minutes for which the network may go on trying, so that nothing arrives after its time."""
    minutes = max(SHORTEST_VALIDITY, min(LONGEST_VALIDITY, int(left.total_seconds() // 60)))
    return minutes if wished is None else min(wished, minutes)


def _flag(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise Refused("bad_option", f"{name}: true or false")
    return value


def _minutes(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise Refused("bad_option", "validity: a whole number of minutes")
    if not SHORTEST_VALIDITY <= value <= LONGEST_VALIDITY:
        raise Refused("bad_option", f"validity: from {SHORTEST_VALIDITY} to {LONGEST_VALIDITY} minutes")
    return value


def _word(name: str, value: object, fits: Any) -> str:
    if not isinstance(value, str) or not fits(value):
        raise Refused("bad_option", f"{name}: not a value that a header can hold")
    return value
