"""A kind of list that remembers what it was given: words, each once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError

from accounts.models import User
from sheets.kinds import Column, Record, UnknownSubject, rows_as_they_are
from sheets.reading import Table
from sheets.resources import SheetField, SheetResource, TextWidget

#: What is "in the database".
STORED: dict[str, str] = {}
#: Called when a batch is written; may break.
ON_WRITE: list[Callable[[], None]] = []
#: How many rows each batch had.
BATCHES: list[int] = []


@dataclass
class Word:
    word: str = ""
    meaning: str = ""


class WordResource(SheetResource):
    word = SheetField("word", TextWidget(most=20))
    meaning = SheetField("meaning", TextWidget(most=20))

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()

    def look_up(self, rows: Sequence[dict[str, str]], *, writing: bool) -> None:
        self.known = {word: Word(word, meaning) for word, meaning in STORED.items()}

    def find(self, row: dict[str, str]) -> Word | None:
        return self.known.get(row["word"])

    def begin(self, row: dict[str, str]) -> Word:
        return Word()

    def check(self, instance: Any, row: dict[str, str], line: int) -> None:
        if instance.word in self.seen:
            raise ValidationError("Twice.")
        self.seen.add(instance.word)

    def write(self, new: list[Word], changed: list[Word]) -> None:
        for call in ON_WRITE:
            call()
        BATCHES.append(len(new) + len(changed))
        STORED.update({one.word: one.meaning for one in (*new, *changed)})


class Words:
    title = "Words"
    row_name = "word"
    columns = (Column("word", "The word.", "house"), Column("meaning", "What it means.", "where one lives"))
    permissions = ("contacts.change_contact",)
    whole = False
    afterwards = "They are said from now on."

    def subject_title(self, subject: str) -> str:
        if subject == "gone":
            raise UnknownSubject("There is no such dictionary.")
        return f"Dictionary {subject}" if subject else ""

    def link(self, subject: str) -> str:
        return "/"

    def resource(self, subject: str, user: User | None) -> WordResource:
        self.subject_title(subject)
        made = WordResource()
        made.whole = self.whole
        return made

    def records(self, table: Table, subject: str) -> Iterator[Record]:
        return rows_as_they_are(table, self.columns, required=["word"])


class Sentence(Words):
    """The same, all or nothing."""

    title = "Sentence"
    whole = True
