"""Putting a batch of files into outgoing, so that smsd sees each whole or not at all."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from contextlib import suppress

from smsbridge.spool.folders.disk import opened_folder, sync_file_system, unavailable

logger = logging.getLogger(__name__)

#: Both smsd's user and ours must read and write a file; they share a group.
FILE_MODE = 0o660
#: So many files are brought onto the disk one by one: for few that is quicker than one call for the whole
#: file system, which also waits for what everybody else has written.
FEW = 3
_STAGE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC

File = tuple[str, bytes]


def put_files(folder: str, files: Sequence[File], *, sync: bool) -> list[bool]:
    """Write the files and make them visible; which of them now are, in their order.

    Each is staged as a dot-file in the same folder: smsd passes over those,
    while it deletes every ``*.LOCK`` when it starts, also one being written.
    Content and mode are complete, and with ``sync`` on the disk, before the
    first rename. Raises SpoolUnavailable when no file got through; then, and
    for each False, nothing is left behind.
    """
    try:
        with opened_folder(folder) as descriptor:
            _stage_all(descriptor, files, sync=sync)
            put = _show_all(descriptor, files)
            if sync:
                _sync_folder(descriptor)
            return put
    except OSError as error:
        raise unavailable(error) from error


def _stage_all(folder: int, files: Sequence[File], *, sync: bool) -> None:
    each = sync and len(files) <= FEW
    try:
        for name, content in files:
            _stage(folder, "." + name, content, sync=each)
        if sync and not each:
            sync_file_system(folder)
    except BaseException:
        _discard(folder, files)
        raise


def _stage(folder: int, hidden: str, content: bytes, *, sync: bool) -> None:
    descriptor = os.open(hidden, _STAGE, FILE_MODE, dir_fd=folder)
    try:
        # Before the rename, and whatever the umask: smsd may read the file at once.
        os.fchmod(descriptor, FILE_MODE)
        written = os.write(descriptor, content)
        while written < len(content):
            written += os.write(descriptor, content[written:])
        if sync:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _show_all(folder: int, files: Sequence[File]) -> list[bool]:
    errors: list[OSError] = []
    put: list[bool] = []
    try:
        for name, _ in files:
            put.append(_show(folder, name, errors))
    finally:
        if put.count(True) < len(files):
            _discard(folder, files)
    if errors and not any(put):
        raise errors[0]
    if errors:
        logger.warning("%d of %d files not put into outgoing: %s", len(errors), len(put), errors[0].strerror)
    return put


def _show(folder: int, name: str, errors: list[OSError]) -> bool:
    try:
        os.rename("." + name, name, src_dir_fd=folder, dst_dir_fd=folder)
    except OSError as error:
        errors.append(error)
        return False
    return True


def _discard(folder: int, files: Sequence[File]) -> None:
    for name, _ in files:
        with suppress(OSError):
            os.unlink("." + name, dir_fd=folder)


def _sync_folder(folder: int) -> None:
    try:
        os.fsync(folder)
    except OSError as error:
        # The files are visible, so they count as put; only a power cut could undo it.
        logger.warning("outgoing could not be synced: %s", error.strerror)
