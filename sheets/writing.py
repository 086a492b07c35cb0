"""Writing spreadsheet files that nobody's program runs as formulas.

A spreadsheet takes a cell that begins with ``=``, ``+``, ``-`` or ``@`` for a
formula and would run what somebody wrote into their name. In CSV such a cell
gets an apostrophe in front, which spreadsheets know as "this is text"; in a
workbook it is marked as text. ``unescaped`` takes the apostrophe off again, so
an export that is imported changes nothing.
"""

from __future__ import annotations

import csv
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from typing import IO

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

CSV_TYPE = "text/csv; charset=utf-8"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#: Excel's limit for one cell.
CELL_MOST = 32_767
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_ESCAPED = re.compile(r"'+[=+\-@\t\r]")


def escaped(text: str) -> str:
    """The text as a CSV cell that no spreadsheet runs."""
    return f"'{text}" if _FORMULA.match(text) else text


def unescaped(text: str) -> str:
    """The text again, from a cell that ``escaped`` wrote."""
    return text[1:] if _ESCAPED.match(text) else text


class _Echo:
    """Lets ``csv`` give its lines away instead of writing them."""

    def write(self, line: str) -> str:
        return line


def csv_lines(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[bytes]:
    """A CSV file line by line: UTF-8 with a byte order mark, by which Excel knows it."""
    writer = csv.writer(_Echo())
    yield b"\xef\xbb\xbf" + _line(writer, header)
    for row in rows:
        yield _line(writer, row)


def _line(writer: object, row: Sequence[str]) -> bytes:
    return writer.writerow([escaped(cell) for cell in row]).encode()  # type: ignore[attr-defined] # csv's own type has no name


def xlsx_file(header: Sequence[str], rows: Iterable[Sequence[str]]) -> IO[bytes]:
    """A workbook in a temporary file, written row by row; open, at its beginning."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Sheet1")
    sheet.append([_cell(sheet, name) for name in header])
    for row in rows:
        sheet.append([_cell(sheet, text) for text in row])
    file = tempfile.TemporaryFile()  # noqa: SIM115 - whoever asked for it closes it
    book.save(file)
    file.seek(0)
    return file


def _cell(sheet: object, text: str) -> WriteOnlyCell:
    cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("\N{REPLACEMENT CHARACTER}", text)[:CELL_MOST])
    cell.data_type = "s"
    if _FORMULA.match(text):
        cell.quotePrefix = True
    return cell
