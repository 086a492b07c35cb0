"""How a stage looks on phones, one for each language, and sending it to one's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from contacts.models import Address
from outbox.channels import channel, channel_names
from outbox.prices import money, price
from stagebased.models import WELCOME, MessageSet
from stagebased.operations.trial import as_written, own_address, stage_of
from stagebased.pages.grid import languages_of
from stagebased.steps import QUEUED, Programme, Step

#: Messages shown before the one that is looked at, as a phone would still have them.
BEFORE = 2


@dataclass(frozen=True)
class Bubble:
    """A message on a phone, or why there is none."""

    number: int
    step: Step
    is_older: bool
    cost: str = ""

    @property
    def arrives(self) -> bool:
        return self.step.state == QUEUED

    @property
    def audio(self) -> Sequence[str]:
        found: Sequence[str] = self.step.options.get("audio", ())
        return found

    @property
    def picture(self) -> str:
        return str(self.step.options.get("image", ""))

    @property
    def name(self) -> str:
        return f"stage {self.number}" if self.number else "the welcome"


@dataclass(frozen=True)
class Phone:
    """What somebody who reads ``lang`` has on the phone after this stage."""

    lang: str
    bubbles: list[Bubble]

    @property
    def latest(self) -> Bubble:
        return self.bubbles[-1]


def context(request: HttpRequest, message_set: MessageSet) -> dict[str, Any]:
    programme = as_written(message_set.pk)
    stages = ([WELCOME] if programme.greetings else []) + programme.numbers
    stage = _chosen(request.GET.get("stage", ""), stages)
    at = stages.index(stage) if stage is not None else 0
    return {
        "message_set": message_set,
        "stages": stages,
        "stage": stage,
        "earlier": stages[at - 1] if at else None,
        "later": stages[at + 1] if at + 1 < len(stages) else None,
        "phones": []
        if stage is None
        else _phones(programme, message_set, stages[max(0, at - BEFORE) : at + 1]),
        **_trial(request.user, message_set),
    }


def _chosen(text: str, stages: list[int]) -> int | None:
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
    if number in stages:
        return number
    return stages[0] if stages else None


def _phones(programme: Programme, message_set: MessageSet, numbers: list[int]) -> list[Phone]:
    return [
        Phone(lang, [_bubble(programme, number, lang, number != numbers[-1]) for number in numbers])
        for lang in languages_of(message_set)
    ]


def _bubble(programme: Programme, number: int, lang: str, is_older: bool) -> Bubble:
    step = stage_of(programme, number, lang)
    amount = price(step.channel, step.parts)
    return Bubble(number, step, is_older, "" if amount is None else money(amount))


def _trial(user: Any, message_set: MessageSet) -> dict[str, Any]:
    """Where a trial would go, and whether one's number is asked for."""
    name = message_set.channel
    by_number = name in channel_names() and channel(name).address_kind == Address.Kind.MSISDN
    return {
        "may_try": user.has_perm("stagebased.change_message"),
        "own_address": own_address(user=user, channel_name=name),
        "by_number": by_number,
    }
