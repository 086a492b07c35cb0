"""What a text costs, told while it is being written: said by the set's channel, as when it is sent."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import asdict, dataclass
from typing import Any

from django.http import HttpRequest, JsonResponse

from outbox.channels import Culprit, Refusal, channel, channel_names
from outbox.prices import money, price
from stagebased.models import MessageSet
from stagebased.operations.content import text_problem

#: Texts in one question: those of a page.
MOST_TEXTS = 5000


@dataclass(frozen=True)
class Odd:
    """A character that makes the text dearer or keeps it from being sent, as people call it."""

    character: str
    name: str
    times: int
    #: None: nothing looks alike. Empty: it can be left out.
    replacement: str | None


@dataclass(frozen=True)
class Count:
    """What is shown beside a text. ``parts`` is 0 for what cannot be sent; ``problem`` says why it cannot."""

    characters: int
    parts: int = 0
    encoding: str = ""
    left: int = 0
    cost: str = ""
    problem: str = ""
    odd: tuple[Odd, ...] = ()


def count(text: str, channel_name: str) -> Count:
    """The cost of a text on that channel, and what stands in its way."""
    if not text.strip():
        return Count(len(text))
    if channel_name not in channel_names():
        return Count(len(text), problem=f"There is no channel {channel_name}.")
    told = channel(channel_name).explain(text, {})
    parts = 0 if isinstance(told.cost, Refusal) else told.cost
    amount = price(channel_name, parts)
    return Count(
        characters=len(text),
        parts=parts,
        encoding=told.encoding,
        left=told.left,
        cost="" if amount is None else money(amount),
        problem=text_problem(text, channel_name) or "",
        odd=tuple(_odd(culprit) for culprit in told.culprits),
    )


def _odd(culprit: Culprit) -> Odd:
    name = unicodedata.name(culprit.character, f"U+{ord(culprit.character):04X}").lower()
    return Odd(culprit.character, name, culprit.times, culprit.replacement)


class Unclear(ValueError):
    """The question is not one that ``answer`` understands."""


def answer(request: HttpRequest) -> JsonResponse:
    """``{"texts": […], "set": id}`` or ``{"texts": […], "channel": name}``; a count for each, in order."""
    try:
        texts, name = _asked(request.body)
    except Unclear as error:
        return JsonResponse({"detail": str(error)}, status=400)
    return JsonResponse({"counts": [asdict(count(text, name)) for text in texts]})


def _asked(body: bytes) -> tuple[list[str], str]:
    try:
        question = json.loads(body)
    except ValueError:
        raise Unclear("Not JSON.") from None
    if not isinstance(question, dict):
        raise Unclear("Not an object.")
    texts = question.get("texts")
    if (
        not isinstance(texts, list)
        or len(texts) > MOST_TEXTS
        or not all(isinstance(text, str) for text in texts)
    ):
        raise Unclear(f"texts: at most {MOST_TEXTS} texts.")
    return texts, _channel_name(question)


def _channel_name(question: dict[str, Any]) -> str:
    name, key = question.get("channel"), question.get("set")
    if isinstance(name, str):
        return name
    if not str(key).isdecimal() or len(str(key)) > 18:
        raise Unclear("Name a set or a channel.")
    found = MessageSet.objects.filter(pk=int(str(key))).values_list("channel", flat=True).first()
    if found is None:
        raise Unclear("There is no such set.")
    return found
