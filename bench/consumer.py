"""Empties a directory as fast as it can: ``python -m bench.consumer DIRECTORY COUNTFILE``.

Knows nothing of the program. Removes every file whose name does not begin
with a dot, and keeps writing how many different names it has seen, and how
many files, into COUNTFILE.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

PAUSE = 0.02


def main(directory: str, count_file: Path) -> None:
    names: set[str] = set()
    files = 0
    folder = os.open(directory, os.O_RDONLY)
    while True:
        with os.scandir(folder) as entries:
            found = [entry.name for entry in entries if entry.name[0] != "."]
        taken = [name for name in found if _removed(name, folder)]
        if not taken:
            time.sleep(PAUSE)
            continue
        names.update(taken)
        files += len(taken)
        count_file.with_suffix(".new").write_text(f"{len(names)} {files}")
        count_file.with_suffix(".new").rename(count_file)


def _removed(name: str, folder: int) -> bool:
    """False for a name that a file system in memory has listed twice while files were renamed."""
    try:
        os.unlink(name, dir_fd=folder)
    except FileNotFoundError:
        return False
    return True


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
