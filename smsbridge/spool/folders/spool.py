"""One spool directory."""

from __future__ import annotations

import errno
import logging
import os
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from itertools import islice
from pathlib import Path

from smsbridge.spool.folders.disk import exists, opened_folder, unavailable
from smsbridge.spool.folders.erasing import erase_in, remove_tree
from smsbridge.spool.folders.names import (
    FINISHED_KINDS,
    LIVE_FOLDERS,
    LOCK,
    OWN_FOLDERS,
    is_hidden,
    is_name,
    is_queue,
    safe_name,
)
from smsbridge.spool.folders.reading import LARGEST_FILE, Finished, finished_files
from smsbridge.spool.folders.writing import put_files

logger = logging.getLogger(__name__)

#: The group bit on a directory makes files in it belong to its group, smsd's and ours.
FOLDER_MODE = 0o2770


@dataclass(frozen=True)
class Place:
    """Where a name was found.

    ``stage`` is ``outgoing``, ``checked``, ``sent``, ``failed`` or
    ``quarantine``; ``folder`` the directory below the spool, which for
    ``checked`` may be a queue's and for the others an archive's. ``locked``:
    smsd is working on it just now.
    """

    stage: str
    folder: str
    locked: bool


@dataclass(frozen=True)
class Stuck:
    """A file that has waited in outgoing for ``seconds``."""

    name: str
    seconds: float


class Spool:
    """A spool and its folders. Holds nothing but the path: cheap to make, safe in threads.

    ``sync`` false leaves writing to the disk to the kernel: faster, and a
    power cut may then lose what was handed over in the last seconds.
    """

    def __init__(self, root: Path | str, *, sync: bool = True) -> None:
        self.root = Path(root)
        self.sync = sync

    def path(self, folder: str) -> str:
        return os.path.join(self.root, folder)

    def create(self, *, group: int = -1) -> None:
        """Make every folder that is missing, setgid and closed to others. Raises SpoolUnavailable.

        New folders get the ``group`` of that number, else the spool's own.
        """
        try:
            self.root.parent.mkdir(parents=True, exist_ok=True)
            _make_folder(str(self.root), group)
            owning = os.stat(self.root).st_gid if group < 0 else group
            for folder in (*LIVE_FOLDERS, *OWN_FOLDERS):
                _make_folder(self.path(folder), owning)
        except OSError as error:
            raise unavailable(error) from error

    def queues(self) -> list[str]:
        """Folders of smsd's queues: every further directory directly in the spool, but stats and logs."""
        try:
            with os.scandir(self.root) as entries:
                return sorted(e.name for e in entries if is_queue(e.name) and e.is_dir(follow_symlinks=False))
        except OSError as error:
            raise unavailable(error) from error

    def waiting(self, most: int) -> int:
        """How many messages smsd still has to send, counted no further than ``most``.

        They lie in outgoing, checked and the queues' folders. Raises SpoolUnavailable.
        """
        count = 0
        for folder in ("outgoing", "checked", *self.queues()):
            if count < most:
                count += self._visible(folder, most - count)
        return count

    def _visible(self, folder: str, most: int) -> int:
        try:
            with os.scandir(self.path(folder)) as entries:
                return sum(1 for _ in islice((e for e in entries if not is_hidden(e.name)), most))
        except OSError as error:
            raise unavailable(error) from error

    def put(self, files: Sequence[tuple[str, bytes]]) -> list[bool]:
        """Give files to smsd, (name, content) each; which of them now lie in outgoing.

        Raises SpoolUnavailable when none does. A False is for trouble with
        that file alone; nothing of it is left. ValueError for a name that is
        no plain file name.
        """
        if any(not is_name(name) for name, _ in files):
            raise ValueError("not the name of a spool file")
        return put_files(self.path("outgoing"), files, sync=self.sync)

    def find(self, name: str, *, days: int = 7) -> Place | None:
        """Where a message is now, or None when it is nowhere. See ``find_many``."""
        return self.find_many([name], days=days).get(name)

    def find_many(self, names: Iterable[str], *, days: int = 7) -> dict[str, Place]:
        """Where messages are now, of those that are anywhere.

        The folders are looked at in the order in which smsd and the collector
        move files on, so none slips through; the last one found counts. Of
        the archive the newest ``days`` are looked at. Raises SpoolUnavailable.
        """
        wanted = [name for name in names if is_name(name)]
        found: dict[str, Place] = {}
        for stage, folder in self._stages(days) if wanted else ():
            present = self._present(folder, wanted)
            found |= {name: Place(stage, folder, locked) for name, locked in present.items()}
        return found

    def _present(self, folder: str, names: list[str]) -> dict[str, bool]:
        """Those of the names that the folder has, with whether they are locked."""
        try:
            with opened_folder(self.path(folder)) as opened:
                return {name: exists(name + LOCK, opened) for name in names if exists(name, opened)}
        except (FileNotFoundError, NotADirectoryError):
            return {}
        except OSError as error:
            raise unavailable(error) from error

    def _stages(self, days: int) -> Iterator[tuple[str, str]]:
        yield "outgoing", "outgoing"
        yield from (("checked", folder) for folder in ("checked", *self.queues()))
        yield from (("sent", "sent"), ("failed", "failed"))
        for day in self.archived_days()[:days]:
            yield from ((stage, f"archive/{day}/{stage}") for stage in ("sent", "failed"))
        yield from (("quarantine", f"quarantine/{kind}") for kind in ("sent", "failed"))

    def archived_days(self) -> list[str]:
        """The archive's days, ``YYYY-MM-DD``, newest first."""
        with suppress(FileNotFoundError):
            return sorted((name for name in os.listdir(self.path("archive")) if _is_day(name)), reverse=True)
        return []

    def finished(self, kind: str, *, largest: int = LARGEST_FILE) -> Iterator[Finished]:
        """The files smsd has finished with: ``sent``, ``failed``, ``incoming`` or ``report``.

        One listing of the folder; files larger than ``largest`` bytes are not
        read. A folder that does not exist has none. Raises SpoolUnavailable.
        """
        _check_kind(kind)
        try:
            yield from finished_files(self.path(kind), kind, largest=largest)
        except FileNotFoundError:
            return
        except OSError as error:
            raise unavailable(error) from error

    def archive(self, kind: str, name: str, day: date) -> bool:
        """Move a finished file to ``archive/<day>/<kind>/``; False when another worker was faster.

        A name that is there already gets a number, so nothing is overwritten.
        """
        _check_kind(kind)
        return self._move(f"{kind}/{name}", f"archive/{day:%Y-%m-%d}/{kind}/{name}")

    def quarantine(self, kind: str, name: str, why: str) -> bool:
        """Set a file aside in ``quarantine/<kind>/`` for a person to look at, with a log line."""
        _check_kind(kind)
        kept = name if is_name(name) else safe_name(name)
        moved = self._move(f"{kind}/{name}", f"quarantine/{kind}/{kept}")
        if moved:
            logger.warning("%s: set aside %s/%s: %s", self.root.name, kind, kept, why)
        return moved

    def erase(self, day: str | None, *, names: Collection[str], numbers: Collection[str]) -> int:
        """Remove finished files that are somebody's, of one day of the archive; how many.

        Without a day: of those that were set aside. Raises SpoolUnavailable.
        """
        kept = "quarantine" if day is None else f"archive/{day}"
        folders = [f"{kept}/{kind}" for kind in FINISHED_KINDS]
        try:
            return sum(erase_in(self.path(one), names=names, numbers=numbers) for one in folders)
        except OSError as error:
            raise unavailable(error) from error

    def forget(self, before: date, most: int) -> int:
        """Remove files of the archive's days before that date, the oldest first, at most ``most``; how many.

        Raises SpoolUnavailable.
        """
        try:
            removed = 0
            for day in self.archived_before(before):
                removed += remove_tree(self.path(f"archive/{day}"), most - removed)
                if removed >= most:
                    break
        except OSError as error:
            raise unavailable(error) from error
        return removed

    def archived_before(self, before: date) -> list[str]:
        """The archive's days before that date, the oldest first."""
        return [day for day in reversed(self.archived_days()) if day < before.isoformat()]

    def _move(self, source: str, target: str) -> bool:
        """Raises SpoolUnavailable when the file is there and cannot be moved."""
        try:
            return _moved(self.path(source), self.path(target))
        except OSError as error:
            raise unavailable(error) from error

    def stuck(self, older_than: float, *, now: float | None = None) -> list[Stuck]:
        """Files that have waited in outgoing longer than so many seconds, the oldest first."""
        moment = time.time() if now is None else now
        waits = (Stuck(name, moment - at) for name, at in self._written("outgoing") if not is_hidden(name))
        return sorted((wait for wait in waits if wait.seconds > older_than), key=lambda wait: -wait.seconds)

    def discard_staged(self, older_than: float = 3600.0) -> int:
        """Remove files that a worker staged and, dying, never showed to smsd; how many."""
        moment = time.time()
        old = [
            name
            for name, written in self._written("outgoing")
            if name[0] == "." and moment - written > older_than
        ]
        for name in old:
            with suppress(FileNotFoundError):
                os.unlink(os.path.join(self.path("outgoing"), name))
        return len(old)

    def _written(self, folder: str) -> Iterator[tuple[str, float]]:
        """Names with the time of their last change, in seconds since the epoch."""
        try:
            with os.scandir(self.path(folder)) as entries:
                for entry in entries:
                    with suppress(FileNotFoundError):
                        yield entry.name, entry.stat(follow_symlinks=False).st_mtime
        except OSError as error:
            raise unavailable(error) from error


def _make_folder(path: str, group: int = -1) -> None:
    try:
        os.mkdir(path)
    except FileExistsError:
        return
    if group >= 0 and os.stat(path).st_gid != group:
        os.chown(path, -1, group)
    # After chown(2), which takes the group bit away; mkdir(2) takes the umask off.
    os.chmod(path, FOLDER_MODE)


def _moved(source: str, target: str) -> bool:
    free = _free_name(target)
    for _ in range(2):
        try:
            os.rename(source, free)
        except FileNotFoundError:
            if not os.path.lexists(source):
                return False
            _make_folders(os.path.dirname(free))
        else:
            return True
    raise OSError(errno.ENOENT, "folder cannot be made")


def _free_name(target: str) -> str:
    free, number = target, 1
    while os.path.lexists(free):
        number += 1
        free = f"{target}.{number}"
    return free


def _make_folders(path: str) -> None:
    parent = os.path.dirname(path)
    if not os.path.isdir(parent):
        _make_folders(parent)
    _make_folder(path)


def _is_day(name: str) -> bool:
    try:
        return date.fromisoformat(name).isoformat() == name
    except ValueError:
        return False


def _check_kind(kind: str) -> None:
    if kind not in FINISHED_KINDS:
        raise ValueError(f"{kind} is no folder of finished files")
