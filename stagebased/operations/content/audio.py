"""Copies of recordings for a telephone platform that plays them from a folder of its own."""

from __future__ import annotations

import logging
import os
import shutil
from pathlib import Path, PurePosixPath

from stagebased.models import BinaryContent

logger = logging.getLogger(__name__)


def copy_audio(*, folder: Path) -> int:
    """Copy the audio files that are not in the folder yet; how many were copied.

    A file keeps its name, which never stands for other content, and appears
    under it only when it is whole. Nothing is removed. A file that is lost
    here is passed over and logged. Raises OSError when the folder cannot be written.
    """
    there = {entry.name for entry in os.scandir(folder)}
    copied = 0
    for record in BinaryContent.objects.filter(content_type__startswith="audio/", replaced_at=None):
        name = PurePosixPath(record.content.name or "").name
        if name not in there:
            copied += _copy(record, folder / name)
    return copied


def _copy(record: BinaryContent, place: Path) -> bool:
    draft = place.with_name(f".{place.name}.{os.getpid()}")
    try:
        source = record.content.open("rb")
    except FileNotFoundError:
        logger.warning("audio file %s is lost, it cannot be copied", record.pk)
        return False
    try:
        with source, draft.open("wb") as target:
            shutil.copyfileobj(source, target)
        draft.replace(place)
    finally:
        draft.unlink(missing_ok=True)
    return True
