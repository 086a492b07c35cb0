"""What lies about in the folders and should not."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import suppress

from smsbridge.spool.folders import FINISHED_KINDS, Spool
from smsbridge.spool.folders.names import LOCK, is_hidden
from smsbridge.spool.health.findings import Finding

#: A multipart message to a slow modem may take many minutes; an hour is no sending any more.
_STALE_LOCK_SECONDS = 3600


def unreadable_files(spool: Spool) -> list[Finding]:
    """Finished files that we may not read, so that their fate stays unknown."""
    findings = []
    for kind in FINISHED_KINDS:
        count = sum(1 for e in _entries(spool, kind) if not is_hidden(e.name) and _unreadable(e))
        if count:
            detail = f"{count} files in {kind} cannot be read by this user"
            findings.append(Finding("error", "not_readable", detail, "Set umask = 0007 in smsd.conf."))
    return findings


def stale_locks(spool: Spool) -> list[Finding]:
    """Locks of modem processes that must have died; smsd sends those messages again when it starts."""
    before = time.time() - _STALE_LOCK_SECONDS
    folders = ("checked", *spool.queues())
    locks = [e for folder in folders for e in _entries(spool, folder) if e.name.endswith(LOCK)]
    count = sum(1 for entry in locks if _modified_before(entry, before))
    if not count:
        return []
    hint = "Restart smsd; it may send these again."
    return [Finding("warning", "stale_lock", f"{count} messages are locked for over an hour", hint)]


def quarantined(spool: Spool) -> list[Finding]:
    """Files that the collector set aside."""
    count = sum(1 for kind in FINISHED_KINDS for _ in _entries(spool, f"quarantine/{kind}"))
    if not count:
        return []
    hint = "The log says why; look at them, then move or delete them."
    return [Finding("warning", "quarantined", f"{count} files lie in quarantine", hint)]


def _entries(spool: Spool, folder: str) -> Iterator[os.DirEntry[str]]:
    with suppress(OSError), os.scandir(spool.path(folder)) as entries:
        yield from entries


def _unreadable(entry: os.DirEntry[str]) -> bool:
    return entry.is_file(follow_symlinks=False) and not os.access(entry.path, os.R_OK, effective_ids=True)


def _modified_before(entry: os.DirEntry[str], moment: float) -> bool:
    with suppress(OSError):
        return entry.stat(follow_symlinks=False).st_mtime < moment
    return False
