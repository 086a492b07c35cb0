"""A set's texts as a spreadsheet: a row for each text, or for each stage with a column for each language."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Model
from django.urls import reverse
from import_export import widgets

from accounts.models import User
from sheets.kinds import Column, Record, UnknownSubject, check_header, rows_as_they_are
from sheets.reading import Table, Unreadable
from sheets.resources import ObjectWidget, SheetField, SheetResource, TextWidget, plain
from stagebased.models import WELCOME, BinaryContent, Draft, Message, MessageSet, Welcome, validate_language
from stagebased.operations.content import Place, Written, save_drafts
from stagebased.operations.content.drafts import MOST_NUMBER, MOST_TEXT, language_problem

COLUMNS = (
    Column("stage", "Number of the stage, or the word welcome.", "1"),
    Column("lang", "Language. Without this column: a column for each language, named by its code.", "eng_ZA"),
    Column("text", "What is said.", "Drink enough water."),
    Column("file", "Name of a file that has been uploaded here, for audio and pictures.", ""),
    Column("metadata", "What programs note on the text, as a JSON object.", ""),
)
WELCOME_WORD = "welcome"
#: Characters of the metadata of one text.
METADATA_MOST = 20_000


@dataclass
class Entry:
    """One text as a spreadsheet has it."""

    stage: int = 0
    lang: str = ""
    text: str = ""
    file: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)


class StageWidget(widgets.Widget):
    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> int:
        text = plain(value)
        if text.lower() == WELCOME_WORD:
            return WELCOME
        if text.isascii() and text.isdigit() and int(text[:12]) <= MOST_NUMBER:
            return int(text)
        raise ValueError(f"Write the number of a stage, or {WELCOME_WORD}.")


class TextsResource(SheetResource):
    """Texts become drafts: nothing is sent of them before they are published."""

    whole = True
    stage = SheetField("stage", StageWidget())
    lang = SheetField("lang", TextWidget(most=6, check=validate_language))
    text = SheetField("text", TextWidget(most=MOST_TEXT, exact=True))
    file = SheetField("file", TextWidget(most=100))
    metadata = SheetField("metadata", ObjectWidget(most=METADATA_MOST, example='{"template": "welcome"}'))

    def __init__(self, message_set: MessageSet, user: User | None = None) -> None:
        super().__init__()
        self.message_set, self.user = message_set, user
        self.seen: dict[tuple[int, str], int] = {}
        self.known: dict[tuple[int, str], Entry] = {}
        self.files: dict[str, int] = {}

    def look_up(self, rows: Sequence[dict[str, str]], *, writing: bool) -> None:
        self.known = {(entry.stage, entry.lang): entry for entry in entries_of(self.message_set)}
        names = {_name(row.get("file", "")) for row in rows} | {entry.file for entry in self.known.values()}
        stored = BinaryContent.objects.filter(content__in=[f"content/{name}" for name in names if name])
        self.files = {
            _name(name): key for key, name in stored.filter(replaced_at=None).values_list("pk", "content")
        }

    def find(self, row: dict[str, str]) -> Entry | None:
        try:
            return self.known.get((StageWidget().clean(row.get("stage")), plain(row.get("lang"))))
        except ValueError:
            return None

    def begin(self, row: dict[str, str]) -> Entry:
        return Entry()

    def check(self, instance: Entry, row: dict[str, str], line: int) -> None:
        place = (instance.stage, instance.lang)
        instance.file = _name(instance.file)
        if not instance.lang:
            raise ValidationError({"lang": "Write a language code like eng_ZA."})
        if instance.file and instance.file not in self.files:
            raise ValidationError({"file": "No such file has been uploaded here."})
        if instance.stage == WELCOME and instance.metadata:
            raise ValidationError({"metadata": "A welcome has no metadata."})
        if not instance.text and not instance.file:
            raise ValidationError({"text": "Neither a text nor a file."})
        if place in self.seen:
            raise ValidationError(f"The same stage and language as in row {self.seen[place]}.")
        self.seen[place] = line

    def write(self, new: list[Entry], changed: list[Entry]) -> None:
        texts = {
            Place(entry.stage, entry.lang): Written(
                entry.text, self.files[entry.file] if entry.file else None, entry.metadata
            )
            for entry in (*new, *changed)
        }
        save_drafts(message_set_id=self.message_set.pk, texts=texts, by=self.user)


def _name(path: Any) -> str:
    """A stored file's own name, from whatever path it was given with."""
    return PurePosixPath(plain(path)).name if path else ""


class Texts:
    """The kind ``texts``; its subject is a set's id."""

    title = "Texts"
    row_name = "text"
    columns = COLUMNS
    permissions = ("stagebased.change_messageset", "stagebased.change_message")
    whole = True
    afterwards = "The texts are drafts. Nothing is sent of them before you publish them on the set’s page."

    def subject_title(self, subject: str) -> str:
        return str(_set(subject))

    def link(self, subject: str) -> str:
        return reverse("admin:stagebased_messageset_content", args=[subject])

    def resource(self, subject: str, user: User | None) -> TextsResource:
        return TextsResource(_set(subject), user)

    def records(self, table: Table, subject: str) -> Iterator[Record]:
        header = [name.lower() for name in table.header]
        if "lang" in header or "text" in header:
            return rows_as_they_are(table, self.columns, required=["stage", "lang"])
        is_audio = _set(subject).content_type == MessageSet.ContentType.AUDIO
        return _cell_by_cell(table, "file" if is_audio else "text")


def _set(subject: str) -> MessageSet:
    key = int(subject) if subject.isascii() and subject.isdigit() and len(subject) < 18 else None
    found = MessageSet.objects.filter(pk=key).first() if key is not None else None
    if found is None:
        raise UnknownSubject("There is no such message set.")
    return found


def _cell_by_cell(table: Table, what: str) -> Iterator[Record]:
    """A record for each filled cell of a table with a column for each language."""
    tongues = {index: name for index, name in enumerate(table.header) if name.lower() != "stage"}
    check_header([name.lower() for name in table.header if name.lower() == "stage"], ["stage"], ["stage"])
    if strangers := [name for name in tongues.values() if language_problem(name)]:
        raise Unreadable(f"Neither a column of its own nor a language code: {strangers[0][:40]}.", 1)
    at = [name.lower() for name in table.header].index("stage")
    for line in table.rows():
        for index, lang in tongues.items():
            if line.cells[index].strip():
                cells = {"stage": line.cells[at], "lang": lang, what: line.cells[index]}
                yield Record(line.number, cells, {what: lang, "lang": lang})


# --- giving them out -------------------------------------------------------------------------


def entries_of(message_set: MessageSet) -> list[Entry]:
    """The set's texts, drafts before what is published, by stage and language. Three statements."""
    found: dict[tuple[int, str], Entry] = {}
    models: list[type[Model]] = [Welcome, Message, Draft]
    for model in models:
        rows = model._default_manager.filter(messageset=message_set).select_related("binary_content")
        found |= {(entry.stage, entry.lang): entry for entry in map(_entry, rows)}
    return [found[place] for place in sorted(found)]


def _entry(row: Any) -> Entry:
    return Entry(
        stage=WELCOME if isinstance(row, Welcome) else row.sequence_number,
        lang=row.lang,
        text=row.text_content or "",
        file=_name(row.binary_content.content.name) if row.binary_content is not None else "",
        metadata=getattr(row, "metadata", {}),
    )


def row_by_row(message_set: MessageSet) -> tuple[list[str], list[list[str]]]:
    """Header and rows, one for each text."""
    rows = [
        [
            _stage(entry.stage),
            entry.lang,
            entry.text,
            entry.file,
            json.dumps(entry.metadata, ensure_ascii=False) if entry.metadata else "",
        ]
        for entry in entries_of(message_set)
    ]
    return [column.name for column in COLUMNS], rows


def column_by_language(message_set: MessageSet) -> tuple[list[str], list[list[str]]]:
    """Header and rows, one for each stage, as translators like it. Of audio sets the names of the files."""
    is_audio = message_set.content_type == MessageSet.ContentType.AUDIO
    by_stage: Mapping[int, dict[str, str]] = defaultdict(dict)
    for entry in entries_of(message_set):
        by_stage[entry.stage][entry.lang] = entry.file if is_audio else entry.text
    tongues = sorted({lang for texts in by_stage.values() for lang in texts})
    rows = [
        [_stage(stage), *(by_stage[stage].get(lang, "") for lang in tongues)] for stage in sorted(by_stage)
    ]
    return ["stage", *tongues], rows


def _stage(number: int) -> str:
    return str(number) if number != WELCOME else WELCOME_WORD
