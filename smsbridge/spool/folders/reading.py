"""Reading the files that smsd has finished with, and no others."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from smsbridge.spool.folders.disk import exists, opened_folder
from smsbridge.spool.folders.names import LOCK, is_hidden, is_name, is_passing

#: The longest message there is takes under 40 kB; PDU lines of a failed one four times that.
LARGEST_FILE = 1_000_000
#: smsd writes received messages under their final name, in steps of its buffer.
_BUFFER_SIZE = 4096
_SETTLED_AFTER_SECONDS = 2.0
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(frozen=True)
class Finished:
    """A finished file, or one that cannot be read as such.

    ``trouble`` is "" or why ``content`` is empty: ``bad_name``, ``symlink``,
    ``special`` (FIFO, socket, device), ``too_large``: set those aside;
    ``unreadable``: leave it, mended permissions make it readable.
    ``modified_at`` is in seconds since the epoch.
    """

    kind: str
    name: str
    content: bytes
    modified_at: float
    trouble: str = ""


def finished_files(folder: str, kind: str, *, largest: int = LARGEST_FILE) -> Iterator[Finished]:
    """The files of one folder; received ones in the order of their arrival.

    Passed over: locked files and locks, dot-files, smsd's own passing files,
    empty files, directories, and large files that may still be written.
    """
    with opened_folder(folder) as descriptor:
        entries = list(_entries(descriptor, kind))
        if kind in ("incoming", "report"):
            entries = _by_age(descriptor, entries)
        for name, trouble in entries:
            # Looked at anew: a lock is made before its file appears, so a file
            # that was listed and has none now is complete.
            if not exists(name + LOCK, descriptor):
                yield from _read(descriptor, kind, name, trouble, largest)


def _entries(folder: int, kind: str) -> Iterator[tuple[str, str]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            name = entry.name
            if not is_hidden(name) and not is_passing(name) and not entry.is_dir(follow_symlinks=False):
                yield name, _trouble(entry)


def _trouble(entry: os.DirEntry[str]) -> str:
    if entry.is_symlink():
        return "symlink"
    if not entry.is_file(follow_symlinks=False):
        return "special"
    return "" if is_name(entry.name) else "bad_name"


def _by_age(folder: int, entries: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    aged = []
    for name, trouble in entries:
        try:
            aged.append((os.stat(name, dir_fd=folder, follow_symlinks=False).st_mtime_ns, name, trouble))
        except OSError:
            continue  # another worker took it
    return [(name, trouble) for _, name, trouble in sorted(aged)]


def _read(folder: int, kind: str, name: str, trouble: str, largest: int) -> Iterator[Finished]:
    if trouble:
        yield Finished(kind, name, b"", 0.0, trouble)
        return
    try:
        descriptor = os.open(name, _READ, dir_fd=folder)
    except FileNotFoundError:
        return
    except OSError:
        yield Finished(kind, name, b"", 0.0, "unreadable")
        return
    try:
        status = os.fstat(descriptor)
        if _is_ready(status, kind):
            yield _content(descriptor, status, kind, name, largest)
    finally:
        os.close(descriptor)


def _is_ready(status: os.stat_result, kind: str) -> bool:
    if not stat.S_ISREG(status.st_mode):
        return True  # to be named, not read
    if status.st_size == 0:
        return False
    in_steps = kind in ("incoming", "report") and status.st_size >= _BUFFER_SIZE
    return not in_steps or abs(time.time() - status.st_mtime) >= _SETTLED_AFTER_SECONDS


def _content(descriptor: int, status: os.stat_result, kind: str, name: str, largest: int) -> Finished:
    if not stat.S_ISREG(status.st_mode):
        return Finished(kind, name, b"", 0.0, "special")
    if status.st_size > largest:
        return Finished(kind, name, b"", status.st_mtime, "too_large")
    return Finished(kind, name, os.read(descriptor, status.st_size), status.st_mtime)


def file_named(folder: str, kind: str, name: str) -> Finished | None:
    """One file by its name, or None where a listing would not show it: locked, hidden, passing, a link."""
    if not is_name(name) or is_hidden(name) or is_passing(name):
        return None
    try:
        with opened_folder(folder) as descriptor:
            if exists(name + LOCK, descriptor):
                return None
            found = next(_read(descriptor, kind, name, "", LARGEST_FILE), None)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return found if found is not None and not found.trouble else None


def visible_names(folder: str, most: int) -> list[str]:
    """Names of messages in the folder, at most so many, in no order. Locked ones are among them."""
    try:
        with opened_folder(folder) as descriptor, os.scandir(descriptor) as entries:
            return [entry.name for entry in islice(filter(_is_message, entries), most)]
    except (FileNotFoundError, NotADirectoryError):
        return []


def _is_message(entry: os.DirEntry[str]) -> bool:
    name = entry.name
    return (
        is_name(name)
        and not is_hidden(name)
        and not is_passing(name)
        and entry.is_file(follow_symlinks=False)
    )


def remove_file(folder: str, name: str) -> bool:
    """Delete a message's file; False where there is none that ``file_named`` would read."""
    if not is_name(name) or is_hidden(name) or is_passing(name):
        return False
    try:
        with opened_folder(folder) as descriptor:
            status = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
            if not stat.S_ISREG(status.st_mode) or exists(name + LOCK, descriptor):
                return False
            os.unlink(name, dir_fd=descriptor)
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True
