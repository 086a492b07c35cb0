"""CSV as spreadsheet programs write it: any usual delimiter, UTF-8 or UTF-16, with or without a mark."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from contextlib import suppress
from typing import BinaryIO

from sheets.reading.table import Line, Table, Unreadable

#: Characters of the longest line of text; a row may have several.
LONGEST_LINE = 1_000_000
#: Lines of the longest row: an unclosed quote would otherwise swallow the rest of the file.
MOST_LINES_OF_A_ROW = 2_000
DELIMITERS = ",;\t|"
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def read(file: BinaryIO, head: bytes) -> Table:
    encoding = _encoding(head)
    text = io.TextIOWrapper(file, encoding=encoding, errors="strict", newline="")
    return Table(_rows(text, encoding))


def _encoding(head: bytes) -> str:
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    # UTF-16 without its mark: every other byte of Latin letters and delimiters is zero.
    half = max(1, len(head) // 2)
    if head[1::2].count(0) > half * 0.6:
        return "utf-16-le"
    if head[0::2].count(0) > half * 0.6:
        return "utf-16-be"
    return "utf-8"


def _rows(text: io.TextIOWrapper, encoding: str) -> Iterator[Line]:
    number = 0
    try:
        lines = _Lines(text)
        reader = csv.reader(lines, delimiter=lines.delimiter, strict=True)
        number = lines.skipped
        for cells in reader:
            number += 1
            lines.begin_row()
            yield Line(number, cells)
    except UnicodeDecodeError:
        said = "UTF-8" if encoding.startswith("utf-8") else "UTF-16"
        raise Unreadable(f"This is not {said} text: save the file as “CSV UTF-8”.", number + 1) from None
    except csv.Error as error:
        raise Unreadable(f"The row is not CSV: {error}.", number + 1) from None
    finally:
        # Or it would close the file, which belongs to whoever opened it; and may have been closed by them.
        with suppress(ValueError):
            text.detach()


class _Lines:
    """The lines of the file, none of them endless; the first one decides about the delimiter."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self._of_row = 0
        first = self._read()
        #: Lines that are no rows: Excel's ``sep=;`` in front.
        self.skipped = 0
        if (named := first.strip().lower()).startswith("sep=") and len(named) == 5:
            self.delimiter, self.skipped = named[4], 1
            first = self._read()
        else:
            self.delimiter = _delimiter(first)
        self._first: str | None = first

    def begin_row(self) -> None:
        self._of_row = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line, self._first = (self._first, None) if self._first is not None else (self._read(), None)
        if not line:
            raise StopIteration
        self._of_row += 1
        if self._of_row > MOST_LINES_OF_A_ROW:
            raise csv.Error("a quotation mark is not closed")
        return line

    def _read(self) -> str:
        line = self._text.readline(LONGEST_LINE)
        if len(line) >= LONGEST_LINE:
            raise csv.Error(f"a line has more than {LONGEST_LINE:,} characters")
        return line


def _delimiter(line: str) -> str:
    """The one that the header has most of, outside quotation marks."""
    outside = "".join(line.split('"')[::2])
    return max(DELIMITERS, key=outside.count)
