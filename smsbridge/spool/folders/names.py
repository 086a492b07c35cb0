"""Names of folders and files, and which files are none of our business."""

from __future__ import annotations

import re

#: smsd's own folders, in the order of a message's life.
LIVE_FOLDERS = ("outgoing", "checked", "sent", "failed", "incoming", "report", "saved")
#: Where the collector puts what it has read or cannot read.
OWN_FOLDERS = ("archive", "quarantine")
#: Folders that smsd puts finished files into.
FINISHED_KINDS = ("sent", "failed", "incoming", "report")
#: Directories beside those that hold no queue.
_NO_QUEUES = frozenset((*LIVE_FOLDERS, *OWN_FOLDERS, "stats", "log", "logs", "include", "lost+found"))

#: smsd passes names to a shell, so they hold nothing that a shell understands.
_NAME = re.compile(r"(?!\.)[A-Za-z0-9._-]{1,128}")
_NOT_SAFE = re.compile(r"[^A-Za-z0-9._-]")
LOCK = ".LOCK"


def is_name(name: str) -> bool:
    """Whether a file of ours may be called that."""
    return _NAME.fullmatch(name) is not None


def safe_name(name: str) -> str:
    """A name like the given one that can be kept, shown and logged."""
    return "_" + _NOT_SAFE.sub("_", name)[:120]


def is_queue(name: str) -> bool:
    """Whether a directory of that name directly in the spool is taken for a queue's."""
    return name not in _NO_QUEUES and is_name(name)


def is_hidden(name: str) -> bool:
    """Files smsd does not take for messages: being staged, or locks (also its LOCKED…)."""
    return name[0] == "." or name.endswith(LOCK) or name.startswith("LOCKED")


def is_passing(name: str) -> bool:
    """Files smsd keeps among finished ones for itself: unfinished multipart messages, its shell test."""
    return name.endswith("-concatenated") or name.startswith(("smsd_script.", "test."))
