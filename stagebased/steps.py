"""What a subscription gets at a slot and where it is afterwards: one rule for all who ask.

The planner, sending at once, repeating and the simulation use these functions.

The rule works on ``Programme`` records, a set's content as loaded by
``stagebased.programmes``; it asks the channel whether the text can go out and
touches nothing else.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import time, timedelta
from functools import cached_property
from typing import Any, NamedTuple

from outbox.channels import Channel, Refusal, channel, channel_names

QUEUED, FAILED, SKIPPED = "queued", "failed", "skipped"


class Start(NamedTuple):
    """Where a subscription that has ended goes on."""

    messageset_id: int
    schedule_id: int
    position: int


@dataclass(frozen=True)
class Content:
    """One message in one language. ``file`` is the address of its audio or picture, or empty."""

    text: str
    file: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    #: The id of its record; empty for what has not been published.
    revision: str = ""
    #: The id of the message.
    key: int = 0


@dataclass(frozen=True)
class Programme:
    """A message set with its content, as it is at one moment."""

    id: int
    short_name: str
    #: The set's edition: whoever has the same one has the same numbers.
    edition: int = 0
    #: False while the set is in preparation: then nothing of it is sent.
    active: bool = True
    #: Nobody may run on it twice at the same time.
    one_active: bool = False
    #: Message number, then language.
    messages: Mapping[int, Mapping[str, Content]] = field(default_factory=dict)
    #: What somebody who joins gets at once, by language; only where it was asked for.
    greetings: Mapping[str, Content] = field(default_factory=dict)
    channel: str = "sms"
    gateway: str = ""
    audio: bool = False
    fall_back: bool = False
    fallback_languages: Sequence[str] = ()
    default_language: str = ""
    not_before: time | None = None
    not_after: time | None = None
    grace: timedelta | None = None
    #: What is sent of slots that an outage kept back: latest, spaced or skip.
    catch_up: str = "latest"
    spacing: timedelta = timedelta(hours=1)
    spread: timedelta | None = None
    follow_up: Start | None = None

    @cached_property
    def numbers(self) -> list[int]:
        """The existing message numbers, in order, of all languages together."""
        return sorted(self.messages)

    def after(self, number: int) -> int | None:
        """The next existing number after this one."""
        return _at(self.numbers, bisect_right(self.numbers, number))

    def at_or_after(self, number: int) -> int | None:
        return _at(self.numbers, bisect_left(self.numbers, number))

    def before(self, number: int) -> int | None:
        """The last existing number before this one."""
        return _at(self.numbers, bisect_left(self.numbers, number) - 1)


def _at(numbers: list[int], index: int) -> int | None:
    return numbers[index] if 0 <= index < len(numbers) else None


@dataclass(frozen=True)
class Step:
    """What one slot brings.

    ``state`` is the delivery's: *queued* with text and options, or *failed* or
    *skipped* with ``reason`` and ``detail``. ``position`` is the subscription's
    afterwards; with ``completes`` it has ended, and goes on at ``follow_up`` if
    there is one.
    """

    state: str
    position: int
    number: int = 0
    lang: str = ""
    text: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    parts: int = 0
    channel: str = ""
    gateway: str = ""
    address_kind: str = ""
    reason: str = ""
    detail: str = ""
    #: Whether what was to go before the next message is part of the text.
    prepended: bool = False
    completes: bool = False
    follow_up: Start | None = None
    #: What is left of the subscription's detour; None: it had none, or it stays.
    detour: tuple[str, ...] | None = None

    def withheld(self, state: str, position: int, reason: str, detail: str) -> Step:
        """The same without its message: nothing goes out and the position stays."""
        return replace(
            self,
            state=state,
            position=position,
            reason=reason,
            detail=detail,
            text="",
            parts=0,
            completes=False,
            follow_up=None,
            detour=None,
        )


def step(programme: Programme, position: int, lang: str, *, prepend: str | None = None) -> Step:
    """What somebody at ``position`` who reads ``lang`` gets next.

    A number that exists in no language is passed over. Past the end the
    subscription completes without a message. What cannot be sent is *failed*
    and the position stays, so that a mended cause heals by itself. ``prepend``
    is text (for audio, an address) to go before the message.
    """
    number = programme.at_or_after(position)
    if number is not None:
        return _advance(programme, message(programme, number, lang, prepend=prepend), position)
    if not programme.numbers:
        return _failed(programme, position, "no_message", f"The set {programme.short_name} has no messages.")
    ended = f"{position} is past the last message of {programme.short_name}, {programme.numbers[-1]}."
    return replace(
        _failed(programme, position, "past_end", ended),
        state=SKIPPED,
        completes=True,
        follow_up=programme.follow_up,
    )


def pass_by(programme: Programme, position: int) -> Step:
    """Where a slot in which all went well takes somebody from ``position``, whatever the message was."""
    number = programme.at_or_after(position)
    if number is not None:
        return _advance(programme, Step(QUEUED, number, number), position)
    ended = bool(programme.numbers)
    return Step(SKIPPED, position, completes=ended, follow_up=programme.follow_up if ended else None)


def let_go(programme: Programme, found: Step, position: int) -> Step:
    """A step without a message for somebody whose position follows a date: its number is over even so."""
    number = programme.at_or_after(position)
    if number is None:
        return found
    gone = _advance(programme, Step(QUEUED, number, number), position)
    return replace(found, position=gone.position, completes=gone.completes, follow_up=gone.follow_up)


def _advance(programme: Programme, sent: Step, position: int) -> Step:
    if sent.state != QUEUED:
        return replace(sent, position=position)
    following = programme.after(sent.number)
    if following is not None:
        return replace(sent, position=following)
    # The number of the last message stays on a completed subscription, as hubs know it.
    return replace(sent, completes=True, follow_up=programme.follow_up)


def repeat(programme: Programme, position: int, lang: str, *, completed: bool) -> Step:
    """The message that came last again: the one before ``position``, at the beginning the first.

    A completed subscription's position is that of its last message.
    """
    number = programme.before(position + 1 if completed else position)
    if number is None:
        number = programme.at_or_after(position)
    if number is None:
        return _failed(programme, position, "no_message", f"The set {programme.short_name} has no messages.")
    return replace(message(programme, number, lang), position=position)


def message(programme: Programme, number: int, lang: str, *, prepend: str | None = None) -> Step:
    """That message for somebody who reads ``lang``, ready for its channel, or why there is none."""
    by_language = programme.messages[number]
    found = _spoken(programme, lang, by_language)
    if found is None:
        missing = f"Message {number} of {programme.short_name} is missing in {lang}."
        return _failed(programme, number, "no_message", missing)
    return _examined(programme, number, found, by_language[found], prepend)


def greeting(programme: Programme, position: int, lang: str) -> Step:
    """What somebody who joins gets at once; the position stays."""
    found = _spoken(programme, lang, programme.greetings)
    if found is None:
        missing = f"The welcome of {programme.short_name} is missing in {lang}."
        return _failed(programme, position, "no_message", missing)
    step = _examined(programme, 0, found, programme.greetings[found], None)
    return replace(step, position=position)


def _spoken(programme: Programme, lang: str, by_language: Mapping[str, Content]) -> str | None:
    return next((tongue for tongue in languages(programme, lang) if tongue in by_language), None)


def languages(programme: Programme, lang: str) -> Iterator[str]:
    """The languages in which a message may be sent to somebody who reads ``lang``, best first."""
    yield lang
    if programme.fall_back:
        yield lang[:-3] if lang[-3:-2] in ("_", "-") else lang
        yield from programme.fallback_languages
        if programme.default_language:
            yield programme.default_language


def _examined(programme: Programme, number: int, lang: str, content: Content, prepend: str | None) -> Step:
    what = f"Message {number}" if number else "The welcome"
    where = f"{what} of {programme.short_name} in {lang}"
    found = _channel(programme)
    if isinstance(found, Refusal):
        return _failed(programme, number, found.code, found.detail)
    if not programme.active:
        return _failed(programme, number, "in_preparation", f"{programme.short_name} is in preparation.")
    text, options = _composed(programme, content, prepend)
    if not text and not content.file:
        return _failed(programme, number, "empty_text", f"{where} is empty.")
    options["message"] = {"set": programme.short_name, "number": number, "lang": lang}
    if content.revision:
        options["message"]["revision"] = content.revision
    parts = found.examine(text, options)
    if isinstance(parts, Refusal):
        return _failed(programme, number, parts.code, f"{where}: {parts.detail}")
    return Step(
        state=QUEUED,
        position=number,
        number=number,
        lang=lang,
        text=text,
        options=options,
        parts=parts,
        channel=programme.channel,
        gateway=programme.gateway or found.default_gateway,
        address_kind=found.address_kind,
        prepended=bool(prepend),
    )


def _composed(programme: Programme, content: Content, prepend: str | None) -> tuple[str, dict[str, Any]]:
    """Text and options. What goes before is a line of its own, or the first of the audio addresses."""
    options: dict[str, Any] = {}
    if content.metadata:
        options["metadata"] = content.metadata
    if programme.audio:
        options["audio"] = [address for address in (prepend, content.file) if address]
        return "", options
    if content.file:
        options["image"] = content.file
    text = content.text.strip() and content.text
    return "\n".join(part for part in (prepend, text) if part), options


def _channel(programme: Programme) -> Channel | Refusal:
    if programme.channel not in channel_names():
        detail = f"{programme.short_name} goes by {programme.channel!r}, a channel that is not installed."
        return Refusal("unknown_channel", detail)
    found = channel(programme.channel)
    if programme.gateway and programme.gateway not in found.gateways():
        detail = f"{programme.short_name} goes by {programme.gateway!r}, a gateway that is not installed."
        return Refusal("unknown_gateway", detail)
    return found


def _failed(programme: Programme, position: int, reason: str, detail: str) -> Step:
    name = programme.channel
    known = channel(name) if name in channel_names() else None
    return Step(
        state=FAILED,
        position=position,
        channel=name,
        gateway=programme.gateway or (known.default_gateway if known else name),
        address_kind=known.address_kind if known else "",
        reason=reason,
        detail=detail,
    )
