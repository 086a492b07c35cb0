"""Reading spreadsheet files that strangers made: CSV in any common dress, and Excel workbooks.

Rows are read one by one, so a file costs what its longest row costs. What
would take the machine's memory (lines without end, workbooks that unfold to
gigabytes) is refused before it is unfolded. Pure: no Django, no database.
"""

from __future__ import annotations

from typing import BinaryIO

from sheets.reading import delimited, workbook
from sheets.reading.table import CELL_ERROR, MOST_COLUMNS, MOST_ROWS, Table, Unreadable

__all__ = ["CELL_ERROR", "MOST_COLUMNS", "MOST_ROWS", "Table", "Unreadable", "read"]

_OLD_EXCEL = b"\xd0\xcf\x11\xe0"


def read(file: BinaryIO) -> Table:
    """The file's table; what kind of file it is, its first bytes say. Raises Unreadable."""
    head = file.read(4096)
    file.seek(0)
    if not head.strip(b"\x00\t\r\n "):
        raise Unreadable("The file is empty.")
    if head.startswith(b"PK\x03\x04"):
        return workbook.read(file)
    if head.startswith(_OLD_EXCEL):
        raise Unreadable(
            "This is a workbook of an old Excel, or one with a password: save it as .xlsx or CSV."
        )
    return delimited.read(file, head)
