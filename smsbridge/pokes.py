"""The eventhandler's poke: a file in the spool that says "something is finished".

It carries nothing; whoever takes it looks for the files itself. A poke that
is lost costs only time, because collecting also happens at intervals.
"""

from __future__ import annotations

import os

from smsbridge.spool.folders import Spool

#: As the eventhandler writes it.
NAME = ".poke"


def take(spool: Spool) -> bool:
    """Whether there was a poke since the last time.

    It is removed before one looks for files, so one that comes meanwhile is
    seen the next time. The file is never opened: it may be anything.
    """
    try:
        os.unlink(spool.path(NAME))
    except OSError:
        return False
    return True
