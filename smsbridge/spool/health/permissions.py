"""Whether the folders are there and may be used, without touching anything."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from smsbridge.spool.folders import Spool
from smsbridge.spool.health.findings import Finding

_READ, _WRITE = os.R_OK | os.X_OK, os.R_OK | os.W_OK | os.X_OK
#: Folders that have to exist, and what we do in them; smsd writes into all.
_NEEDED = {"outgoing": _WRITE, "checked": _READ, "sent": _WRITE, "failed": _WRITE, "incoming": _WRITE}
#: Folders that need not exist: smsd uses others instead, or we make them.
_OPTIONAL = {"report": _WRITE, "archive": _WRITE, "quarantine": _WRITE}
#: Folders out of which we move files that smsd owns.
_EMPTIED = ("sent", "failed", "incoming", "report")
_GROUP_HINT = "Put smsd's user and this one into one group; folders: that group, mode 2775; files: mode 0660."


def folder_findings(spool: Spool) -> list[Finding]:
    """What is wrong with the folders themselves. Only looks, so it is quick and safe anywhere."""
    if not spool.root.is_dir():
        return list(_missing_root(spool.root))
    try:
        queues = spool.queues()
    except OSError:
        queues = []
    findings = list(_own_folders(spool))
    for folder, access in (_NEEDED | _OPTIONAL | dict.fromkeys(queues, _READ)).items():
        findings += _folder(spool, folder, access)
    return findings


def _missing_root(root: Path) -> Iterator[Finding]:
    parent = next(parent for parent in root.parents if parent.exists())
    if not os.access(parent, _WRITE, effective_ids=True):
        hint = "Make it, or run this where the gateway's smsd is; see SMS_SPOOL and SMS_GATEWAYS."
        yield Finding("error", "missing", f"{root} does not exist and cannot be made", hint)


def _own_folders(spool: Spool) -> Iterator[Finding]:
    missing = [name for name in ("archive", "quarantine") if not os.path.isdir(spool.path(name))]
    if missing and not os.access(spool.root, _WRITE, effective_ids=True):
        yield Finding("error", "not_writable", f"{' and '.join(missing)} cannot be made", _GROUP_HINT)


def _folder(spool: Spool, folder: str, access: int) -> Iterator[Finding]:
    path = spool.path(folder)
    try:
        status = os.stat(path)
    except FileNotFoundError:
        if folder in _NEEDED:
            yield Finding("error", "missing", f"{folder} does not exist", "check_spool --create makes it.")
        return
    except OSError as error:
        yield Finding("error", "not_readable", f"{folder}: {error.strerror}", _GROUP_HINT)
        return
    yield from _usable(path, folder, status, access)
    if status.st_dev != os.stat(spool.root).st_dev:
        detail = f"{folder} is on another file system than the spool; files cannot be renamed into it"
        yield Finding("error", "other_file_system", detail, "Mount the spool as a whole.")


def _usable(path: str, folder: str, status: os.stat_result, access: int) -> Iterator[Finding]:
    if not stat.S_ISDIR(status.st_mode):
        yield Finding("error", "missing", f"{folder} is no directory", "Move it away.")
        return
    if not os.access(path, access, effective_ids=True):
        may = "read and written" if access == _WRITE else "read"
        yield Finding("error", "not_writable", f"{folder} cannot be {may} by this user", _GROUP_HINT)
    if not status.st_mode & stat.S_ISGID:
        detail = f"{folder} is not setgid, so files in it may be of a group that smsd is not in"
        yield Finding("warning", "not_setgid", detail, f"chmod g+s {path}")
    if folder in _EMPTIED and _sticky_for_us(status):
        detail = f"{folder} has the sticky bit: only smsd's user may move its files out"
        yield Finding("error", "sticky", detail, f"chmod -t {path}")


def _sticky_for_us(status: os.stat_result) -> bool:
    return bool(status.st_mode & stat.S_ISVTX) and os.geteuid() not in (0, status.st_uid)
