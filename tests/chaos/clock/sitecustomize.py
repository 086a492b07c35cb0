"""Sets this process's clock as ``CLOCK_OFFSET_FILE`` says: so many seconds from the real time.

Python runs it at the start of every program that has this folder on its path.
The steady clock (``time.monotonic``) is left alone, as an operating system does.
"""

import os
import threading
import time
from pathlib import Path

import time_machine

file = Path(os.environ["CLOCK_OFFSET_FILE"])
traveller = time_machine.travel(time.time(), tick=True).start()
real = time_machine.escape_hatch.time.time


def follow() -> None:
    offset = 0.0
    while True:
        try:
            wanted = float(file.read_text())
        except (OSError, ValueError):
            wanted = offset
        if wanted != offset:
            offset = wanted
            traveller.move_to(real() + offset, tick=True)
        time.sleep(0.5)


def start() -> None:
    threading.Thread(target=follow, daemon=True).start()


# Threads do not survive a fork: Celery's pool processes need their own.
os.register_at_fork(after_in_child=start)
start()
