"""The outgoing file, read back by smsd's rules."""

from __future__ import annotations

import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsbridge.spool.alphabet import is_gsm, trimmed
from smsbridge.spool.codec import parse, render
from smsbridge.spool.errors import Refused
from tests.smsbridge import smsd_rules

PRINTABLE = "".join(map(chr, range(0x20, 0x7F)))


def test_a_plain_message() -> None:
    assert render(to="+491721234567", text="Hello") == (
        b"To: 491721234567\nAlphabet: UTF-8\nReport: no\n\nHello"
    )


def test_everything_at_once() -> None:
    raw = render(
        to="+491721234567", text="Hello", report=True, flash=True, priority=True,
        validity=60, queue="D1", sender="clinic", own={"X-Programme": "first steps"},
    )  # fmt: skip
    headers, body = smsd_rules.read(raw)
    assert headers == {
        "To": "491721234567", "Alphabet": "UTF-8", "Report": "yes", "Flash": "yes", "Priority": "high",
        "Validity": "60 min", "Queue": "D1", "From": "clinic",
    }  # fmt: skip
    assert b"\nX-Programme: first steps\n" in raw
    assert body == b"Hello"


BODIES = {
    "GSM letters and the euro sign": ("Grüße €", "UTF-8", "Grüße €".encode()),
    "a currency sign, which smsd would send as a euro": ("1¤@", "GSM", b"1\x24\x00"),
    "a letter beyond GSM": ("č", "UCS2", b"\x01\x0d"),
    "an emoji": ("ok 😀 done", "UCS2", "ok 😀 done".encode("utf-16-be")),
    "line ends within": ("one\r\n\r\ntwo", "UTF-8", b"one\r\n\r\ntwo"),
    "blanks at the end": ("hello \n ", "UTF-8", b"hello"),
    "only a blank": (" ", "UTF-8", b" "),
    "a foreign blank at the end": ("hello\u2003", "UCS2", "hello\u2003".encode("utf-16-be")),
    "a header in the text": ("To: 123\nInclude: /etc/passwd", "UTF-8", b"To: 123\nInclude: /etc/passwd"),
    "a blank line first": ("\n\nhello", "UTF-8", b"\n\nhello"),
}


@pytest.mark.parametrize(("text", "alphabet", "body"), BODIES.values(), ids=BODIES.keys())
def test_the_body_and_its_alphabet(text: str, alphabet: str, body: bytes) -> None:
    headers, read = smsd_rules.read(render(to="4912345", text=text))
    assert (headers["Alphabet"], read) == (alphabet, body)


@pytest.mark.parametrize(
    ("given", "dialled"),
    [
        ("+491721234567", "491721234567"),
        ("491721234567", "491721234567"),
        ("s12345", "s12345"),
        ("s+123", "123"),
    ],
)
def test_numbers_are_written_as_smsd_wants_them(given: str, dialled: str) -> None:
    headers, _ = smsd_rules.read(render(to=given, text="x"))
    assert headers["To"] == smsd_rules.number(headers["To"]) == dialled


BAD_NUMBERS = [
    "", "12", "+", "s", "1" * 21, "+49 172 1234", "49172-1234", "+4917\n", "\n+49172", "+49172\nFlash: yes",
    "٣٤٥٦٧", "１２３４５", "4917x99", "abc+4917", "tel:+4917", "*100#", "+49172\x00", "++49172", "+s49172",
    "\ud83d123",
]  # fmt: skip


@pytest.mark.parametrize("number", BAD_NUMBERS)
def test_anything_else_is_no_number(number: str) -> None:
    with pytest.raises(Refused) as refused:
        render(to=number, text="x")
    assert refused.value.code == "bad_number"
    assert not number.strip("\n+s*") or number not in refused.value.detail


BAD_OPTIONS: list[dict[str, Any]] = [
    {"queue": "D1\nFlash: yes"}, {"queue": "D1\n\nx"}, {"queue": "D 1"}, {"queue": "x" * 33}, {"queue": "ü"},
    {"queue": "D1\n"}, {"sender": "clinic\nInclude: /etc/passwd"}, {"sender": "clinic\r"},
    {"sender": " clinic"}, {"sender": "x" * 201}, {"sender": "Ärzte"}, {"sender": "a\x00b"},
    {"validity": 4}, {"validity": 635_041},
    {"validity": -60}, {"own": {"Flash": "yes"}}, {"own": {"X-": "yes"}}, {"own": {"X-A:": "yes"}},
    {"own": {"X-A\nFlash": "yes"}}, {"own": {"X-A": "yes\nFlash: yes"}}, {"own": {"X-A": ""}},
    {"own": {"x-a": "smsd knows the case"}},
]  # fmt: skip


@pytest.mark.parametrize("options", BAD_OPTIONS, ids=repr)
def test_no_value_can_bring_in_another_header(options: dict[str, Any]) -> None:
    with pytest.raises(Refused) as refused:
        render(to="+491721234567", text="x", **options)
    assert refused.value.code == "bad_option"


@pytest.mark.parametrize(
    ("text", "code"), [("", "empty"), ("a\x00b", "bad_characters"), ("\ud83d", "bad_characters")]
)
def test_a_text_that_cannot_be_sent(text: str, code: str) -> None:
    with pytest.raises(Refused) as refused:
        render(to="+491721234567", text=text)
    assert refused.value.code == code


TEXTS = st.text(st.characters(exclude_categories=("Cc", "Cs")) | st.sampled_from("\n\r:€¤@")).filter(bool)
VALUES = st.text(PRINTABLE, min_size=1, max_size=200).map(str.strip).filter(bool)


@given(
    to=st.from_regex(r"s?\+?[0-9]{3,20}", fullmatch=True),
    text=TEXTS,
    report=st.booleans(),
    flash=st.booleans(),
    priority=st.booleans(),
    validity=st.none() | st.integers(5, 635_040),
    queue=st.just("") | st.text(string.ascii_letters + string.digits + "_.-", min_size=1, max_size=32),
    sender=st.just("") | VALUES,
    own=st.dictionaries(st.from_regex(r"X-[A-Za-z0-9-]{1,40}", fullmatch=True), VALUES, max_size=3),
)
def test_smsd_reads_exactly_what_was_meant(
    to: str, text: str, report: bool, flash: bool, priority: bool, validity: int | None, queue: str,
    sender: str, own: dict[str, str],
) -> None:  # fmt: skip
    raw = render(
        to=to, text=text, report=report, flash=flash, priority=priority, validity=validity, queue=queue,
        sender=sender, own=own,
    )  # fmt: skip
    meant = {
        "To": to.replace("+", "") if "+" not in to[1:] else to[2:],
        "Alphabet": ("GSM" if "¤" in text else "UTF-8") if is_gsm(trimmed(text)) else "UCS2",
        "Report": "yes" if report else "no",
        "Flash": "yes" if flash else None,
        "Priority": "high" if priority else None,
        "Validity": f"{validity} min" if validity is not None else None,
        "Queue": queue or None,
        "From": sender or None,
    }
    headers, body = smsd_rules.read(raw)
    assert headers == {name: value for name, value in meant.items() if value is not None}
    assert smsd_rules.text(headers, body) == trimmed(text)
    # And our own reader agrees with smsd's rules.
    assert dict(parse(raw).headers) == headers | own
    assert parse(raw).text == trimmed(text)


GOOD = {"to": "+491721234567", "queue": "D1", "sender": "clinic", "name": "X-Own", "value": "one"}
HOSTILE = st.text(st.sampled_from("\n\r:+ \x00\x1f/Includ-Tox1") | st.characters(), max_size=30)


@given(
    st.sampled_from(sorted(GOOD)), HOSTILE | HOSTILE.map("X-".__add__) | HOSTILE.map("491721234567".__add__)
)
def test_whatever_a_value_no_further_header_gets_in(victim: str, value: str) -> None:
    values = GOOD | {victim: value}
    try:
        raw = render(text="x", own={values.pop("name"): values.pop("value")}, **values)
    except Refused:
        return
    headers, body = smsd_rules.read(raw)
    assert set(headers) <= {"To", "Alphabet", "Report", "Queue", "From"}
    assert (headers["Alphabet"], headers["Report"], body) == ("UTF-8", "no", b"x")
