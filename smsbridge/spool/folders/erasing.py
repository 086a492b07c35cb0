"""Removing files: somebody's, told by name or by the number in their headers, or a whole day's."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator
from contextlib import suppress

#: Headers are at the beginning, and short.
_BEGINNING = 8192
_NUMBER = re.compile(rb"^(?:From|To):[ \t]*\+?([0-9]{4,20})[ \t\r]*$", re.MULTILINE)
#: What the archive puts behind a name that was there already.
_AGAIN = re.compile(r"\.[0-9]+\Z")


def erase_in(folder: str, *, names: Collection[str], numbers: Collection[str]) -> int:
    """Remove the files with one of these names, and those to or from one of these numbers; how many.

    Names cost one look each; numbers cost reading the beginning of every file.
    """
    erased = 0
    for path in _wanted(folder, names, numbers):
        with suppress(FileNotFoundError):
            os.unlink(path)
            erased += 1
    return erased


def remove_tree(folder: str, most: int) -> int:
    """Remove a folder with its files, at most ``most`` of them; how many. Links are not followed."""
    removed = 0
    with suppress(FileNotFoundError):
        with os.scandir(folder) as entries:
            for entry in entries:
                if removed >= most:
                    return removed
                if entry.is_dir(follow_symlinks=False):
                    removed += remove_tree(entry.path, most - removed)
                else:
                    with suppress(FileNotFoundError):
                        os.unlink(entry.path)
                        removed += 1
        if removed < most:
            os.rmdir(folder)
    return removed


def _wanted(folder: str, names: Collection[str], numbers: Collection[str]) -> Iterator[str]:
    try:
        entries = list(os.scandir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return
    for entry in entries:
        if not entry.is_file(follow_symlinks=False):
            continue
        if _AGAIN.sub("", entry.name) in names or (numbers and _number_in(entry.path) & set(numbers)):
            yield entry.path


def _number_in(path: str) -> set[str]:
    with suppress(OSError), open(path, "rb") as file:
        return {found.decode() for found in _NUMBER.findall(file.read(_BEGINNING))}
    return set()
