"""The sets that lead to a set and those that follow it, as a picture shows them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Count

from stagebased.models import Message, MessageSet
from stagebased.wording import in_words


@dataclass(frozen=True)
class Link:
    """One set of the chain."""

    message_set: MessageSet
    stages: int
    in_words: str
    is_here: bool = False


@dataclass(frozen=True)
class Chain:
    #: The sets whose end leads straight to this one.
    before: list[Link]
    #: This one and all that follow it, in order.
    onwards: list[Link]
    #: Whether the last of them leads back to one that was there before.
    is_circle: bool

    @property
    def is_alone(self) -> bool:
        return not self.before and len(self.onwards) == 1


def chain_of(message_set: MessageSet) -> Chain:
    """In two statements, however long it is."""
    sets = MessageSet.objects.select_related("default_schedule").in_bulk()
    here = sets.get(message_set.pk, message_set)
    before = [found for found in sets.values() if found.next_set_id == here.pk and found.pk != here.pk]
    onwards = list(_onwards(here, sets))
    stages = _stages([found.pk for found in (*before, *onwards)])

    def link(found: MessageSet) -> Link:
        words = in_words(found.default_schedule)
        return Link(found, stages.get(found.pk, 0), words, is_here=found.pk == here.pk)

    return Chain(
        [link(found) for found in before], [link(found) for found in onwards], bool(onwards[-1].next_set_id)
    )


def _onwards(here: MessageSet, sets: dict[int, MessageSet]) -> Iterator[MessageSet]:
    seen: set[int] = set()
    step: MessageSet | None = here
    while step is not None and step.pk not in seen:
        seen.add(step.pk)
        yield step
        step = sets.get(step.next_set_id) if step.next_set_id is not None else None


def _stages(keys: list[int]) -> dict[int, int]:
    counted = Message.objects.filter(messageset__in=keys).order_by().values_list("messageset")
    return dict(counted.annotate(Count("sequence_number", distinct=True)))
