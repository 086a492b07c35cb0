"""What is exported runs nowhere, and comes back as it was."""

from __future__ import annotations

import csv
import io

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sheets.reading import read
from sheets.writing import csv_lines, escaped, unescaped, xlsx_file

TEXT = st.text("=+-@'\t\r\n,;\"abé漢😀 ", max_size=30)


@pytest.mark.parametrize("formula", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "'=1", "''=1"])
def test_no_cell_begins_like_a_formula(formula: str) -> None:
    assert escaped(formula)[0] == "'"


@given(TEXT)
def test_the_apostrophe_comes_off_again(text: str) -> None:
    assert unescaped(escaped(text)) == text


@given(st.lists(st.tuples(TEXT, TEXT), max_size=5))
def test_a_csv_file_holds_what_was_put_into_it(rows: list[tuple[str, str]]) -> None:
    written = b"".join(csv_lines(["a", "b"], rows)).decode("utf-8-sig")
    found = [[unescaped(cell) for cell in row] for row in csv.reader(io.StringIO(written, newline=""))]
    assert found == [["a", "b"], *(list(row) for row in rows)]


def test_a_workbook_s_cells_are_texts_even_those_like_formulas() -> None:
    with xlsx_file(["a", "b"], [["=1+1", "+27820001001"], ["x", ""]]) as file:
        book = openpyxl.load_workbook(file)
        cells = next(iter(book.worksheets[0].iter_rows(min_row=2, max_row=2)))
        assert [(cell.value, cell.data_type, cell.quotePrefix) for cell in cells] == [
            ("=1+1", "s", True),
            ("+27820001001", "s", True),
        ]
        file.seek(0)
        assert [line.cells for line in read(file).rows()] == [["=1+1", "+27820001001"], ["x", ""]]


def test_what_a_workbook_cannot_hold_is_replaced_or_cut() -> None:
    with xlsx_file(["a"], [["bell \x07"], ["x" * 40_000]]) as file:
        assert [len(line.cells[0]) for line in read(file).rows()] == [6, 32_767]
