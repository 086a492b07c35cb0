"""Being an ordinary user for a moment: root is refused nothing, so permissions cannot be tested as root."""

from __future__ import annotations

import ctypes
import grp
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

#: CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER: root's freedom from permissions (capabilities(7)).
_FREEDOM = 1 << 1 | 1 << 2 | 1 << 3
_VERSION_3 = 0x20080522
_libc = ctypes.CDLL(None, use_errno=True)


@contextmanager
def ordinary_user() -> Iterator[None]:
    """Without root's freedom from permissions inside; for anybody else nothing changes."""
    before = _effective()
    _set_effective(before & ~_FREEDOM)
    try:
        yield
    finally:
        _set_effective(before)


@contextmanager
def ordinary_folder() -> Iterator[Path]:
    """A new folder that others could reach; pytest's own are closed to them."""
    folder = Path(tempfile.mkdtemp(prefix="switchboard-spool-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def some_group() -> int:
    """A group that may be given to files here, another one than new files have where possible."""
    if os.geteuid() == 0:
        return grp.getgrall()[-1].gr_gid
    return (os.getgroups() or [os.getgid()])[-1]


class _Header(ctypes.Structure):
    _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]


class _Data(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint32) for name in ("effective", "permitted", "inheritable")]


def _capabilities() -> tuple[_Header, ctypes.Array[_Data]]:
    header, data = _Header(_VERSION_3, 0), (_Data * 2)()
    if _libc.capget(ctypes.byref(header), data) != 0:
        raise OSError(ctypes.get_errno(), "capget")
    return header, data


def _effective() -> int:
    return _capabilities()[1][0].effective


def _set_effective(bits: int) -> None:
    header, data = _capabilities()
    data[0].effective = bits
    if _libc.capset(ctypes.byref(header), data) != 0:
        raise OSError(ctypes.get_errno(), "capset")
