"""The played smsd: moves files on as time goes by.

All that it has begun lies in the spool, so it may be stopped anywhere and
goes on from there. What is still to come (a report, a reply) is staged as a
dot-file whose name tells when it is due.
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from smsbridge.loopback import files
from smsbridge.loopback.network import MODEM, Behaviour, Network, Outcome
from smsbridge.spool.codec import SpoolFile, parse
from smsbridge.spool.errors import MalformedFile
from smsbridge.spool.folders import Spool

#: smsd does not take a shorter file for a message.
_SHORTEST = 8
_STAGED = re.compile(r"\.due-([0-9]{1,15})-[0-9a-f]+")
_HIDDEN = re.compile(r"\.|LOCKED|.*\.LOCK\Z")
_NOTHING = SpoolFile((), b"")


class Occupied(Exception):
    """Another loopback gateway plays on this spool."""


class Loopback:
    """One gateway on one spool, whose folders must exist. Times in its files are of ``zone``."""

    def __init__(
        self, spool: Spool, behaviour: Behaviour, *, zone: ZoneInfo, clock: Callable[[], float] = time.time
    ) -> None:
        self.spool = spool
        self._clock, self._zone = clock, zone
        self._delay = behaviour.delay
        self._network = Network(behaviour, Path(spool.path(".loopback.json")))

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the spool against a second loopback gateway. Raises Occupied."""
        with open(self.spool.path(".loopback.lock"), "w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise Occupied from error
            yield

    def step(self) -> int:
        """Move on everything that is due; how many files that were."""
        moved = self._accept() + self._send() + self._release("report") + self._release("incoming")
        if moved:
            # As smsd's eventhandler does.
            Path(self.spool.path(".poke")).touch()
        return moved

    def _accept(self) -> int:
        """New messages: from outgoing to checked. The time they get there is kept as the file's own."""
        accepted = 0
        for name, path, status in self._visible("outgoing"):
            if status.st_size >= _SHORTEST:
                os.utime(path, (self._clock(),) * 2)
                os.rename(path, self.spool.path(f"checked/{name}"))
                accepted += 1
        return accepted

    def _send(self) -> int:
        """Messages that waited their time: from checked to sent or failed."""
        before = self._clock() - self._delay
        due = [(name, path) for name, path, status in self._visible("checked") if status.st_mtime <= before]
        for name, path in due:
            self._finish(name, path)
        if due:
            self._network.remember()
        return len(due)

    def _finish(self, name: str, path: Path) -> None:
        message = _read(path)
        outcome = self._network.carry(message)
        # First what is still to come: broken off after that, the message is sent again, as by smsd.
        self._announce(message, outcome)
        content = files.finished(message, outcome, self._wall_clock())
        folder = "failed" if outcome.reason else "sent"
        self._write(f"{folder}/.{name}", f"{folder}/{name}", content)
        os.unlink(path)

    def _announce(self, message: SpoolFile, outcome: Outcome) -> None:
        number = re.sub("[^0-9]", "", message.headers.get("To", ""))
        if files.wants_report(message):
            for reference in outcome.references:
                due = self._clock() + self._delay
                self._stage("report", due, files.report(number, reference, self._wall_clock(due)))
        if outcome.reply:
            due = self._clock() + 2 * self._delay
            self._stage("incoming", due, files.reply(number, outcome.reply, self._wall_clock(due)))

    def _stage(self, folder: str, due: float, content: bytes) -> None:
        name = f".due-{int(due * 1000):013d}-{secrets.token_hex(6)}"
        self._write(f"{folder}/.new-{secrets.token_hex(6)}", f"{folder}/{name}", content)

    def _release(self, folder: str) -> int:
        """What was staged and is due gets a name like smsd's."""
        now, released = self._clock() * 1000, 0
        for entry in sorted(os.listdir(self.spool.path(folder))):
            staged = _STAGED.fullmatch(entry)
            if staged and int(staged[1]) <= now:
                name = f"{MODEM}.{secrets.token_hex(3)}{staged[1][-6:]}"
                os.rename(self.spool.path(f"{folder}/{entry}"), self.spool.path(f"{folder}/{name}"))
                released += 1
        return released

    def _visible(self, folder: str) -> list[tuple[str, Path, os.stat_result]]:
        """What smsd would take for messages, in the order of their names."""
        found = []
        with os.scandir(self.spool.path(folder)) as entries:
            for entry in entries:
                # Somebody may just be taking it away.
                with suppress(FileNotFoundError):
                    if not _HIDDEN.match(entry.name) and entry.is_file(follow_symlinks=False):
                        found.append((entry.name, Path(entry.path), entry.stat(follow_symlinks=False)))
        return sorted(found, key=lambda file: file[0])

    def _write(self, aside: str, target: str, content: bytes) -> None:
        path = Path(self.spool.path(aside))
        path.write_bytes(content)
        os.chmod(path, 0o660)
        os.rename(path, self.spool.path(target))

    def _wall_clock(self, moment: float | None = None) -> datetime:
        return datetime.fromtimestamp(self._clock() if moment is None else moment, self._zone)


def _read(path: Path) -> SpoolFile:
    with suppress(MalformedFile):
        return parse(path.read_bytes())
    return _NOTHING
