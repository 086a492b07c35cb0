"""Reading files that smsd, or anybody else, left in a folder."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsbridge.spool.codec import Fate, SpoolFile, StatusReport, message_ids, parse, status_report
from smsbridge.spool.errors import MalformedFile

NAIROBI = ZoneInfo("Africa/Nairobi")

SENT = b"""\
To: 491721234567
Alphabet: UTF-8
Report: yes
Modem: GSM1
Sent: 26-11-21 00:22:41
Sending_time: 0
Message_id: 1 2 3 .
IMSI: 262021234567890
PDU: 07911326040000F0
PDU: 07911326040000F1
NOTICE: something was dropped: x

Hello: there

and a second paragraph
To: 123
"""


def test_a_sent_file() -> None:
    file = parse(SENT)
    assert file.headers["To"] == "491721234567"
    assert file.headers["Sent"] == "26-11-21 00:22:41"  # colons in a value are kept
    assert file.time("Sent", NAIROBI) == datetime(2026, 11, 20, 21, 22, 41, tzinfo=UTC)
    assert message_ids(file.headers["Message_id"]) == (1, 2, 3)
    assert file.all("PDU") == ["07911326040000F0", "07911326040000F1"]
    assert file.text == "Hello: there\n\nand a second paragraph\nTo: 123\n"
    assert file.intact


TEXTS = {
    "no alphabet, Latin-9": (b"From: 1\n\nGr\xfc\xdfe \xa4", "Grüße €"),
    "no alphabet, UTF-8": ("From: 1\n\nGrüße €".encode(), "Grüße €"),
    "ISO": (b"Alphabet: ISO8859-15\n\n\xa4", "€"),
    "Latin by another name": (b"Alphabet: latin\n\n\xe9", "é"),
    "UTF-8": ("Alphabet: UTF-8\n\nПривет".encode(), "Привет"),
    "UCS2 with an emoji": (b"Alphabet: UCS2\n\n" + "Привет 😀".encode("utf-16-be"), "Привет 😀"),
    "UCS2 with line feeds inside characters": (
        b"Alphabet: UCS-2\n\n" + "a\u010a\u0a0ab".encode("utf-16-be"),
        "a\u010a\u0a0ab",
    ),
    "UCS2 that begins with a line feed": (b"Alphabet: UCS2\n\n" + "\n\u0a0a".encode("utf-16-be"), "\n\u0a0a"),
    "GSM": (b"Alphabet: GSM\n\n\x00 \x1be", "@ €"),
    "binary": (b"Alphabet: binary\n\n\x00\x01\xff", ""),
    "an alphabet nobody knows": (b"Alphabet: klingon\n\nabc", "abc"),
    "empty body": (b"From: 1\nLength: 0\n\n", ""),
    "CR LF in the headers": (b"From: 1\r\nAlphabet: UTF-8\r\n\r\none\r\ntwo", "one\r\ntwo"),
    "a byte order mark": (b"\xef\xbb\xbfTo: 123\n\nabc", "abc"),
    "a blank line of blanks": (b"To: 123\n \t\nabc", "abc"),
    "blank lines in the body": (b"From: 336\n\none\n\n\ntwo", "one\n\n\ntwo"),
    "a line that is no header": (b"To: 123\nwhatever this is\n=?utf-8?b?x: y\n\nabc", "abc"),
}


@pytest.mark.parametrize(("raw", "text"), TEXTS.values(), ids=TEXTS.keys())
def test_reads_the_text_by_its_alphabet(raw: bytes, text: str) -> None:
    assert (parse(raw).text, parse(raw).intact) == (text, True)


DAMAGED = {
    "broken UTF-8": (b"Alphabet: UTF-8\n\nab\xffc", "ab\ufffdc"),
    "odd UCS2": (b"Alphabet: UCS2\n\n\x00a\x00", "a\ufffd"),
    "half a pair in UCS2": (b"Alphabet: UCS2\n\n\xd8\x3d\x00a", "\ufffda"),
    "a NUL, which a database refuses": (b"Alphabet: UCS2\n\n\x00\x00\x00a", "\ufffda"),
}


@pytest.mark.parametrize(("raw", "text"), DAMAGED.values(), ids=DAMAGED.keys())
def test_a_damaged_text_is_read_as_far_as_it_goes(raw: bytes, text: str) -> None:
    assert (parse(raw).text, parse(raw).intact) == (text, False)


def test_the_last_of_a_repeated_header_counts_as_for_smsd() -> None:
    file = parse(b"To: 111\nTo: 222\nto: 333\n\nx")
    assert file.headers == {"To": "222", "to": "333"}
    assert file.all("To") == ["111", "222"]


def test_a_sender_is_read_in_either_encoding() -> None:
    assert parse(b"From: \xc4rzte\n\nx").headers["From"] == "Ärzte"
    assert parse("From: Ärzte\n\nx".encode()).headers["From"] == "Ärzte"


MALFORMED = {
    "nothing": (b"", "empty"),
    "only a byte order mark": (b"\xef\xbb\xbf", "empty"),
    "cut off in its headers": (SENT[:60], "no_blank_line"),
    "a picture": (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\n\nx", "binary_header"),
    "a NUL in a header": (b"From: 1\x0023\n\nx", "binary_header"),
    "a letter to somebody": (b"Dear all\nhow are you\n\nyours", "no_headers"),
    "a blank line first": (b"\nTo: 123\n\nx", "no_headers"),
    "a megabyte of headers": (b"To: 123\n" * 125_000 + b"\nx", "no_blank_line"),
    "a megabyte of one header": (b"To: " + b" " * 1_000_000 + b"\n\nx", "no_blank_line"),
}


@pytest.mark.parametrize(("raw", "code"), MALFORMED.values(), ids=MALFORMED.keys())
def test_what_smsd_cannot_have_written(raw: bytes, code: str) -> None:
    with pytest.raises(MalformedFile) as malformed:
        parse(raw)
    assert malformed.value.code == code


def outcome(raw: bytes) -> SpoolFile | str:
    try:
        return parse(raw)
    except MalformedFile as malformed:
        return malformed.code


@given(
    st.binary()
    | st.binary().map((b"To: 123\nAlphabet: UCS2\n\n").__add__)
    | st.binary().map(SENT[:80].__add__)
)
def test_any_bytes_are_read_storably_or_named(raw: bytes) -> None:
    found = outcome(raw)
    if isinstance(found, str):
        assert found in ("empty", "no_blank_line", "binary_header", "no_headers")
        return
    for text in (found.text, *found.headers, *found.headers.values()):
        assert "\x00" not in text
        assert text.encode("utf-8") is not None
    assert raw.endswith(found.body)


TIMES = {
    "no header": (b"", None),
    "no time": (b"Sent: yesterday\n", None),
    "another format": (b"Sent: 2026-11-21 00:22:41\n", None),
    "the 31st of November": (b"Sent: 26-11-31 00:22:41\n", None),
    "a time": (b"Sent: 26-11-21 03:22:41\n", datetime(2026, 11, 21, 0, 22, 41, tzinfo=UTC)),
}


@pytest.mark.parametrize(("header", "instant"), TIMES.values(), ids=TIMES.keys())
def test_times_are_in_smsds_zone(header: bytes, instant: datetime | None) -> None:
    assert parse(b"To: 123\n" + header + b"\nx").time("Sent", NAIROBI) == instant


def test_a_time_that_comes_twice_is_the_earlier_one() -> None:
    found = parse(b"Sent: 26-10-25 02:30:00\n\nx").time("Sent", ZoneInfo("Europe/Berlin"))
    assert found is not None
    assert found.astimezone(UTC) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


REPORT = b"""\
From: 491721234567
From_SMSC: 491722270333
Sent: 26-11-21 00:24:10
Received: 26-11-21 00:24:12
Subject: GSM1

SMS STATUS REPORT
Message_id: 117
Discharge_timestamp: 26-11-21 00:24:11
Status: 0,Ok,short message received by the SME
"""


def test_a_status_report() -> None:
    assert status_report(parse(REPORT), NAIROBI) == StatusReport(
        message_id=117,
        status=0,
        status_text="Ok,short message received by the SME",
        discharged_at=datetime(2026, 11, 20, 21, 24, 11, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("status", "fate"),
    [(0, Fate.DELIVERED), (2, Fate.DELIVERED), (32, Fate.PENDING), (48, Fate.PENDING), (63, Fate.PENDING),
     (64, Fate.FAILED), (70, Fate.FAILED), (96, Fate.FAILED), (255, Fate.FAILED)],
)  # fmt: skip
def test_a_status_means_a_fate(status: int, fate: Fate) -> None:
    report = status_report(parse(REPORT.replace(b"Status: 0,Ok", b"Status: %d,x" % status)), UTC)
    assert report is not None
    assert report.fate is fate


def test_an_ordinary_message_is_no_report() -> None:
    assert status_report(parse(b"From: 49172\n\nHello\nStatus: 0,Ok"), UTC) is None


BROKEN_REPORTS = {
    "no reference": REPORT.replace(b"Message_id: 117\n", b""),
    "no status": REPORT.replace(b"Status: 0,Ok", b"Status: fine"),
    "two references": REPORT.replace(b"117", b"117 118"),
    "a reference beyond eight bits": REPORT.replace(b"117", b"300"),
    "a status beyond eight bits": REPORT.replace(b"Status: 0", b"Status: 256"),
    "cut off": REPORT[:-60],
}


@pytest.mark.parametrize("raw", BROKEN_REPORTS.values(), ids=BROKEN_REPORTS.keys())
def test_a_broken_report(raw: bytes) -> None:
    with pytest.raises(MalformedFile) as malformed:
        status_report(parse(raw), UTC)
    assert malformed.value.code == "bad_report"


def test_a_report_without_its_time_is_still_one() -> None:
    report = status_report(parse(REPORT.replace(b"26-11-21 00:24:11", b"-")), UTC)
    assert report is not None
    assert report.discharged_at is None


@pytest.mark.parametrize(
    ("value", "ids"),
    [("117", (117,)), ("6 .", (6,)), ("1 2 3 .", (1, 2, 3)), ("255 0 .", (255, 0)), (" 7 ", (7,)),
     ("", ()), (".", ()), ("x", ()), ("256", ()), ("-1", ()), ("1,2", ()), ("１", ()), ("1 2 3 . 4", ())],
)  # fmt: skip
def test_references_come_in_three_forms(value: str, ids: tuple[int, ...]) -> None:
    assert message_ids(value) == ids
