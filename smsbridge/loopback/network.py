"""The played network: which messages arrive, which come to nothing, who answers."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from smsbridge.spool import alphabet
from smsbridge.spool.codec import SpoolFile
from smsbridge.spool.errors import Refused

#: The played modem's name, as it stands in the files and in front of their names.
MODEM = "LOOP1"
#: 001 01 is the test network of ITU-T E.212.
IMSI = "001010000000001"


@dataclass(frozen=True)
class Behaviour:
    """How the network behaves.

    ``delay``: seconds that each step takes (sending, then the report, then a
    reply). ``fail_suffix``: numbers that end so are not assigned; empty:
    all are. ``stop_numbers``: digits of those who answer STOP to their second
    message.
    """

    delay: float = 1.0
    fail_suffix: str = "9999"
    stop_numbers: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True)
class Outcome:
    """What comes of one message: the parts' references, or why it failed; and a reply, if any."""

    references: tuple[int, ...] = ()
    reason: str = ""
    reply: str = ""


class Network:
    """Decides the fate of messages. What it must remember over a restart is in one small file."""

    def __init__(self, behaviour: Behaviour, memory: Path) -> None:
        self.behaviour = behaviour
        self._memory = memory
        self._last_reference, self._heard = self._recalled()

    def _recalled(self) -> tuple[int, dict[str, int]]:
        try:
            kept = json.loads(self._memory.read_text())
            return int(kept["reference"]), {str(n): int(times) for n, times in kept["heard"].items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return secrets.randbelow(256), {}

    def remember(self) -> None:
        aside = self._memory.with_suffix(".new")
        aside.write_text(json.dumps({"reference": self._last_reference, "heard": self._heard}))
        os.replace(aside, self._memory)

    def carry(self, message: SpoolFile) -> Outcome:
        """Send a message. Reasons are smsd's and its modem's own words."""
        number = "".join(char for char in message.headers.get("To", "") if "0" <= char <= "9")
        if not number:
            return Outcome(reason="No destination")
        if self.behaviour.fail_suffix and number.endswith(self.behaviour.fail_suffix):
            return Outcome(reason="+CMS ERROR: 1 (Unassigned (unallocated) number)")
        try:
            count = alphabet.segment(message.text).count
        except Refused:
            return Outcome(reason="No text or data")
        return Outcome(references=self._references(count), reply=self._reply(number))

    def _references(self, count: int) -> tuple[int, ...]:
        first = self._last_reference + 1
        self._last_reference = (self._last_reference + count) % 256
        return tuple((first + place) % 256 for place in range(count))

    def _reply(self, number: str) -> str:
        if number not in self.behaviour.stop_numbers:
            return ""
        self._heard[number] = self._heard.get(number, 0) + 1
        return "STOP" if self._heard[number] == 2 else ""
