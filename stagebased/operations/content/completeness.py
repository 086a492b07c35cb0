"""What a set lacks before people may be put on it, found by the rules by which it is sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from stagebased import programmes
from stagebased.errors import UnknownMessageSet
from stagebased.models import WELCOME, MessageSet, Subscription
from stagebased.steps import FAILED, Content, Programme, Step, greeting, languages, message


class Level(StrEnum):
    """An error keeps a set from being activated; a warning wants to be seen."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it should be. ``number`` 0 is the welcome; None: the whole set.

    ``code`` is the reason that a subscriber's delivery would fail with
    (``no_message``, ``empty_text``, ``too_long``, …), or one of ``no_messages``,
    ``gap``, ``next_set_in_preparation``.
    """

    level: Level
    code: str
    detail: str
    number: int | None = None
    lang: str = ""


def check_completeness(*, message_set_id: int, drafts: bool = False) -> list[Finding]:
    """Everything that a subscriber of this set would miss, in the order of stages and languages.

    Each stage must be there in each *active* language, that is, each in which
    the set says anything or has subscribers, or in one to which the set allows
    that language to fall back; and its channel must take it (not empty, not
    too long). ``drafts``: as if the set's drafts had been published. Raises
    UnknownMessageSet. A fixed number of statements.
    """
    programme = programmes.load([message_set_id], greetings=True, drafts=drafts).get(message_set_id)
    if programme is None:
        raise UnknownMessageSet(f"There is no message set {message_set_id}.")
    # Judged as it will be sent, also while it is in preparation.
    return list(_findings(replace(programme, active=True), active_languages(programme)))


def active_languages(programme: Programme) -> list[str]:
    """The languages in which the programme says anything, and those that its running subscribers read."""
    said = {lang for by_language in programme.messages.values() for lang in by_language}
    readers = Subscription.objects.filter(messageset=programme.id, active=True, completed=False)
    return sorted(
        {*said, *programme.greetings, *readers.order_by().values_list("lang", flat=True).distinct()}
    )


def _findings(programme: Programme, active: list[str]) -> Iterator[Finding]:
    yield from _about_the_set(programme)
    if programme.greetings:
        yield from _failures(programme, WELCOME, active, programme.greetings)
    for number in programme.numbers:
        yield from _failures(programme, number, active, programme.messages[number])


def _about_the_set(programme: Programme) -> Iterator[Finding]:
    if not programme.numbers:
        yield Finding(Level.ERROR, "no_messages", "The set has no messages.")
    elif gaps := sorted(set(range(1, programme.numbers[-1])) - set(programme.numbers)):
        listed = ", ".join(map(str, gaps[:10])) + (" …" if len(gaps) > 10 else "")
        yield Finding(Level.WARNING, "gap", f"These numbers are passed over: {listed}.")
    following = MessageSet.objects.filter(previous_sets=programme.id, state=MessageSet.State.DRAFT)
    if name := following.values_list("short_name", flat=True).first():
        detail = f"{name}, which follows, is in preparation: nobody is sent anything there yet."
        yield Finding(Level.WARNING, "next_set_in_preparation", detail)


def _failures(
    programme: Programme, number: int, active: list[str], said: Mapping[str, Content]
) -> Iterator[Finding]:
    """What goes wrong at one place; a text that several languages fall back to is judged once."""
    judged: dict[str, Step] = {}
    for lang in sorted({*active, *said}):
        spoken = next((tongue for tongue in languages(programme, lang) if tongue in said), lang)
        if spoken not in judged:
            judged[spoken] = _sent(programme, number, spoken)
            if judged[spoken].state == FAILED:
                step = judged[spoken]
                yield Finding(Level.ERROR, step.reason, step.detail, number, spoken)


def _sent(programme: Programme, number: int, lang: str) -> Step:
    return message(programme, number, lang) if number else greeting(programme, 1, lang)
