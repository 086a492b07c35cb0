"""A finished file on its way through the collector: opened, then judged."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import NamedTuple
from uuid import UUID

from smsbridge.gateways import smsd_zone
from smsbridge.spool.codec import SpoolFile, parse
from smsbridge.spool.errors import MalformedFile
from smsbridge.spool.folders import Finished

#: What a file says that cannot be understood.
_NOTHING = SpoolFile((), b"")


class Action(Enum):
    """What is done with a file once its batch is committed."""

    ARCHIVE = "archive"
    #: Into the archive as well, and counted: another program's message.
    FOREIGN = "foreign"
    QUARANTINE = "quarantine"
    #: Stays where it is until it can be read.
    LEAVE = "leave"


class Verdict(NamedTuple):
    """A file, what is to be done with it, and why where that needs saying."""

    kind: str
    name: str
    action: Action
    why: str = ""


@dataclass(frozen=True)
class Opened:
    """A file and what it says: nothing where it cannot be understood; ``trouble`` says why."""

    file: Finished
    said: SpoolFile
    trouble: str = ""

    @property
    def delivery_id(self) -> UUID | None:
        """The delivery a file of ours is named after; None for other programs' files."""
        try:
            found = UUID(self.file.name)
        except ValueError:
            return None
        return found if str(found) == self.file.name else None

    @property
    def modified_at(self) -> datetime:
        return datetime.fromtimestamp(self.file.modified_at, UTC)

    def time(self, header: str) -> datetime:
        """A wall-clock time of smsd's as an instant; when the file was written where there is none.

        In the hour that clocks repeat, the instant nearer to the file's own time is meant.
        """
        at = self.said.time(header, smsd_zone())
        if at is None:
            return self.modified_at
        return min(at, at.replace(fold=1), key=lambda moment: abs(moment.astimezone(UTC) - self.modified_at))

    def header(self, name: str) -> str:
        return self.said.headers.get(name, "")

    def fingerprint(self, gateway: str) -> str:
        """The same for the same file of the same gateway only."""
        digest = hashlib.sha256(f"{gateway}\n{self.file.name}\n".encode("utf-8", "surrogateescape"))
        digest.update(self.file.content)
        return digest.hexdigest()

    def verdict(self, action: Action, why: str = "") -> Verdict:
        return Verdict(self.file.kind, self.file.name, action, why)


def opened(file: Finished) -> Opened:
    if file.trouble:
        return Opened(file, _NOTHING, file.trouble)
    try:
        return Opened(file, parse(file.content))
    except MalformedFile as error:
        return Opened(file, _NOTHING, error.code)


def set_aside(files: Sequence[Opened]) -> tuple[list[Opened], list[Verdict]]:
    """The files that can be understood, and verdicts on the others."""
    good = [file for file in files if not file.trouble]
    return good, [_trouble(file) for file in files if file.trouble]


def _trouble(file: Opened) -> Verdict:
    if file.trouble == "unreadable":
        return file.verdict(Action.LEAVE, file.trouble)
    return file.verdict(Action.QUARANTINE, file.trouble)
