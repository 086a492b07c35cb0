"""Started processes look for cycles seldom, and only among what came after their start."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from config.garbage import YOUNG

ROOT = Path(__file__).resolve().parents[2]
_WEB = "import config.wsgi"
_WORKER = "import config.celery, celery.signals; celery.signals.worker_before_create_process.send(None)"
_TOLD = "import gc; print(gc.isenabled(), gc.get_freeze_count() > 10_000, gc.get_threshold()[0])"


@pytest.mark.parametrize("start", [_WEB, _WORKER], ids=["web", "worker"])
def test_what_a_start_has_loaded_is_not_walked_again(tmp_path: Path, start: str):
    environment = {"PATH": os.environ["PATH"], "VAR_DIR": str(tmp_path), "ENV_FILE": ""}
    told = subprocess.run(
        [sys.executable, "-c", f"{start}; {_TOLD}"], cwd=ROOT, env=environment,
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert told.split() == ["True", "True", str(YOUNG)]
