"""Stops what ``make run`` started when make itself is interrupted or gone.

Ctrl-C reaches every process of the terminal. A SIGINT that is sent to make
alone reaches nobody else: GNU make then waits for its children without telling
them, and a killed make leaves them behind. So a small process looks after make.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

_EVERY = 0.3


def guard(leader: int, parent: int) -> None:
    """Fork a process that sends SIGTERM to ``leader`` once its parent, a make, is no longer at work.

    Does nothing where the parent is not make or the system shows no ``/proc``.
    """
    if not _catches_interrupt(parent) or _name(parent) not in ("make", "gmake"):
        return
    if os.fork() != 0:
        return
    os.setsid()
    while os.getppid() == leader and _catches_interrupt(parent):
        time.sleep(_EVERY)
    if os.getppid() == leader:
        os.kill(leader, signal.SIGTERM)
    os._exit(0)


def _catches_interrupt(pid: int) -> bool:
    """Whether the process handles SIGINT. GNU make takes its handler away when it has had the signal."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
    caught = next(line for line in status.splitlines() if line.startswith("SigCgt:"))
    return bool(int(caught.split()[1], 16) & 1 << (signal.SIGINT - 1))


def _name(pid: int) -> str:
    return Path(f"/proc/{pid}/comm").read_text().strip()
