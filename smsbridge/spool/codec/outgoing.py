"""The outgoing file: what smsd is asked to send."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from smsbridge.spool import alphabet
from smsbridge.spool.errors import Refused

#: A number in international form, with or without +, or "s" and a short number.
NUMBER = re.compile(r"s?\+?[0-9]{3,20}")
QUEUE = re.compile(r"[A-Za-z0-9_.-]{1,32}")
#: A header's value: printable ASCII without blanks at its ends. smsd reads lines of over 750 bytes in pieces.
SENDER = _VALUE = re.compile(r"[!-~](?:[ -~]{0,198}[!-~])?")
_OWN_NAME = re.compile(r"X-[A-Za-z0-9-]{1,40}")
#: Shortest and longest validity period there is: 5 minutes, 63 weeks (3GPP TS 23.040, 9.2.3.12.1).
SHORTEST_VALIDITY, LONGEST_VALIDITY = 5, 63 * 7 * 24 * 60


def render(
    *,
    to: str,
    text: str,
    report: bool = False,
    flash: bool = False,
    priority: bool = False,
    validity: int | None = None,
    queue: str = "",
    sender: str = "",
    own: Mapping[str, str] | None = None,
) -> bytes:
    """The bytes of an outgoing file.

    ``validity`` is in minutes; smsd rounds it down to what the network knows.
    ``sender`` fills From, which smsd ignores but keeps. ``own`` holds headers
    of one's own, named ``X-…``, that smsd keeps as well. Report is always
    written, so that the modem's configuration decides nothing.

    A text of GSM characters goes out as UTF-8 (as septets when it holds ¤),
    any other as UCS-2: smsd stops converting UTF-8 at the first character
    above U+FFFF. Blanks and line ends at the end are left out
    (``alphabet.trimmed``).

    Raises Refused: ``empty``, ``bad_characters``, ``bad_number``, ``bad_option``.
    """
    name, body = _encoded(text) if len(text) <= _CACHED_LENGTH else encode_body(text)
    head = f"To: {destination(to)}\n{_shared_headers(name, report, flash, priority, validity, queue, sender)}"
    for pair in (own or {}).items():
        head += _own_header(*pair)
    return head.encode("ascii") + b"\n" + body


def destination(number: str) -> str:
    """The value of To: digits without +, which smsd drops together with everything before it."""
    if not NUMBER.fullmatch(number):
        raise Refused("bad_number", "not a telephone number")
    return number.rpartition("+")[2]


def encode_body(text: str) -> tuple[str, bytes]:
    """The Alphabet header's value and the body of a text."""
    alphabet.refuse_unsendable(text)
    sent = alphabet.trimmed(text)
    if alphabet.is_gsm(sent):
        # smsd reads this sign as Latin-9's euro, whichever alphabet is named: it gets the septets themselves.
        return ("GSM", alphabet.encode_gsm(sent)) if "¤" in sent else ("UTF-8", sent.encode("utf-8"))
    return "UCS2", sent.encode("utf-16-be")


#: Longer texts are rare and would fill the cache.
_CACHED_LENGTH = 2000
#: One text goes to thousands of people.
_encoded = lru_cache(maxsize=2048)(encode_body)


@lru_cache(maxsize=1024)
def _shared_headers(
    name: str, report: bool, flash: bool, priority: bool, validity: int | None, queue: str, sender: str
) -> str:
    """What the files of a batch have in common, nearly always."""
    lines = f"Alphabet: {name}\nReport: {'yes' if report else 'no'}\n"
    if flash:
        lines += "Flash: yes\n"
    if priority:
        lines += "Priority: high\n"
    if validity is not None:
        lines += f"Validity: {_checked_validity(validity)} min\n"
    if queue:
        lines += f"Queue: {_checked('queue', QUEUE, queue)}\n"
    if sender:
        lines += f"From: {_checked('from', _VALUE, sender)}\n"
    return lines


def _checked_validity(minutes: int) -> int:
    if not SHORTEST_VALIDITY <= minutes <= LONGEST_VALIDITY:
        raise Refused("bad_option", f"validity: from {SHORTEST_VALIDITY} to {LONGEST_VALIDITY} minutes")
    return minutes


def _checked(option: str, pattern: re.Pattern[str], value: str) -> str:
    if not pattern.fullmatch(value):
        raise Refused("bad_option", f"{option}: not a value that a header can hold")
    return value


def _own_header(name: str, value: str) -> str:
    return f"{_checked('header name', _OWN_NAME, name)}: {_checked(name, _VALUE, value)}\n"
