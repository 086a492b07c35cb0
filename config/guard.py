"""Stops what ``make run`` started when make itself is interrupted or gone.

Ctrl-C reaches every process of the terminal. A SIGINT that is sent to make
alone reaches nobody else: GNU make then waits for its children without telling
them, and a killed make leaves them behind. So a small process looks after make.
"""

from __future__ import annotations

import os
import re
import signal
import time
from pathlib import Path

_EVERY = 0.3


def guard(leader: int, parent: int) -> None:
    """Fork a process that sends SIGTERM to ``leader`` once its parent, a make, is no longer at work.

    Does nothing where the parent is not make or the system shows no ``/proc``.
    """
    if _name(parent) not in ("make", "gmake") or os.fork() != 0:
        return
    os.setsid()
    # A make in the background of a script ignores SIGINT: then only its end counts.
    at_work = _catches_interrupt if _catches_interrupt(parent) else _name
    while os.getppid() == leader and at_work(parent):
        time.sleep(_EVERY)
    if os.getppid() == leader:
        os.kill(leader, signal.SIGTERM)
    os._exit(0)


def _name(pid: int) -> str:
    """The program's name; empty when there is no such process."""
    return _read(pid, "comm").strip()


def _catches_interrupt(pid: int) -> bool:
    """Whether the process handles SIGINT. GNU make takes its handler away when it has had the signal."""
    caught = re.search(r"^SigCgt:\s*([0-9a-f]+)", _read(pid, "status"), re.MULTILINE)
    return caught is not None and bool(int(caught[1], 16) & 1 << (signal.SIGINT - 1))


def _read(pid: int, what: str) -> str:
    try:
        return Path(f"/proc/{pid}/{what}").read_text()
    except OSError:
        return ""
