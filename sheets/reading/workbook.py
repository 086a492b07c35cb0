"""Excel workbooks (.xlsx): the first sheet, read as a stream, and only after a look at what would unfold."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any, BinaryIO

import openpyxl

from sheets.reading.table import CELL_ERROR, MOST_COLUMNS, Line, Table, Unreadable

#: Bytes, unfolded: the rows of a sheet, the texts they share, and each other part of the workbook.
SHEET_MOST, TEXTS_MOST, PART_MOST = 200_000_000, 50_000_000, 5_000_000
PARTS_MOST = 1_000
#: Bytes of one row. Rows are kept one at a time, so this is what a sheet costs.
ROW_MOST = 2_000_000
_ROW_END = b"</row>"
_BLOCK = 1 << 16
_NOT_READABLE = "This is not a workbook that can be read: save it again as .xlsx, or as CSV."


def read(file: BinaryIO) -> Table:
    """The first sheet. Raises Unreadable, also for what would unfold to far more than any list has."""
    try:
        _check_parts(file)
        file.seek(0)
        book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
        sheet = book.worksheets[0]
        sheet.reset_dimensions()
    except Unreadable:
        raise
    except Exception:  # noqa: BLE001 - whatever a hostile file makes the library raise, it cannot be read
        raise Unreadable(_NOT_READABLE) from None
    return Table(_rows(sheet))


def _check_parts(file: BinaryIO) -> None:
    with zipfile.ZipFile(file) as archive:
        parts = archive.infolist()
        if "xl/workbook.xml" not in archive.namelist():
            raise Unreadable(_NOT_READABLE)
        if len(parts) > PARTS_MOST or any(part.file_size > _most(part.filename) for part in parts):
            raise Unreadable("The workbook unfolds to more than a list of this size needs.")
        for part in parts:
            if _is_sheet(part.filename):
                _check_rows(archive, part)


def _is_sheet(name: str) -> bool:
    return name.startswith("xl/worksheets/") and name.endswith(".xml")


def _most(name: str) -> int:
    if _is_sheet(name):
        return SHEET_MOST
    return TEXTS_MOST if name == "xl/sharedStrings.xml" else PART_MOST


def _check_rows(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    """Read the sheet once, block by block, to see that it comes in rows of a reasonable size.

    (A part never unfolds to more than the size it declares: ``zipfile`` stops there.)
    """
    since, tail = 0, b""
    with archive.open(part) as stream:
        while block := stream.read(_BLOCK):
            found = (tail + block).rfind(_ROW_END)
            since = len(tail + block) - found if found >= 0 else since + len(block)
            if since > ROW_MOST:
                raise Unreadable("A row of the workbook is too large.")
            tail = block[-len(_ROW_END) + 1 :]


def _rows(sheet: Any) -> Iterator[Line]:
    number = 0
    try:
        # One more than is taken, so that a wider sheet is noticed.
        for number, cells in enumerate(sheet.iter_rows(max_col=MOST_COLUMNS + 1), start=1):
            yield Line(number, _without_end([_text(cell) for cell in cells]))
    except Exception:  # noqa: BLE001 - see above
        raise Unreadable(_NOT_READABLE, number + 1) from None


def _without_end(cells: list[str]) -> list[str]:
    while cells and not cells[-1]:
        cells.pop()
    return cells


def _text(cell: Any) -> str:
    """The cell as one would write it into a CSV file."""
    if cell.data_type == "e":
        return CELL_ERROR
    match cell.value:
        case None:
            return ""
        case bool() as value:
            return str(value).lower()
        case float() as value if value.is_integer():
            return str(int(value))
        case datetime() | date() | time() as value:
            return value.isoformat()
        case value:
            return str(value)
