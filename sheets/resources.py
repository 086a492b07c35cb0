"""Taking records in by batches: django-import-export's fields, with a fixed number of statements a batch.

The library cleans each cell, tells new from changed from unchanged, and keeps
what is wrong beside its field. What it would do row by row (looking each one
up, saving it) is done here for a whole batch, and nothing is kept of a row
once its batch is over.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from import_export import fields, resources, widgets
from import_export.instance_loaders import BaseInstanceLoader
from import_export.results import RowResult
from tablib import Dataset

from sheets.reading import CELL_ERROR
from sheets.writing import unescaped

if TYPE_CHECKING:
    from sheets.kinds import Record

#: No database column takes these: NUL, and half a surrogate pair alone.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
#: The same as JSON writes it.
_UNSTORABLE_WRITTEN = re.compile(r"(?<!\\)(\\\\)*\\u0000|[\ud800-\udfff]")


@dataclass(frozen=True)
class Problem:
    """What is wrong with a row. ``column`` as the file calls it; empty: the row as a whole."""

    line: int
    column: str
    reason: str


@dataclass
class Outcome:
    """What a batch brought, or would bring."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    problems: list[Problem] = field(default_factory=list)
    #: Rows with at least one problem.
    faulty: int = 0

    @property
    def rows(self) -> int:
        return self.new + self.changed + self.unchanged + self.faulty


class TextWidget(widgets.Widget):
    """A text. ``check`` raises ValidationError or ValueError for what is no good.

    ``exact``: blanks around it are part of it.
    """

    def __init__(self, *, most: int, check: Callable[[str], Any] | None = None, exact: bool = False) -> None:
        super().__init__()
        self.exact = exact
        # The same few values stand in thousands of rows, and some checks read the disk.
        self.most, self.check = most, lru_cache(maxsize=1000)(check) if check is not None else None

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Any:
        text = plain(value, exact=self.exact)
        if not text.strip():
            return None
        if len(text) > self.most:
            raise ValueError(f"More than {self.most:,} characters.")
        if self.check is not None:
            try:
                self.check(text)
            except ValidationError as error:
                raise ValueError(" ".join(error.messages)) from None
        return text


class ObjectWidget(widgets.Widget):
    """A JSON object, as the databases take it."""

    def __init__(self, *, most: int, example: str) -> None:
        super().__init__()
        self.most, self.example = most, example

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> dict[str, Any] | None:
        text = plain(value)
        if not text:
            return None
        if len(text) > self.most:
            raise ValueError(f"More than {self.most:,} characters.")
        try:
            found = json.loads(text)
            # Also what JSON cannot say and no database takes: infinite numbers, endless nesting.
            written = json.dumps(found, ensure_ascii=False, allow_nan=False)
        except (ValueError, RecursionError):
            found = written = None
        if not isinstance(found, dict) or written is None:
            raise ValueError(f"Write a JSON object, e.g. {self.example}.")
        if _UNSTORABLE_WRITTEN.search(written):
            raise ValueError("The cell holds characters that cannot be kept.")
        return found


def plain(value: Any, *, exact: bool = False) -> str:
    """A cell's text without the apostrophe of an export and, unless ``exact``, without blanks around it."""
    text = str(value or "")
    if text == CELL_ERROR:
        raise ValueError("The cell shows an error.")
    if _UNSTORABLE.search(text):
        raise ValueError("The cell holds characters that cannot be kept.")
    if exact:
        return unescaped(text).replace("\r\n", "\n")
    return unescaped(text.strip(" \n")).strip(" \n")


class SheetField(fields.Field):
    """A field whose attribute has the column's name; an empty cell leaves what is there."""

    def __init__(self, name: str, widget: widgets.Widget, **options: Any) -> None:
        super().__init__(attribute=name, column_name=name, widget=widget, saves_null_values=False, **options)


class SheetResource(resources.Resource):
    """Base of the kinds' resources. An instance is any dataclass; two are the same when they are equal.

    One resource takes in one file, so it may remember what earlier rows were
    about. The kinds write ``look_up``, ``find``, ``begin``, ``check`` and ``write``.
    """

    #: Whether nothing at all is written when one row of the batch is faulty.
    whole = False

    class Meta:
        use_bulk = True
        # ``look_up`` and ``find`` take its place.
        instance_loader_class = BaseInstanceLoader
        import_id_fields = ()
        # Equality of the instances says it, for less than the library's comparison of fields costs.
        skip_diff = True
        report_skipped = False

    def __init__(self) -> None:
        super().__init__()
        self._before: Any = None
        self._problems = 0

    # --- what the kinds say -----------------------------------------------------------

    def look_up(self, rows: Sequence[dict[str, str]], *, writing: bool) -> None:
        """Fetch what is known about these rows: a fixed number of statements. ``writing``: and lock it."""
        raise NotImplementedError

    def find(self, row: dict[str, str]) -> Any:
        """What is known that the row is about, from what was looked up; None: it is new."""
        raise NotImplementedError

    def begin(self, row: dict[str, str]) -> Any:
        """Something new."""
        raise NotImplementedError

    def check(self, instance: Any, row: dict[str, str], line: int) -> None:
        """Raise ValidationError, by column, for what concerns more than one cell."""

    def write(self, new: list[Any], changed: list[Any]) -> None:
        """Store a batch: a fixed number of statements."""
        raise NotImplementedError

    # --- a batch ------------------------------------------------------------------------

    def take(self, records: Sequence[Record], *, dry_run: bool) -> Outcome:
        """Take the records in, or only see what that would do."""
        headers = list(records[0].cells)
        data = Dataset(*[tuple(record.cells.values()) for record in records], headers=headers)
        self._lines = [record.line for record in records]
        self.look_up([dict(record.cells) for record in records], writing=not dry_run)
        result = self.import_data_inner(data, dry_run, False, False, False)
        if result.base_errors:
            raise result.base_errors[0].error
        problems = [problem for row in result.invalid_rows for problem in _problems(row, records)]
        totals = result.totals
        return Outcome(
            new=totals[RowResult.IMPORT_TYPE_NEW],
            changed=totals[RowResult.IMPORT_TYPE_UPDATE],
            unchanged=totals[RowResult.IMPORT_TYPE_SKIP],
            faulty=totals[RowResult.IMPORT_TYPE_INVALID],
            problems=problems,
        )

    def before_import(self, dataset: Any, **kwargs: Any) -> None:
        self._problems = 0

    def import_row(self, row: Any, instance_loader: Any, **kwargs: Any) -> RowResult:
        found = super().import_row(row, instance_loader, **kwargs)
        if found.errors:
            # Not something about the row: a mistake of the program, or the database is gone.
            raise found.errors[0].error
        self._problems += found.validation_error is not None
        return found

    def get_instance(self, instance_loader: Any, row: Any) -> Any:
        self._before = self.find(row)
        return copy(self._before)

    def init_instance(self, row: Any = None) -> Any:
        return self.begin(row)

    def skip_row(self, instance: Any, original: Any, row: Any, import_validation_errors: Any = None) -> bool:
        return not import_validation_errors and instance == self._before

    def validate_instance(
        self, instance: Any, import_validation_errors: Any = None, validate_unique: bool = True
    ) -> None:
        if import_validation_errors:
            raise ValidationError(import_validation_errors)

    def import_instance(self, instance: Any, row: Any, **kwargs: Any) -> None:
        super().import_instance(instance, row, **kwargs)
        self.check(instance, row, self._lines[kwargs["row_number"] - 1])

    def bulk_create(self, using_transactions: bool, dry_run: bool, *args: Any, **kwargs: Any) -> None:
        """Write everything, new and changed; the library asks once, at the end of the batch."""
        if (
            not dry_run
            and not (self.whole and self._problems)
            and (self.create_instances or self.update_instances)
        ):
            self.write(list(self.create_instances), list(self.update_instances))
        self.create_instances.clear()
        self.update_instances.clear()

    def bulk_update(self, *args: Any, **kwargs: Any) -> None:
        """Done by ``bulk_create``."""


def _problems(row: Any, records: Sequence[Record]) -> list[Problem]:
    record = records[row.number - 1]
    return [
        Problem(
            record.line, "" if name == NON_FIELD_ERRORS else record.columns.get(name, name), " ".join(texts)
        )
        for name, texts in row.error_dict.items()
    ]
