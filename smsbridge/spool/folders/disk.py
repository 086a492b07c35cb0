"""The few system calls that Python does not offer, and what a failed one means."""

from __future__ import annotations

import ctypes
import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

from smsbridge.spool.errors import SpoolUnavailable

_libc = ctypes.CDLL(None, use_errno=True)
_CODES = {
    errno.ENOSPC: "disk_full",
    errno.EDQUOT: "disk_full",
    errno.EROFS: "read_only",
    errno.EACCES: "no_permission",
    errno.EPERM: "no_permission",
    errno.ENOENT: "missing",
    errno.ENOTDIR: "missing",
}


def unavailable(error: OSError) -> SpoolUnavailable:
    """The error in the spool's own words; paths stay out, they name deliveries."""
    code = _CODES.get(error.errno or 0, "io_error")
    return SpoolUnavailable(code, error.strerror or type(error).__name__)


@contextmanager
def opened_folder(path: str) -> Iterator[int]:
    """A file descriptor of a directory, for ``dir_fd``."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def sync_file_system(descriptor: int) -> None:
    """Bring everything written to the descriptor's file system onto the disk.

    One call for a whole batch instead of one per file (syncfs(2)); where the
    C library has none, all file systems are synced.
    """
    if not hasattr(_libc, "syncfs"):
        os.sync()
    elif _libc.syncfs(descriptor) != 0:
        raise OSError(ctypes.get_errno(), "syncfs failed")


def exists(name: str, folder: int) -> bool:
    """Whether the folder has an entry of that name; a dangling link counts."""
    return os.access(name, os.F_OK, dir_fd=folder, follow_symlinks=False)
