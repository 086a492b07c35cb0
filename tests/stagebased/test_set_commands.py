"""``import_messageset`` and ``export_messageset``: a set's texts as a file, out and in."""

from __future__ import annotations

import io

import pytest
from django.core.management import CommandError, call_command

from sheets.models import Import
from stagebased.models import Draft, Message, MessageSet

CSV = "stage,lang,text\n1,eng_ZA,Hello\n1,zul_ZA,Sawubona\n2,eng_ZA,Eat well\n"


def run(*arguments: object, **options: object) -> str:
    out = io.StringIO()
    call_command(*map(str, arguments), stdout=out, stderr=options.pop("stderr", io.StringIO()), **options)
    return out.getvalue()


@pytest.fixture
def sheet(tmp_path):
    path = tmp_path / "texts.csv"
    path.write_text(CSV)
    return path


def published(message_set: MessageSet) -> set[tuple[int, str, str]]:
    rows = Message.objects.filter(messageset=message_set)
    return set(rows.values_list("sequence_number", "lang", "text_content"))


HERE = {(1, "eng_ZA", "Hello"), (1, "zul_ZA", "Sawubona"), (2, "eng_ZA", "Eat well")}


def test_texts_become_drafts(make_set, sheet):
    made = make_set("pregnancy", {})
    assert run("import_messageset", sheet, "pregnancy") == "3 new, 0 changed, 0 as they are, 0 refused\n"
    assert Draft.objects.filter(messageset=made).count() == 3
    assert published(made) == set()


def test_a_set_is_made_and_published_at_once(daily, sheet):
    said = run("import_messageset", sheet, "pregnancy", create=daily.pk, publish=True)
    assert "3 texts published, edition 1" in said
    assert published(MessageSet.objects.get(short_name="pregnancy")) == HERE


def test_the_same_file_again_changes_nothing(daily, sheet):
    run("import_messageset", sheet, "pregnancy", create=daily.pk, publish=True)
    said = run("import_messageset", sheet, "pregnancy", publish=True)
    assert said.startswith("0 new, 0 changed, 3 as they are, 0 refused")
    assert not Draft.objects.exists()


def test_a_dry_run_goes_all_the_way_and_leaves_nothing(daily, sheet):
    said = run("import_messageset", sheet, "pregnancy", create=daily.pk, publish=True, dry_run=True)
    assert "3 texts published" in said
    assert said.endswith("Nothing was changed (dry run).\n")
    assert not MessageSet.objects.exists()
    assert not Import.objects.exists()


def test_one_faulty_row_and_nothing_is_taken_in(daily, sheet):
    with sheet.open("a") as file:
        file.write("three,eng_ZA,Rest\n")
    told = io.StringIO()
    with pytest.raises(CommandError, match="mend its faults") as refusal:
        run("import_messageset", sheet, "pregnancy", create=daily.pk, stderr=told)
    assert refusal.value.returncode == 1
    assert "Row 5, stage" in told.getvalue()
    assert not MessageSet.objects.exists()


def test_what_cannot_be_sent_is_not_published(make_set, tmp_path):
    made = make_set("pregnancy", {})
    path = tmp_path / "texts.csv"
    path.write_text("stage,lang,text\n1,eng_ZA,Don\u2019t smoke\n")
    with pytest.raises(CommandError, match="Nothing is published") as refusal:
        run("import_messageset", path, "pregnancy", publish=True)
    assert "1 eng_ZA" in str(refusal.value)
    assert published(made) == set()


@pytest.mark.parametrize("command", [["export_messageset"], ["import_messageset", "texts.csv"]])
def test_an_unknown_set_is_told_of(db, command):
    with pytest.raises(CommandError, match="no message set 'nowhere'"):
        run(*command, "nowhere")


def test_a_set_cannot_be_made_on_a_schedule_that_is_not_there(db, sheet):
    with pytest.raises(CommandError, match='default_schedule: Invalid pk "987654321"'):
        run("import_messageset", sheet, "pregnancy", create=987654321)


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
@pytest.mark.parametrize("columns", [False, True])
def test_what_is_exported_can_be_imported(make_set, daily, tmp_path, suffix, columns):
    texts = {1: {"eng_ZA": "Hello", "zul_ZA": "=Sawubona"}, 2: "Eat well"}
    first, path = make_set("first", texts), tmp_path / f"texts.{suffix}"
    assert "rows written" in run("export_messageset", "first", path, columns=columns)
    run("import_messageset", path, "second", create=daily.pk, publish=True)
    assert published(MessageSet.objects.get(short_name="second")) == published(first)


def test_without_a_file_it_goes_to_standard_output(make_set):
    make_set("first", {1: "Hello"})
    assert run("export_messageset", "first") == "\ufeffstage,lang,text,file,metadata\r\n1,eng_ZA,Hello,,\r\n"


def test_a_dry_run_writes_no_file(make_set, tmp_path):
    make_set("first", {1: "Hello"})
    assert "1 rows would be written" in run("export_messageset", "first", tmp_path / "a.csv", dry_run=True)
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_replaced_only_when_asked_for(make_set, tmp_path):
    make_set("first", {1: "Hello"})
    path = tmp_path / "a.csv"
    path.write_text("mine")
    with pytest.raises(CommandError, match="is there already"):
        run("export_messageset", "first", path)
    assert path.read_text() == "mine"
    run("export_messageset", "first", path, overwrite=True)
    assert "Hello" in path.read_text()
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["a.txt", "nowhere/a.csv"])
def test_a_file_that_cannot_be_written_is_told_of(make_set, tmp_path, name):
    make_set("first", {1: "Hello"})
    with pytest.raises(CommandError, match=r"the name ends with|No such file"):
        run("export_messageset", "first", tmp_path / name)
