"""Spreadsheet files for tests, good and hostile."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from typing import Any

from openpyxl import Workbook


def csv_file(text: str, encoding: str = "utf-8") -> io.BytesIO:
    return io.BytesIO(text.encode(encoding))


def xlsx_file(*rows: Sequence[Any]) -> io.BytesIO:
    book = Workbook()
    for row in rows:
        book.worksheets[0].append(list(row))
    file = io.BytesIO()
    book.save(file)
    file.seek(0)
    return file


def xlsx_with_sheet(sheet: bytes, **parts: bytes) -> io.BytesIO:
    """A workbook whose first sheet is these bytes; ``parts`` replaces others by name, dots for slashes."""
    return rezipped(xlsx_file(["a"]), {"xl/worksheets/sheet1.xml": sheet, **parts})


def rezipped(file: io.BytesIO, parts: dict[str, bytes]) -> io.BytesIO:
    made = io.BytesIO()
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        names = dict.fromkeys([*old.namelist(), *parts])
        for name in names:
            new.writestr(name, parts[name] if name in parts else old.read(name))
    made.seek(0)
    return made


def sheet_xml(rows: str) -> bytes:
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return (
        f'<?xml version="1.0"?><worksheet xmlns="{space}"><sheetData>{rows}</sheetData></worksheet>'.encode()
    )
