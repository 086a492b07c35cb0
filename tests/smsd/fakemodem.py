"""A GSM modem on a pseudo terminal: the AT commands that smsd uses, PDU mode.

It answers at once unless told otherwise, keeps what it was given to send, and
can be told to refuse, to delay, to give no reference, to receive messages and
to report.
"""

from __future__ import annotations

import os
import pty
import re
import select
import threading
import time
import tty
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count

from tests.smsd import gsm

MEMORY = 50


class FakeModem:
    """One modem; ``device`` is the path smsd opens.

    ``refuse`` maps a number (digits) to the ``+CMS ERROR`` it gets, and
    ``refuse_from`` to the place of the first part that gets it (else all do).
    ``report_status`` is the TP-Status reported for every part that asked for
    a report (None: no report); ``delay`` holds each answer to a PDU back.
    """

    def __init__(self, imsi: str = "655010000000001") -> None:
        self.imsi = imsi
        self.submitted: list[gsm.Submitted] = []
        self.unknown_commands: list[str] = []
        self.refuse: dict[str, int] = {}
        self.refuse_from: dict[str, int] = {}
        self.report_status: int | None = None
        self.report_overrides: dict[str, int] = {}
        self.give_reference = True
        self.delay = 0.0
        self._references = count(1)
        self._memory: dict[int, str] = {}
        self._waiting: list[str] = []
        self._lock = threading.RLock()
        self._announced = 0
        self._buffer = b""
        self._pdu_expected = False
        self._stopped = threading.Event()
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        self.device = os.ttyname(self._slave)
        self._thread = threading.Thread(target=self._serve, name=f"modem {self.device}", daemon=True)
        self._thread.start()

    # --- what tests say ----------------------------------------------------------------

    def close(self) -> None:
        self._stopped.set()
        self._thread.join(5)
        # The slave's end is kept open all along: without a reader the master would report an error.
        os.close(self._master)
        os.close(self._slave)

    def start_references_at(self, first: int) -> None:
        self._references = count(first)

    def leave_at_prompt(self) -> None:
        """As after a daemon that died between AT+CMGS and its PDU."""
        self._pdu_expected = True

    def receive(self, sender: str, text: str, *, parts: list[str] | None = None, reference: int = 77) -> None:
        """A message for us arrives over the air."""
        now = datetime.now(UTC)
        if parts is None:
            self._store(gsm.encode_deliver(sender, text, now))
            return
        for place, piece in enumerate(parts, 1):
            self._store(gsm.encode_deliver(sender, piece, now, part=(reference, len(parts), place)))

    def report(self, part: gsm.Submitted, status: int = 0) -> None:
        """The network says what became of a part."""
        assert part.reference is not None
        self._store(gsm.encode_report(part.number, part.reference, status, datetime.now(UTC)))

    def to(self, number: str) -> list[gsm.Submitted]:
        with self._lock:
            return [part for part in self.submitted if part.number == number]

    def texts_to(self, number: str) -> list[str]:
        """Whole messages to a number, parts joined in order of their place."""
        messages: dict[object, list[gsm.Submitted]] = {}
        for place, part in enumerate(self.to(number)):
            messages.setdefault(("part", part.part[0]) if part.part else place, []).append(part)
        return [gsm.joined(sorted(parts, key=_place)) for parts in messages.values()]

    def wait_for(self, parts: int, timeout: float) -> None:
        deadline = time.monotonic() + timeout
        while len(self.submitted) < parts:
            assert time.monotonic() < deadline, f"{len(self.submitted)} of {parts} parts at the modem"
            time.sleep(0.02)

    # --- the terminal ------------------------------------------------------------------

    def _serve(self) -> None:
        while not self._stopped.is_set():
            readable, _, _ = select.select([self._master], [], [], 0.1)
            if readable:
                self._buffer += os.read(self._master, 4096)
                self._consume()

    def _consume(self) -> None:
        while True:
            end = re.search(rb"\x1a|\x1b" if self._pdu_expected else rb"\r", self._buffer)
            if not end:
                return
            line, self._buffer = self._buffer[: end.start()], self._buffer[end.end() :]
            if not self._pdu_expected:
                self._command(line.decode("latin-1").strip())
            elif end.group() == b"\x1a":
                self._pdu(line.decode("latin-1").strip())
            else:
                self._pdu_expected = False
                self._say("OK")

    def _say(self, *lines: str) -> None:
        os.write(self._master, "".join(f"\r\n{line}\r\n" for line in lines).encode("latin-1"))

    def _command(self, command: str) -> None:
        if not command:
            return
        if command.startswith("AT+CMGS="):
            self._pdu_expected = True
            os.write(self._master, b"\r\n> ")
            return
        for pattern, answer in self._answers():
            if found := re.fullmatch(pattern, command):
                self._say(*answer(found), "OK")
                return
        self.unknown_commands.append(command)
        self._say("OK")

    def _answers(self) -> list[tuple[str, Callable[[re.Match[str]], list[str]]]]:
        return [
            (
                r"AT|ATE[01].*|AT\+CMGF=0|AT\+CMEE=.*|AT\+CREG=.*|AT\+CNMI=.*|AT\+CSCS=.*|ATZ|AT&F.*",
                lambda _: [],
            ),
            (r"AT\+CPIN\?", lambda _: ["+CPIN: READY"]),
            (r"AT\+CSQ", lambda _: ["+CSQ: 21,0"]),
            (r"AT\+CREG\?", lambda _: ['+CREG: 2,1,"00C3","0012"']),
            (r"AT\+COPS\?", lambda _: ['+COPS: 0,0,"Test Network"']),
            (r"AT\+CNMI\?", lambda _: ["+CNMI: 0,0,0,0,0"]),
            (r"AT\+CIMI", lambda _: [self.imsi]),
            (r"AT\+CGSN", lambda _: ["490154203237518"]),
            (r"AT\+CGM[IMR]", lambda _: ["Fake"]),
            (r"AT\+CPMS(\?|=.*)", self._memory_used),
            (r"AT\+CMGL=.*", self._list),
            (r"AT\+CMGR=(\d+)", self._read),
            (r"AT\+CMGD=(\d+)", self._delete),
        ]

    # --- sending -----------------------------------------------------------------------

    def _pdu(self, pdu: str) -> None:
        self._pdu_expected = False
        try:
            part = gsm.decode_submit(pdu)
        except (ValueError, IndexError):
            # Also what a daemon says that starts while another one had begun a message and died.
            self._say("+CMS ERROR: 304")
            return
        if self._stopped.wait(self.delay):
            return
        error = self.refuse.get(part.number)
        if error and _place(part) >= self.refuse_from.get(part.number, 0):
            self._say(f"+CMS ERROR: {error}")
            return
        reference = next(self._references) % 256
        part = replace(part, reference=reference if self.give_reference else None)
        with self._lock:
            self.submitted.append(part)
        self._say(*([f"+CMGS: {reference}"] if self.give_reference else []), "OK")
        status = self.report_overrides.get(part.number, self.report_status)
        if part.report and status is not None and part.reference is not None:
            self.report(part, status)

    # --- receiving ---------------------------------------------------------------------

    def _store(self, pdu: str) -> None:
        with self._lock:
            self._waiting.append(pdu)
            self._fill()

    def _fill(self) -> None:
        """Messages wait in the network while the memory is full."""
        for place in range(1, MEMORY + 1):
            if self._waiting and place not in self._memory:
                self._memory[place] = self._waiting.pop(0)

    def _memory_used(self, _: re.Match[str]) -> list[str]:
        with self._lock:
            used = len(self._memory)
        return [f'+CPMS: "SM",{used},{MEMORY},"SM",{used},{MEMORY},"SM",{used},{MEMORY}']

    def _list(self, _: re.Match[str]) -> list[str]:
        with self._lock:
            return [f"+CMGL: {i},0,,{_length(pdu)}\r\n{pdu}" for i, pdu in sorted(self._memory.items())]

    def _read(self, found: re.Match[str]) -> list[str]:
        with self._lock:
            pdu = self._memory.get(int(found[1]))
        return [f"+CMGR: 0,,{_length(pdu)}\r\n{pdu}"] if pdu else []

    def _delete(self, found: re.Match[str]) -> list[str]:
        with self._lock:
            self._memory.pop(int(found[1]), None)
            self._fill()
        return []


def _place(part: gsm.Submitted) -> int:
    return part.part[2] if part.part else 0


def _length(pdu: str) -> int:
    """Octets without the SMSC address."""
    octets = bytes.fromhex(pdu)
    return len(octets) - 1 - octets[0]
