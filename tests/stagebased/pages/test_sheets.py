"""A set's texts go in and out as spreadsheets; what comes in is a draft first."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from sheets.models import Import
from sheets.operations import NotPossible, bring, confirm, work
from sheets.reading import read
from sheets.writing import csv_lines
from stagebased.models import Message, MessageSet, Welcome
from stagebased.operations import content
from stagebased.operations.content import Place
from tests.stagebased.pages.conftest import address

Check = Callable[..., Import]


@pytest.fixture
def two(make_set) -> MessageSet:
    made = make_set("two", {1: {"eng_ZA": "Hello", "zul_ZA": "Sawubona"}, 2: {"eng_ZA": "Eat well"}})
    Welcome.objects.create(messageset=made, lang="eng_ZA", text_content="Welcome!")
    return made


@pytest.fixture
def check(staff) -> Check:
    def make(message_set: MessageSet, header: list[str], *rows: list[str]) -> Import:
        file = SimpleUploadedFile("texts.csv", b"".join(csv_lines(header, rows)))
        job = bring(kind_name="texts", subject=str(message_set.pk), file=file, user=staff)
        work(import_id=job.pk)
        job.refresh_from_db()
        return job

    return make


@pytest.fixture
def load(check, staff) -> Check:
    def make(*args) -> Import:
        job = check(*args)
        confirm(import_id=job.pk, user=staff)
        work(import_id=job.pk)
        job.refresh_from_db()
        assert job.state == "done"
        return job

    return make


LONG = ["stage", "lang", "text"]


def counts(job: Import) -> tuple[int, int, int, int]:
    assert job.state in ("checked", "done"), job.problem
    return job.new, job.changed, job.unchanged, job.faulty


def faults(job: Import) -> list[str]:
    return [str(fault) for fault in job.faults.order_by("line", "pk")]


def drafts(message_set: MessageSet) -> dict[str, str]:
    rows = message_set.drafts.order_by("sequence_number", "lang")
    return {f"{row.sequence_number} {row.lang}": row.text_content for row in rows}


def test_texts_come_in_as_drafts_and_are_sent_when_published(load, two, staff) -> None:
    job = load(
        two, LONG, ["1", "eng_ZA", "Hello mama"], ["2", "zul_ZA", "Yidla"], ["1", "zul_ZA", "Sawubona"]
    )
    assert counts(job) == (1, 1, 1, 0)
    assert drafts(two) == {"1 eng_ZA": "Hello mama", "2 zul_ZA": "Yidla"}
    assert {draft.updated_by for draft in two.drafts.all()} == {staff}
    assert Message.objects.get(sequence_number=1, lang="eng_ZA").text_content == "Hello"
    content.publish(message_set_id=two.pk)
    assert Message.objects.get(sequence_number=2, lang="zul_ZA").text_content == "Yidla"


def test_a_column_for_each_language_is_understood(load, two) -> None:
    job = load(
        two, ["Stage", "eng_ZA", "zul_ZA"], ["welcome", "Welcome!", "Siyakwamukela"], ["2", "", "Yidla"]
    )
    assert counts(job) == (2, 0, 1, 0)
    assert drafts(two) == {"0 zul_ZA": "Siyakwamukela", "2 zul_ZA": "Yidla"}


def test_the_same_file_twice_changes_nothing(load, check, two) -> None:
    rows = (["1", "eng_ZA", "Hello mama"], ["3", "eng_ZA", "Rest"])
    load(two, LONG, *rows)
    assert counts(check(two, LONG, *rows)) == (0, 0, 2, 0)
    content.publish(message_set_id=two.pk)
    assert counts(check(two, LONG, *rows)) == (0, 0, 2, 0)


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
@pytest.mark.parametrize("layout", ["", "columns"])
def test_an_export_that_is_imported_changes_nothing(
    editor, two, staff, audio, kind: str, layout: str
) -> None:
    Message.objects.create(
        messageset=two, sequence_number=3, lang="eng_ZA", text_content=" = 1+1\n'x ", binary_content=audio,
        metadata={"a": "é\\u0000"},
    )  # fmt: skip
    content.save_draft(message_set_id=two.pk, place=Place(2, "zul_ZA"), text_content="-5 😀")
    response = editor.get(address("export", two, kind), {"layout": layout})
    assert response["Content-Disposition"].startswith('attachment; filename="two-')
    file = SimpleUploadedFile(f"two.{kind}", b"".join(response.streaming_content))
    job = bring(kind_name="texts", subject=str(two.pk), file=file, user=staff)
    work(import_id=job.pk)
    job.refresh_from_db()
    assert (counts(job), faults(job)) == ((0, 0, 6, 0), [])


def test_an_export_has_a_row_for_each_text_or_for_each_stage(viewer, two) -> None:
    def exported(layout: str) -> list[list[str]]:
        response = viewer.get(address("export", two, "csv"), {"layout": layout})
        table = read(io.BytesIO(b"".join(response.streaming_content)))
        return [table.header, *(line.cells for line in table.rows())]

    assert exported("") == [
        ["stage", "lang", "text", "file", "metadata"],
        ["welcome", "eng_ZA", "Welcome!", "", ""],
        ["1", "eng_ZA", "Hello", "", ""],
        ["1", "zul_ZA", "Sawubona", "", ""],
        ["2", "eng_ZA", "Eat well", "", ""],
    ]
    assert exported("columns") == [
        ["stage", "eng_ZA", "zul_ZA"],
        ["welcome", "Welcome!", ""],
        ["1", "Hello", "Sawubona"],
        ["2", "Eat well", ""],
    ]


def test_audio_is_named_by_its_file(load, check, make_set, audio) -> None:
    voice = make_set("voice", {}, content_type="audio", channel="voicemail")
    name = audio.content.name.removeprefix("content/")
    load(voice, ["stage", "eng_ZA"], ["1", name])
    assert voice.drafts.get().binary_content == audio
    assert faults(check(voice, ["stage", "eng_ZA"], ["2", "nothing.wav"])) == [
        "Row 2, eng_ZA: No such file has been uploaded here."
    ]


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        (["one", "eng_ZA", "x"], "Row 2, stage: Write the number of a stage, or welcome."),
        (["-1", "eng_ZA", "x"], "Row 2, stage: Write the number of a stage, or welcome."),
        (["9" * 30, "eng_ZA", "x"], "Row 2, stage: Write the number of a stage, or welcome."),
        (["1", "english", "x"], "Row 2, lang: More than 6 characters."),
        (["1", "E", "x"], "Row 2, lang: Write a language code like eng_ZA."),
        (["1", "", "x"], "Row 2, lang: Write a language code like eng_ZA."),
        (["3", "eng_ZA", ""], "Row 2, text: Neither a text nor a file."),
        (["1", "eng_ZA", "a\x00b"], "Row 2, text: The cell holds characters that cannot be kept."),
        (["1", "eng_ZA", "x" * 50_001], "Row 2, text: More than 50,000 characters."),
    ],
)
def test_a_row_that_is_wrong_is_told_with_its_column_and_keeps_all_out(check, two, staff, row, fault) -> None:
    job = check(two, LONG, row, ["1", "eng_ZA", "Good"])
    assert faults(job)[0] == fault
    with pytest.raises(NotPossible):
        confirm(import_id=job.pk, user=staff)
    assert not two.drafts.exists()


def test_a_stage_and_language_twice_is_told(check, two) -> None:
    job = check(two, LONG, ["1", "eng_ZA", "a"], ["1", "eng_ZA", "b"])
    assert faults(job) == ["Row 3: The same stage and language as in row 2."]


def test_in_a_table_by_language_the_column_is_the_language_s(check, two) -> None:
    job = check(two, ["stage", "eng_ZA", "zul_ZA"], ["1", "Hello", "x" * 50_001])
    assert faults(job) == ["Row 2, zul_ZA: More than 50,000 characters."]


@pytest.mark.parametrize(
    ("header", "problem"),
    [
        (["stage", "english", "zul_ZA"], "Neither a column of its own nor a language code: english."),
        (["eng_ZA", "zul_ZA"], "The column stage is missing."),
        (["stage", "text"], "The column lang is missing."),
        (["stage", "lang", "words"], "Not known: words. The columns are stage, lang, text, file, metadata."),
    ],
)
def test_a_header_that_means_nothing_is_refused(check, two, header: list[str], problem: str) -> None:
    job = check(two, header, ["1"] * len(header))
    assert (job.state, job.problem, job.problem_line) == ("refused", problem, 1)


def test_a_welcome_takes_no_metadata(check, two) -> None:
    job = check(two, [*LONG, "metadata"], ["welcome", "eng_ZA", "Hi", '{"a": 1}'])
    assert faults(job) == ["Row 2, metadata: A welcome has no metadata."]


def test_a_set_that_is_gone_has_no_import(editor, two, staff) -> None:
    url = reverse("admin:sheets_bring", args=["texts", two.pk])
    assert editor.get(url).status_code == 200
    assert editor.get(reverse("admin:sheets_bring", args=["texts", "123456"])).status_code == 404
    assert editor.get(reverse("admin:sheets_bring", args=["texts", "x"])).status_code == 404
    assert editor.get(reverse("admin:sheets_bring", args=["texts"])).status_code == 404


def test_who_may_only_look_imports_nothing(viewer, two) -> None:
    assert viewer.get(reverse("admin:sheets_bring", args=["texts", two.pk])).status_code == 403


def test_many_texts_cost_the_statements_of_a_few(two, staff) -> None:
    def statements(count: int) -> int:
        rows = [[str(number), "eng_ZA", f"{count} {number}"] for number in range(1, count + 1)]
        file = SimpleUploadedFile("t.csv", b"".join(csv_lines(LONG, rows)))
        job = bring(kind_name="texts", subject=str(two.pk), file=file, user=staff)
        work(import_id=job.pk)
        confirm(import_id=job.pk, user=staff)
        with CaptureQueriesContext(connection) as queries:
            work(import_id=job.pk)
        assert Import.objects.get(pk=job.pk).state == "done"
        return len(queries)

    statements(3)
    assert statements(60) == statements(61)
