"""Writing without sending: drafts, and publishing a set's drafts together.

What is sent are the published messages alone. An editor's drafts wait beside
them, one for each place (number and language; number 0 is the welcome), until
``publish`` makes all of them one edition. An API client knows nothing of
drafts: what it writes is published at once.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import User
from stagebased.errors import Refused, UnknownMessageSet
from stagebased.models import (
    WELCOME,
    BinaryContent,
    Draft,
    Message,
    MessageSet,
    Welcome,
    validate_language,
)
from stagebased.operations.content.messages import NOTHING, file_problem, text_problem
from stagebased.operations.content.revisions import BITE, Edition, Said, begin_edition, write_all
from stagebased.operations.content.sets import unknown_key

#: Longest text that is kept at all; the channel says how long a message may be.
MOST_TEXT = 50_000
#: The largest number of a message: that of its column.
MOST_NUMBER = 2**31 - 1
#: No database column takes these: NUL, and half a surrogate pair alone.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class Place(NamedTuple):
    """Where a text stands in a set. Number 0 is the welcome."""

    number: int
    lang: str

    def __str__(self) -> str:
        return f"{self.number or 'welcome'} {self.lang}"


@dataclass(frozen=True)
class Published:
    """What ``publish`` did: the set's edition now, and how many texts came with it."""

    edition: int
    texts: int


@dataclass(frozen=True)
class Written:
    """What an editor has written for one place."""

    text_content: str = ""
    binary_content_id: int | None = None
    metadata: Mapping[str, Any] | None = None

    @property
    def says(self) -> tuple[str, int | None, dict[str, Any]]:
        return self.text_content, self.binary_content_id, dict(self.metadata or {})


def save_draft(
    *,
    message_set_id: int,
    place: Place,
    text_content: str = "",
    binary_content_id: int | None = None,
    metadata: Mapping[str, Any] | None = None,
    by: User | None = None,
) -> Draft | None:
    """Keep what an editor has written for a place; the place need not have a message yet.

    Nothing is sent of it before ``publish``. It may still be unfinished: too
    long, or empty. What says the same as the published message is no draft:
    one that was there is dropped, and None returned. Raises Refused for what
    could not be kept (unknown file, no such language code, a number below 0),
    and UnknownMessageSet.
    """
    written = Written(text_content, binary_content_id, metadata)
    _check_draft(place, written, file_problem(binary_content_id))
    with transaction.atomic():
        hold_set(message_set_id)
        return _keep(message_set_id, {place: written}, by).get(place)


def save_drafts(
    *, message_set_id: int, texts: Mapping[Place, Written], by: User | None = None
) -> dict[Place, Draft]:
    """The same for many places at once, all or none; the drafts there are then.

    Raises as ``save_draft``. A fixed number of statements per 500 places.
    """
    unknown = _unknown_files({written.binary_content_id for written in texts.values()})
    for place, written in texts.items():
        _check_draft(place, written, unknown.get(written.binary_content_id))
    with transaction.atomic():
        hold_set(message_set_id)
        return _keep(message_set_id, texts, by)


def _unknown_files(keys: Collection[int | None]) -> dict[int | None, str]:
    """What is wrong with the files that are none."""
    known = BinaryContent.objects.filter(pk__in=[key for key in keys if key is not None], replaced_at=None)
    missing = set(keys) - {None} - set(known.values_list("pk", flat=True))
    return {key: unknown_key(key) for key in missing}


def _keep(message_set_id: int, texts: Mapping[Place, Written], by: User | None) -> dict[Place, Draft]:
    standing = _standing(message_set_id, texts)
    here = {place_of(draft): draft for draft in _drafts(message_set_id, texts)}
    same = [place for place, written in texts.items() if _stands(standing.get(place), written)]
    Draft.objects.filter(pk__in=[here[place].pk for place in same if place in here]).delete()
    made, changed = [], []
    for place, written in texts.items():
        if place in same:
            continue
        draft = here.get(place)
        if draft is None:
            # Of an older draft it stays what its editor began with.
            begun_with = standing[place].revision_id if place in standing else None
            draft = Draft(
                messageset_id=message_set_id,
                sequence_number=place.number,
                lang=place.lang,
                based_on_id=begun_with,
            )
            made.append(draft)
        else:
            changed.append(draft)
        draft.text_content, draft.binary_content_id, draft.metadata = written.says
        draft.updated_by, draft.updated_at = by, timezone.now()
    Draft.objects.bulk_create(made, batch_size=BITE)
    Draft.objects.bulk_update(changed, _WRITTEN, batch_size=BITE)
    return {place_of(draft): draft for draft in (*made, *changed)}


_WRITTEN = ["text_content", "binary_content", "metadata", "updated_by", "updated_at"]


def _stands(said: Said | None, written: Written) -> bool:
    return said is not None and _says(said) == written.says


def discard_drafts(*, message_set_id: int, places: Collection[Place] | None = None) -> int:
    """Drop a set's drafts, or those of these places; how many. What is published stays as it is."""
    deleted, _ = _drafts(message_set_id, places).delete()
    return deleted


@transaction.atomic
def publish(
    *,
    message_set_id: int,
    places: Collection[Place] | None = None,
    overwrite: bool = False,
    by: User | None = None,
) -> Published:
    """Make a set's drafts (or those of these places) what is sent, all in one edition or none.

    A send that is under way goes on with the texts it began with; the next one
    has the new ones. Raises Refused, its errors by place (``"3 zul_ZA"``),
    where a text cannot be sent, or where what is published has been changed
    since the draft was begun: somebody should look at both first.
    ``overwrite``: somebody has. A fixed number of statements per 500 drafts.
    """
    edition = begin_edition(message_set_id, by)
    message_set = MessageSet.objects.get(pk=message_set_id)
    rows = _drafts(message_set_id, places).select_for_update(of=("self",)).select_related("binary_content")
    drafts = {Place(row.sequence_number, row.lang): row for row in rows.order_by("sequence_number", "lang")}
    standing = _standing(message_set_id, drafts)
    _check(message_set, drafts, standing, overwrite=overwrite)
    messages = {place: draft for place, draft in drafts.items() if place.number != WELCOME}
    _write(messages, standing, edition)
    _write({place: draft for place, draft in drafts.items() if place not in messages}, standing, edition)
    Draft.objects.filter(pk__in=[draft.pk for draft in drafts.values()]).delete()
    return Published(edition.number, len(drafts))


def problem_of(draft: Draft, message_set: MessageSet) -> str | None:
    """Why this draft cannot be published; None where it can."""
    if not draft.text_content.strip() and draft.binary_content_id is None:
        return NOTHING
    return text_problem(draft.text_content, message_set.channel)


def hold_set(message_set_id: int) -> None:
    """Lock the set's row, so that nobody publishes there meanwhile."""
    held = MessageSet.objects.select_for_update(no_key=True).filter(pk=message_set_id)
    if not held.values_list("pk"):
        raise UnknownMessageSet(f"There is no message set {message_set_id}.")


def _drafts(message_set_id: int, places: Collection[Place] | None) -> QuerySet[Draft]:
    rows = Draft.objects.filter(messageset=message_set_id)
    if places is None:
        return rows
    there = rows.values_list("pk", "sequence_number", "lang")
    wanted = set(places)
    return rows.filter(pk__in=[key for key, number, lang in there if Place(number, lang) in wanted])


def _standing(message_set_id: int, places: Collection[Place]) -> dict[Place, Said]:
    """What is published at these places."""
    numbers, langs = {place.number for place in places}, {place.lang for place in places}
    texts: list[Said] = [
        *Message.objects.filter(messageset=message_set_id, sequence_number__in=numbers, lang__in=langs)
    ]
    if WELCOME in numbers:
        texts += Welcome.objects.filter(messageset=message_set_id, lang__in=langs)
    return {place_of(said): said for said in texts}


def _says(said: Said) -> tuple[str, int | None, dict[str, Any]]:
    metadata = said.metadata if isinstance(said, Message) else {}
    return said.text_content or "", said.binary_content_id, metadata


def _check_draft(place: Place, written: Written, file_problem: str | None) -> None:
    metadata = written.metadata
    errors = {
        "sequence_number": None if WELCOME <= place.number <= MOST_NUMBER else "There is no such number.",
        "lang": language_problem(place.lang),
        "text_content": _storable_problem(written.text_content),
        "binary_content": file_problem,
        "metadata": None if metadata is None or isinstance(metadata, dict) else "Must be an object.",
    }
    if place.number == WELCOME and metadata:
        errors["metadata"] = "A welcome has no metadata."
    if found := {field: [problem] for field, problem in errors.items() if problem}:
        raise Refused(found)


def language_problem(lang: str) -> str | None:
    try:
        validate_language(lang)
    except ValidationError as error:
        return " ".join(error.messages)
    return None


def _storable_problem(text: str) -> str | None:
    if _UNSTORABLE.search(text):
        return "Null characters and lone surrogates are not allowed."
    return None if len(text) <= MOST_TEXT else f"Ensure this has no more than {MOST_TEXT} characters."


def _check(
    message_set: MessageSet,
    drafts: Mapping[Place, Draft],
    standing: Mapping[Place, Said],
    *,
    overwrite: bool,
) -> None:
    errors: dict[str, list[str]] = {}
    for place, draft in drafts.items():
        published = standing.get(place)
        if problem := problem_of(draft, message_set):
            errors[str(place)] = [problem]
        elif not overwrite and draft.based_on_id != (published and published.revision_id):
            errors[str(place)] = ["What is published there has been changed since this draft was begun."]
    if errors:
        raise Refused(errors)


def _write(drafts: Mapping[Place, Draft], standing: Mapping[Place, Said], edition: Edition) -> None:
    """Have the texts of these drafts, all of messages or all of welcomes, stand where they belong."""
    changed = [standing[place] for place in drafts if place in standing]
    made = [_new_text(edition.messageset_id, place) for place in drafts if place not in standing]
    for said in (*changed, *made):
        draft = drafts[place_of(said)]
        said.text_content, said.binary_content_id = draft.text_content, draft.binary_content_id
        if isinstance(said, Message):
            said.text_content = draft.text_content or None
            said.metadata, said.updated_at = draft.metadata, edition.at
    write_all(made, changed, edition)


def _new_text(message_set_id: int, place: Place) -> Said:
    if place.number == WELCOME:
        return Welcome(messageset_id=message_set_id, lang=place.lang)
    return Message(messageset_id=message_set_id, sequence_number=place.number, lang=place.lang)


def place_of(said: Said | Draft) -> Place:
    """Where a text stands in its set."""
    return Place(WELCOME if isinstance(said, Welcome) else said.sequence_number, said.lang)
