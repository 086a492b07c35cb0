"""Message sets with all their content, loaded in two statements however many there are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from typing import Any

from django.core.files.storage import Storage
from django.db.models import F, Min

from stagebased.models import BinaryContent, Message, MessageSet, Welcome
from stagebased.steps import Content, Programme, Start


def load(set_ids: Collection[int], *, greetings: bool = False) -> dict[int, Programme]:
    """The sets by id, each as it is now; with what newcomers get where ``greetings`` asks for it."""
    content = _content(set_ids)
    welcomes = _welcomes(set_ids) if greetings else {}
    sets = MessageSet.objects.filter(pk__in=set_ids).annotate(
        next_schedule=F("next_set__default_schedule"), next_number=Min("next_set__messages__sequence_number")
    )
    return {found.pk: _programme(found, content[found.pk], welcomes.get(found.pk, {})) for found in sets}


def _welcomes(set_ids: Collection[int]) -> dict[int, dict[str, Content]]:
    welcomes: dict[int, dict[str, Content]] = defaultdict(dict)
    for welcome in Welcome.objects.filter(messageset__in=set_ids):
        welcomes[welcome.messageset_id][welcome.lang] = Content(welcome.text_content)
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
        messages=messages,
        greetings=greetings,
        channel=found.channel,
        gateway=found.gateway,
        audio=found.content_type == MessageSet.ContentType.AUDIO,
        fall_back=found.fall_back,
        default_language=found.default_language,
        not_before=found.not_before,
        not_after=found.not_after,
        grace=found.grace,
        catch_up=found.catch_up,
        spacing=found.spacing,
        spread=found.spread,
        follow_up=follow_up,
    )


def _content(set_ids: Collection[int]) -> dict[int, dict[int, dict[str, Content]]]:
    content: dict[int, dict[int, dict[str, Content]]] = defaultdict(lambda: defaultdict(dict))
    rows = Message.objects.filter(messageset__in=set_ids).values_list(
        "messageset_id", "sequence_number", "lang", "text_content", "binary_content__content", "metadata"
    )
    for set_id, number, lang, text, file, metadata in rows.order_by():
        content[set_id][number][lang] = Content(text or "", _storage().url(file) if file else "", metadata)
    return content


def _storage() -> Storage:
    return BinaryContent._meta.get_field("content").storage
