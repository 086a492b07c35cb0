"""A table that is read row by row, and what may be wrong with a file as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

MOST_COLUMNS = 100
MOST_ROWS = 250_000
#: Stands for a cell that a spreadsheet shows as #N/A, #REF! and the like. No stored text has a NUL.
CELL_ERROR = "\x00#"


class Unreadable(Exception):
    """The file cannot be read, or not beyond ``row``. The message is for people and holds no content."""

    def __init__(self, reason: str, row: int | None = None) -> None:
        super().__init__(reason)
        self.reason, self.row = reason, row


@dataclass(frozen=True)
class Line:
    """The cells of one row; ``number`` is what the spreadsheet calls it, the header being 1."""

    number: int
    cells: list[str]


class Table:
    """A header and the rows after it, each as long as the header; blank rows are passed over."""

    def __init__(self, lines: Iterator[Line]) -> None:
        first = next((line for line in lines if any(cell.strip() for cell in line.cells)), None)
        if first is None:
            raise Unreadable("The file is empty.")
        self.header = [cell.strip() for cell in _without_end(first.cells)]
        _check_header(self.header, first.number)
        self._lines = lines

    def rows(self) -> Iterator[Line]:
        """Once. Raises Unreadable where the file breaks."""
        width = len(self.header)
        for count, line in enumerate(self._lines, start=1):
            if count > MOST_ROWS:
                raise Unreadable(f"More than {MOST_ROWS:,} rows: divide the file.", line.number)
            if not any(cell.strip() for cell in line.cells):
                continue
            if any(line.cells[width:]):
                raise Unreadable("The row has more cells than the header.", line.number)
            yield Line(line.number, [*line.cells[:width], *[""] * (width - len(line.cells))])


def _without_end(cells: list[str]) -> list[str]:
    """The cells without the empty ones at the end, which spreadsheets like to add."""
    filled = [index for index, cell in enumerate(cells) if cell.strip()]
    return cells[: filled[-1] + 1] if filled else []


def _check_header(header: list[str], row: int) -> None:
    if len(header) > MOST_COLUMNS:
        raise Unreadable(f"{len(header)} columns, more than {MOST_COLUMNS}.", row)
    if "" in header:
        raise Unreadable(f"Column {header.index('') + 1} has no name in the first row.", row)
    if twice := sorted({name for name in header if header.count(name) > 1}):
        raise Unreadable(f"Two columns have the same name: {twice[0][:100]}.", row)
