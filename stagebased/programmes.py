"""Message sets with all that is published in them, loaded in two statements however many there are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

from django.core.files.storage import Storage
from django.db.models import F, Min

from stagebased.models import WELCOME, BinaryContent, Draft, Message, MessageSet, Revision, Welcome
from stagebased.steps import Content, Programme, Start, languages


def load(
    set_ids: Collection[int],
    *,
    greetings: bool = False,
    drafts: bool = False,
    editions: Mapping[int, int] | None = None,
    reader: str = "",
) -> dict[int, Programme]:
    """The sets by id, each as it is now; with what newcomers get where ``greetings`` asks for it.

    ``reader`` is a language: of the messages only those are loaded that
    somebody who reads it may get, and from the others only that they exist. One
    statement more, and less to read where there are many languages.

    ``drafts``: as if what editors have written and not published yet were
    published, for looking at beforehand. That is one statement more.
    ``editions`` names for some sets an earlier edition: the texts are then
    those of that edition, while numbers and languages are today's. A message
    that is younger has its first text. That is one statement more, and only
    where a set has been changed since.
    """
    rows = MessageSet.objects.filter(pk__in=set_ids).annotate(
        next_schedule=F("next_set__default_schedule"), next_number=Min("next_set__messages__sequence_number")
    )
    sets = list(rows)
    # Read before the texts, so that these are never of a later edition than it says.
    versions = {found.pk: found.edition for found in sets} | dict(editions or {})
    content = _content(set_ids, versions, _tongues(sets, reader) if reader else None)
    welcomes = _welcomes(set_ids) if greetings else defaultdict(dict)
    if drafts:
        _lay_drafts_over(content, welcomes)
    return {found.pk: _programme(found, content[found.pk], welcomes.get(found.pk, {})) for found in sets}


def _tongues(sets: Iterable[Any], reader: str) -> set[str]:
    """The languages in which any of the sets may speak to somebody who reads this one."""
    return {tongue for found in sets for tongue in languages(_programme(found, {}, {}), reader)}


def _welcomes(set_ids: Collection[int]) -> dict[int, dict[str, Content]]:
    welcomes: dict[int, dict[str, Content]] = defaultdict(dict)
    rows = Welcome.objects.filter(messageset__in=set_ids).values_list(
        "messageset_id", "lang", "text_content", "binary_content__content", "revision_id"
    )
    for set_id, lang, text, file, revision in rows:
        welcomes[set_id][lang] = Content(text, address_of(file), revision=str(revision or ""))
    return welcomes


def _programme(
    found: Any, messages: dict[int, dict[str, Content]], greetings: dict[str, Content]
) -> Programme:
    follow_up = None
    if found.next_set_id is not None:
        follow_up = Start(found.next_set_id, found.next_schedule, found.next_number or 1)
    return Programme(
        id=found.pk,
        short_name=found.short_name,
        edition=found.edition,
        active=found.state == MessageSet.State.ACTIVE,
        one_active=found.one_active,
        messages=messages,
        greetings=greetings,
        channel=found.channel,
        gateway=found.gateway,
        audio=found.content_type == MessageSet.ContentType.AUDIO,
        fall_back=found.fall_back,
        fallback_languages=tuple(found.fallback_chain),
        default_language=found.default_language,
        not_before=found.not_before,
        not_after=found.not_after,
        grace=found.grace,
        catch_up=found.catch_up,
        spacing=found.spacing,
        spread=found.spread,
        follow_up=follow_up,
    )


def _lay_drafts_over(
    content: dict[int, dict[int, dict[str, Content]]], welcomes: dict[int, dict[str, Content]]
) -> None:
    columns = (
        "messageset_id",
        "sequence_number",
        "lang",
        "text_content",
        "binary_content__content",
        "metadata",
    )
    rows = Draft.objects.filter(messageset__in=content).order_by().values_list(*columns)
    for set_id, number, lang, text, file, metadata in rows:
        there = welcomes[set_id] if number == WELCOME else content[set_id][number]
        there[lang] = Content(text, address_of(file), metadata)


class _Row(NamedTuple):
    """A published message; ``edition`` is the one that its text came with."""

    key: int
    messageset_id: int
    number: int
    lang: str
    text: str | None
    file: str | None
    metadata: Any
    revision: Any
    edition: int | None


_COLUMNS = (
    "pk", "messageset_id", "sequence_number", "lang", "text_content", "binary_content__content", "metadata",
    "revision_id", "revision__edition",
)  # fmt: skip


def _content(
    set_ids: Collection[int], editions: Mapping[int, int], tongues: Collection[str] | None
) -> dict[int, dict[int, dict[str, Content]]]:
    content: dict[int, dict[int, dict[str, Content]]] = {key: defaultdict(dict) for key in set_ids}
    published = Message.objects.filter(messageset__in=set_ids).order_by()
    if tongues is not None:
        for set_id, number in published.values_list("messageset_id", "sequence_number").distinct():
            content[set_id][number] = {}
        published = published.filter(lang__in=tongues)
    rows = [_Row._make(row) for row in published.values_list(*_COLUMNS)]
    earlier = _earlier([row for row in rows if _is_younger(row, editions)], editions)
    for row in rows:
        found = earlier.get(row.key) or Content(
            row.text or "", address_of(row.file), row.metadata, str(row.revision or ""), row.key
        )
        content[row.messageset_id][row.number][row.lang] = found
    return content


def _is_younger(row: _Row, editions: Mapping[int, int]) -> bool:
    wanted = editions.get(row.messageset_id)
    return wanted is not None and row.edition is not None and row.edition > wanted


def _earlier(rows: Iterable[_Row], editions: Mapping[int, int]) -> dict[int, Content]:
    """What these messages said in their set's edition, by message; at its first, where that came later."""
    place = {row.key: row.messageset_id for row in rows}
    found: dict[int, Content] = {}
    if not place:
        return found
    kept = Revision.objects.filter(message__in=place, messageset__in=set(place.values()))
    columns = ("message", "messageset", "edition", "text_content", "file", "metadata", "pk")
    for key, set_id, edition, text, file, metadata, revision in kept.order_by("edition").values_list(
        *columns
    ):
        if set_id == place[key] and (key not in found or edition <= editions[set_id]):
            found[key] = Content(text, address_of(file), metadata, str(revision), key)
    return found


def usual_language(messageset: MessageSet) -> str:
    """The set's default language, or the first in which it says anything."""
    first = Message.objects.filter(messageset=messageset).order_by("sequence_number", "lang").first()
    return messageset.default_language or (first.lang if first else "")


def address_of(file: str | None) -> str:
    """Where a stored file is fetched; empty for none."""
    return _storage().url(file) if file else ""


def _storage() -> Storage:
    return BinaryContent._meta.get_field("content").storage
