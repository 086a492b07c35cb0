"""Schedules, files, message sets and messages."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.core.files import File
from django.core.management.color import no_style
from django.db import connection, transaction

from accounts.elsewhere import Elsewhere, Report
from stagebased.errors import Refused
from stagebased.models import BinaryContent, Message, MessageSet, Schedule
from stagebased.operations.content import (
    check_file,
    save_message_set,
    save_schedule,
    store_file,
    text_problem,
)
from stagebased.operations.content.drafts import MOST_NUMBER, language_problem
from stagebased.operations.content.messages import NOTHING, TYPOGRAPHIC
from stagebased.operations.content.revisions import begin_edition, write_all
from stagebased.operations.content.schedules import CRON_FIELDS

SCHEDULES, FILES = "contentstore_schedule", "contentstore_binarycontent"
SETS, MESSAGES = "contentstore_messageset", "contentstore_message"
_PLAIN = str.maketrans(TYPOGRAPHIC)


@dataclass
class Moved:
    """What subscriptions can be on: the numbers of what is here now as it was there."""

    schedules: set[int] = field(default_factory=set)
    #: Number → the set's channel.
    sets: dict[int, str] = field(default_factory=dict)
    files: set[int] = field(default_factory=set)


class Content:
    """``channels`` says by which channel of ours a set goes, by the name it has there (empty: none)."""

    def __init__(
        self, source: Elsewhere, report: Report, *, media: Path | None, channels: Mapping[str, str]
    ) -> None:
        self.source, self.report = source, report
        self.media, self.channels = media, channels
        self.moved = Moved()

    def move(self, *, dry_run: bool) -> Moved:
        """All of it; in a trial everything is written too, and undone, but no file is kept."""
        self._files(dry_run=dry_run)
        with transaction.atomic():
            self._schedules()
            self._sets()
            self._messages()
            transaction.set_rollback(dry_run)
        if not dry_run:
            _count_behind(Schedule, BinaryContent, MessageSet, Message)
        return self.moved

    # --- files ---------------------------------------------------------------------------------

    def _files(self, *, dry_run: bool) -> None:
        for batch in self.source.records(FILES, ["id", "content", "created_at"]):
            here = BinaryContent.objects.in_bulk([record["id"] for record in batch])
            for record in batch:
                problem = self._file(record, here.get(record["id"]), dry_run=dry_run)
                if problem:
                    self.report.refuse("file", record["id"], problem)
                else:
                    self.moved.files.add(record["id"])

    def _file(self, record: dict[str, Any], here: BinaryContent | None, *, dry_run: bool) -> str:
        """Bring it in; why not, where it cannot be."""
        path = self._path(record["content"])
        if path is None:
            return f"{record['content']} is not in the folder of files"
        with path.open("rb") as file:
            upload = File(file, path.name)
            if here is not None:
                return self._same_file(upload, here)
            try:
                if dry_run:
                    check_file(upload)
                else:
                    row = BinaryContent(pk=record["id"], created_at=record["created_at"])
                    store_file(upload=upload, record=row)
            except Refused as refused:
                return str(refused)
        self.report.new("file")
        return ""

    def _path(self, name: str) -> Path | None:
        """The file, only when it lies below the folder: the name comes from elsewhere."""
        if self.media is None or not name:
            return None
        path = (self.media / name).resolve()
        return path if path.is_relative_to(self.media.resolve()) and path.is_file() else None

    def _same_file(self, upload: File[Any], here: BinaryContent) -> str:
        digest = hashlib.sha256()
        for chunk in upload.chunks():
            digest.update(chunk)
        if digest.hexdigest() != here.sha256:
            return "another file has this number here"
        self.report.known("file")
        return ""

    # --- schedules -----------------------------------------------------------------------------

    def _schedules(self) -> None:
        for batch in self.source.records(SCHEDULES, ["id", *CRON_FIELDS]):
            here = Schedule.objects.in_bulk([record["id"] for record in batch])
            for record in batch:
                problem = self._schedule(record, here.get(record["id"]))
                if problem:
                    self.report.refuse("schedule", record["id"], problem)
                else:
                    self.moved.schedules.add(record["id"])

    def _schedule(self, record: dict[str, Any], here: Schedule | None) -> str:
        # There, blanks do not count, and nothing stands for each time.
        fields = {name: "".join((record[name] or "").split()) or "*" for name in CRON_FIELDS}
        if here is not None:
            if fields != {name: getattr(here, name) for name in CRON_FIELDS}:
                return "another schedule has this number here"
            self.report.known("schedule")
            return ""
        try:
            save_schedule(schedule=Schedule(pk=record["id"], **fields))
        except Refused as refused:
            return str(refused)
        self.report.new("schedule")
        return ""

    # --- message sets --------------------------------------------------------------------------

    def _sets(self) -> None:
        columns = ["id", "short_name", "label", "notes", "channel", "content_type", "created_at"]
        following: dict[int, int] = {}
        for batch in self.source.records(SETS, [*columns, "next_set_id", "default_schedule_id"]):
            here = MessageSet.objects.in_bulk([record["id"] for record in batch])
            for record in batch:
                problem = self._set(record, here.get(record["id"]))
                if problem:
                    self.report.refuse("message set", record["id"], problem)
                elif record["next_set_id"] and record["id"] not in here:
                    following[record["id"]] = record["next_set_id"]
        self._chains(following)

    def _set(self, record: dict[str, Any], here: MessageSet | None) -> str:
        if here is not None:
            if here.short_name != record["short_name"]:
                return f"the set {here.short_name} has this number here"
            self.report.known("message set")
            self.moved.sets[here.pk] = here.channel
            return ""
        channel = self.channels.get(record.get("channel") or "")
        if channel is None:
            return f"its channel {record['channel']!r} has no counterpart here: say which (--channel)"
        if record["default_schedule_id"] not in self.moved.schedules:
            return f"its schedule {record['default_schedule_id']} was refused"
        if record.get("content_type", "text") not in MessageSet.ContentType.values:
            return f"its content type {record['content_type']!r} is not known here"
        made = MessageSet(
            pk=record["id"],
            short_name=record["short_name"],
            label=record.get("label") or "",
            notes=record["notes"],
            content_type=record.get("content_type", "text"),
            channel=channel,
            default_schedule_id=record["default_schedule_id"],
            created_at=record["created_at"],
        )
        try:
            save_message_set(message_set=made)
        except Refused as refused:
            return str(refused)
        self.report.new("message set")
        self.moved.sets[made.pk] = channel
        return ""

    def _chains(self, following: Mapping[int, int]) -> None:
        """Once all sets are here: which follows which."""
        sets = MessageSet.objects.in_bulk(list(following))
        for key, after in following.items():
            if after not in self.moved.sets:
                self.report.note("message set", key, f"ends without a follower: set {after} was refused")
                continue
            sets[key].next_set_id = after
            try:
                save_message_set(message_set=sets[key], changed={"next_set"})
            except Refused:
                # There, sets may go round without saying so, and people with them.
                sets[key].repeats = True
                save_message_set(message_set=sets[key], changed={"next_set", "repeats"})
                self.report.note("message set", key, "leads back to itself, and is marked as repeating")

    # --- messages ------------------------------------------------------------------------------

    def _messages(self) -> None:
        columns = ["id", "messageset_id", "sequence_number", "lang", "text_content", "binary_content_id"]
        for key, channel in sorted(self.moved.sets.items()):
            taken = _places(key)
            of_set = f"messageset_id = {int(key)}"
            for batch in self.source.records(MESSAGES, [*columns, "metadata", "created_at"], where=of_set):
                self._batch(key, channel, batch, taken)
        accepted = ", ".join(str(int(key)) for key in self.moved.sets)
        others = f"messageset_id NOT IN ({accepted})" if accepted else "TRUE"
        for batch in self.source.records(MESSAGES, ["id", "messageset_id"], where=others):
            for record in batch:
                self.report.refuse("message", record["id"], f"its set {record['messageset_id']} was refused")

    def _batch(
        self, key: int, channel: str, batch: list[dict[str, Any]], taken: dict[tuple[int, str], int]
    ) -> None:
        here = Message.objects.in_bulk([record["id"] for record in batch])
        made = []
        for record in batch:
            message = self._message(record)
            problem = self._message_problem(message, channel, here.get(message.pk), taken)
            if problem:
                self.report.refuse("message", message.pk, problem)
            elif message.pk not in here:
                taken[message.sequence_number, message.lang] = message.pk
                made.append(message)
                if (record["text_content"] or "") != (message.text_content or ""):
                    self.report.note("message", message.pk, "curly quotes and dashes are written plainly")
        if made:
            write_all(made, [], begin_edition(key))
            self.report.new("message", len(made))

    def _message(self, record: dict[str, Any]) -> Message:
        text = record["text_content"]
        return Message(
            pk=record["id"],
            messageset_id=record["messageset_id"],
            sequence_number=record["sequence_number"],
            lang=record["lang"],
            # Their rule too, by now; older texts have them all the same.
            text_content=text.translate(_PLAIN) if text else text,
            binary_content_id=record["binary_content_id"],
            metadata=self.source.json(record.get("metadata")) or {},
            created_at=record["created_at"],
        )

    def _message_problem(
        self, message: Message, channel: str, here: Message | None, taken: Mapping[tuple[int, str], int]
    ) -> str:
        if here is not None:
            return self._same_message(message, here)
        if other := taken.get((message.sequence_number, message.lang)):
            return f"its place is taken by message {other}"
        if not 1 <= message.sequence_number <= MOST_NUMBER:
            return f"its number is {message.sequence_number}; messages count from 1"
        return (
            language_problem(message.lang)
            or self._content_problem(message)
            or text_problem(message.text_content or "", channel)
            or ""
        )

    def _same_message(self, message: Message, here: Message) -> str:
        if _place(here) != _place(message):
            return f"message {here.pk} is another one here"
        if _says(here) == _says(message):
            self.report.known("message")
        else:
            self.report.differ("message", here.pk, "it says something else here")
        return ""

    def _content_problem(self, message: Message) -> str:
        if not isinstance(message.metadata, dict):
            return "its metadata are no object"
        if message.binary_content_id is not None and message.binary_content_id not in self.moved.files:
            return f"its file {message.binary_content_id} was refused"
        return "" if message.text_content or message.binary_content_id is not None else NOTHING


def _places(key: int) -> dict[tuple[int, str], int]:
    rows = Message.objects.filter(messageset=key).values_list("sequence_number", "lang", "pk")
    return {(number, lang): message for number, lang, message in rows}


def _place(message: Message) -> tuple[int, int, str]:
    return message.messageset_id, message.sequence_number, message.lang


def _says(message: Message) -> tuple[str, int | None, dict[str, Any]]:
    return message.text_content or "", message.binary_content_id, message.metadata


def _count_behind(*models: Any) -> None:
    """PostgreSQL's sequences know nothing of numbers that were given."""
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), list(models)):
            cursor.execute(statement)
