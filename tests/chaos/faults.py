"""The faults that are injected, and what came of each: the report of ``make chaos``.

A test says by ``@pytest.mark.fault("F1")`` which fault of the list below it
shows; it may stand anywhere in ``tests/``. One that injects something and
counts tells it to the fixture ``outcome``.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

#: Everything that is promised to be survived, and how the test knows.
FAULTS: dict[str, str] = {
    "F1": "pool processes killed amid batches",
    "F2": "whole workers killed, or told to stop",
    "F3": "Redis killed and back empty, while sending and under requests",
    "F4": "PostgreSQL restarted, crashed, away for a while",
    "F5": "spool's disk full, read-only, closed to us",
    "F6": "crash between writing and showing a file, and between showing and recording it",
    "F7": "clocks jump by hours",
    "F8": "changes of the clocks, leap days, ends of months",
    "F9": "several beats at once",
    "F10": "no beat for hours",
    "F11": "a message that kills, hangs or breaks its worker",
    "F12": "a service that we ask is slow, wrong or gone",
    "F13": "late, doubled, disordered, unknown and forged status reports",
    "F14": "the same received message again and again",
    "F15": "two automata answering each other",
    "F16": "opt-outs amid a broadcast",
    "F17": "content edited while it goes out",
    "F18": "the same request at once, again with another body, and after a crash",
    "F21": "bad input at every operation",
    "F22": "odd Unicode",
    "F23": "huge pages, filters and offsets",
    "F24": "statements that grow with what is kept",
    "F25": "migrations under load",
    "F26": "a rolling restart under load",
    "F28": "numbers, texts and tokens in logs",
    "F29": "a restored old database",
    "F30": "secrets changed while clients are logged in",
    "F31": "a spool full of files, foreign and strange ones among them",
    "F33": "spreadsheets that are not what they seem",
    "F34": "uploads that are not what they seem",
    "DB": "the database goes away while a hub registers people",
    "HOST": "a host with its own gateway disappears and comes back",
}
#: Where pytest leaves the outcomes for ``tests/chaos/__main__.py``; unset: printed by pytest itself.
REPORT = "CHAOS_REPORT"
#: At full scale every crash test has this many deliveries; in the quick half of ``make test`` fewer.
FULL = os.environ.get("CHAOS") == "full"


@dataclass
class Outcome:
    """What a test saw of one fault. ``healed`` is in seconds, from the end of the last injection."""

    fault: str
    test: str
    injected: int = 0
    deliveries: int = 0
    lost: int = 0
    doubled: int = 0
    healed: float | None = None
    passed: bool = False
    notes: list[str] = field(default_factory=list)

    def line(self) -> str:
        healed = "-" if self.healed is None else f"{self.healed:.1f} s"
        passed = "ok    " if self.passed else "FAILED"
        return (
            f"{self.fault:<5} {passed} {self.injected:>8} {self.deliveries:>10} {self.lost:>5}"
            f" {self.doubled:>8} {healed:>8}  {FAULTS[self.fault]}"
            + "".join(f"; {note}" for note in self.notes)
        )


HEAD = "fault        injected deliveries  lost  doubled   healed"
OUTCOMES: list[Outcome] = []


def write(path: str) -> None:
    Path(path).write_text(json.dumps([asdict(one) for one in OUTCOMES]))


def read(path: Path) -> list[Outcome]:
    return [Outcome(**each) for each in json.loads(path.read_text())]


def table(outcomes: list[Outcome]) -> list[str]:
    order = list(FAULTS)
    return [
        HEAD,
        *(one.line() for one in sorted(outcomes, key=lambda one: (order.index(one.fault), one.test))),
    ]
