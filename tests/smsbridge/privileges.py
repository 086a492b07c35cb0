"""Being an ordinary user for a moment: root is refused nothing, so permissions cannot be tested as root."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NOBODY = 65534


@contextmanager
def ordinary_user() -> Iterator[None]:
    """Without root's rights inside; whoever runs the tests otherwise stays who they are."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@contextmanager
def ordinary_folder() -> Iterator[Path]:
    """A new folder of that ordinary user's, which it can reach (pytest's own are closed to others)."""
    folder = Path(tempfile.mkdtemp(prefix="switchboard-spool-"))
    if os.geteuid() == 0:
        os.chown(folder, NOBODY, NOBODY)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)
