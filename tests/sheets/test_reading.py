"""Files that people and their programs make are read; files that would break something are refused."""

from __future__ import annotations

import io
import zipfile
from contextlib import suppress
from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sheets.reading import CELL_ERROR, Unreadable, delimited, read, table, workbook
from tests.sheets.files import csv_file, rezipped, sheet_xml, xlsx_file, xlsx_with_sheet

pytestmark = pytest.mark.fault("F33")


def rows(file: Any) -> tuple[list[str], list[tuple[int, list[str]]]]:
    found = read(file)
    return found.header, [(line.number, line.cells) for line in found.rows()]


def refused(file: Any) -> tuple[str, int | None]:
    with pytest.raises(Unreadable) as caught:
        rows(file)
    return caught.value.reason, caught.value.row


PEOPLE = "name,number\nÉlodie,+33639980102\n"
READ = (["name", "number"], [(2, ["Élodie", "+33639980102"])])


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"], ids=lambda name: name
)
def test_every_encoding_that_spreadsheets_write_is_read(encoding: str) -> None:
    assert rows(csv_file(PEOPLE, encoding)) == READ


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_every_usual_delimiter_is_read(delimiter: str) -> None:
    assert rows(csv_file(PEOPLE.replace(",", delimiter))) == READ


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_line_end_is_read(end: str) -> None:
    assert rows(csv_file(PEOPLE.replace("\n", end))) == READ


def test_a_delimiter_named_in_front_wins() -> None:
    assert rows(csv_file("sep=;\nname;a,b,c,d\nx;1\n")) == (["name", "a,b,c,d"], [(3, ["x", "1"])])


def test_a_cell_holds_lines_quotes_and_delimiters() -> None:
    assert rows(csv_file('text,n\n"one\ntwo, ""three""",1\n')) == (
        ["text", "n"],
        [(2, ['one\ntwo, "three"', "1"])],
    )


def test_blank_rows_are_passed_over_and_keep_their_numbers() -> None:
    assert rows(csv_file("a,b\n,\n\n1,2\n  ,\n")) == (["a", "b"], [(4, ["1", "2"])])


def test_short_rows_are_filled_and_empty_cells_at_the_end_are_nothing() -> None:
    assert rows(csv_file("a,b,,\n1\n1,2,,,,\n")) == (["a", "b"], [(2, ["1", ""]), (3, ["1", "2"])])


def test_a_workbook_is_read_with_its_dates_and_numbers_as_text() -> None:
    file = xlsx_file(
        ["name", "number", "day", "at", "ok", "half"],
        ["Élodie", 27820001001, date(2026, 3, 1), datetime.fromisoformat("2026-03-01T08:00"), True, 0.5],
    )
    expected = ["Élodie", "27820001001", "2026-03-01T00:00:00", "2026-03-01T08:00:00", "true", "0.5"]
    assert rows(file)[1] == [(2, expected)]


def test_what_a_formula_last_gave_is_read_and_an_error_is_marked() -> None:
    cells = '<row r="1"><c r="A1" t="inlineStr"><is><t>a</t></is></c></row>'
    cells += (
        '<row r="2"><c r="A2"><f>1+1</f><v>2</v></c></row><row r="3"><c r="A3" t="e"><v>#REF!</v></c></row>'
    )
    assert rows(xlsx_with_sheet(sheet_xml(cells)))[1] == [(2, ["2"]), (3, [CELL_ERROR])]


def test_a_workbook_s_missing_rows_keep_the_numbers_right() -> None:
    cells = '<row r="1"><c r="A1" t="inlineStr"><is><t>a</t></is></c></row>'
    cells += '<row r="5"><c r="A5"><v>7</v></c></row>'
    assert rows(xlsx_with_sheet(sheet_xml(cells)))[1] == [(5, ["7"])]


# --- What is refused -----------------------------------------------------------------------


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf", b" ,\n , \n"])
def test_an_empty_file_is_refused(content: bytes) -> None:
    assert refused(io.BytesIO(content)) == ("The file is empty.", None)


def test_an_old_workbook_is_refused_with_what_to_do() -> None:
    assert "save it as .xlsx or CSV" in refused(io.BytesIO(b"\xd0\xcf\x11\xe0" + b"\x00" * 600))[0]


def test_text_in_an_old_encoding_is_refused_at_its_row() -> None:
    reason, row = refused(csv_file("name\nAnna\nÉlodie\n", "latin-1"))
    assert reason == "This is not UTF-8 text: save the file as “CSV UTF-8”."
    assert row in (1, 2, 3)


def test_two_hundred_columns_are_refused() -> None:
    header = ",".join(f"c{number}" for number in range(200))
    assert refused(csv_file(header + "\n1\n")) == ("200 columns, more than 100.", 1)
    assert refused(xlsx_file([f"c{number}" for number in range(200)]))[0] == "101 columns, more than 100."


def test_a_header_with_a_hole_or_a_name_twice_is_refused() -> None:
    assert refused(csv_file("a,,b\n")) == ("Column 2 has no name in the first row.", 1)
    assert refused(csv_file("a,b,a\n")) == ("Two columns have the same name: a.", 1)


def test_a_row_longer_than_the_header_is_refused_at_its_number() -> None:
    assert refused(csv_file("a,b\n1,2\n1,2,3\n")) == ("The row has more cells than the header.", 3)


def test_more_rows_than_are_taken_are_refused(monkeypatch) -> None:
    monkeypatch.setattr(table, "MOST_ROWS", 2)
    assert refused(csv_file("a\n1\n2\n3\n")) == ("More than 2 rows: divide the file.", 4)


def test_a_line_without_end_is_refused_before_it_is_read(monkeypatch) -> None:
    monkeypatch.setattr(delimited, "LONGEST_LINE", 50)
    assert "a line has more than 50 characters" in refused(csv_file("a\n" + "x" * 100))[0]


def test_a_quotation_mark_that_is_never_closed_does_not_swallow_the_file(monkeypatch) -> None:
    monkeypatch.setattr(delimited, "MOST_LINES_OF_A_ROW", 10)
    assert "a quotation mark is not closed" in refused(csv_file('a\n"x\n' + "y\n" * 50))[0]


def test_a_cell_larger_than_csv_allows_is_refused() -> None:
    assert "field larger than field limit" in refused(csv_file("a\n" + "x" * 140_000 + "\n"))[0]


@pytest.mark.parametrize("garbage", [b"PK\x03\x04", b"PK\x03\x04" + b"x" * 500])
def test_a_broken_archive_is_no_workbook(garbage: bytes) -> None:
    assert refused(io.BytesIO(garbage))[0] == workbook._NOT_READABLE


def test_an_archive_of_other_things_is_no_workbook() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
    file.seek(0)
    assert refused(file)[0] == workbook._NOT_READABLE


def test_a_bomb_of_zeros_is_refused_before_it_unfolds() -> None:
    bomb = xlsx_with_sheet(sheet_xml("<row>" + "0" * 3_000_000 + "</row>"))
    assert len(bomb.getvalue()) < 20_000
    assert refused(bomb)[0] == "A row of the workbook is too large."


@pytest.mark.parametrize("part", ["xl/styles.xml", "xl/workbook.xml", "xl/theme/theme1.xml"])
def test_a_bomb_in_another_part_is_refused(part: str) -> None:
    bomb = rezipped(xlsx_file(["a"]), {part: b"<x>" + b" " * 6_000_000 + b"</x>"})
    assert refused(bomb)[0] == "The workbook unfolds to more than a list of this size needs."


def test_a_bomb_of_shared_texts_is_refused(monkeypatch) -> None:
    monkeypatch.setattr(workbook, "TEXTS_MOST", 1000)
    bomb = rezipped(xlsx_file(["a"]), {"xl/sharedStrings.xml": b" " * 2000})
    assert refused(bomb)[0] == "The workbook unfolds to more than a list of this size needs."


def test_thousands_of_parts_are_refused() -> None:
    crowd = rezipped(xlsx_file(["a"]), {f"xl/media/{number}.png": b"" for number in range(1100)})
    assert refused(crowd)[0] == "The workbook unfolds to more than a list of this size needs."


def test_entities_that_multiply_are_not_unfolded() -> None:
    laughs = (
        b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><worksheet>&b;</worksheet>'
    )
    assert refused(xlsx_with_sheet(laughs))[0] == workbook._NOT_READABLE


def test_a_sheet_that_says_it_has_a_million_rows_is_read_as_it_is() -> None:
    sheet = sheet_xml('<row r="1"><c r="A1"><v>1</v></c></row>').replace(
        b"<sheetData>", b'<dimension ref="A1:XFD1048576"/><sheetData>'
    )
    assert rows(xlsx_with_sheet(sheet)) == (["1"], [])


@given(st.binary(max_size=400))
def test_whatever_the_bytes_are_they_are_read_or_refused(content: bytes) -> None:
    for start in (b"", b"PK\x03\x04", b"\xff\xfe", b"\xef\xbb\xbf"):
        with suppress(Unreadable):
            list(read(io.BytesIO(start + content)).rows())
