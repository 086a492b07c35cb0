"""What a channel is, and how one is found.

A channel turns claimed deliveries into something outside: a file in a spool,
a notice in an inbox. It is named in ``settings.OUTBOX_CHANNELS`` by dotted
path, so a new one needs no change here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from django.conf import settings
from django.utils.module_loading import import_string

from outbox.models import Gateway


class Outgoing(NamedTuple):
    """What a channel is told of one delivery. A model instance of each would cost as much as its file."""

    #: Also the name under which the channel hands it over, so that a repeat can be recognised.
    id: UUID
    address: str
    text: str
    #: Only to be read: deliveries with the same ones share them.
    options: Mapping[str, Any]
    priority: int
    #: Counted before the work: 1 at the first try.
    attempts: int
    expires_at: datetime | None
    created_by_id: int | None


@dataclass(frozen=True)
class Refusal:
    """Why one delivery was not handed over. ``retryable``: try again later, else it has failed."""

    code: str
    detail: str = ""
    retryable: bool = False


@dataclass
class HandOver:
    """What became of a batch. Every delivery of the batch is in exactly one of the fields."""

    handed: list[UUID] = field(default_factory=list)
    #: Arrived at once (an in-app notice): goes straight to *delivered*.
    delivered: list[UUID] = field(default_factory=list)
    refused: dict[UUID, Refusal] = field(default_factory=dict)


@dataclass(frozen=True)
class Culprit:
    """A character that makes a text dearer or keeps it from going out, and what could stand for it.

    ``replacement`` may be empty text; None when nothing looks alike.
    """

    character: str
    times: int
    replacement: str | None


@dataclass(frozen=True)
class Measure:
    """What a text costs on a channel, for the person who is writing it.

    ``cost`` is exactly what ``examine`` answers. ``encoding`` and what follows
    belong to channels that count in units of an alphabet; elsewhere they are empty.
    """

    cost: int | Refusal
    encoding: str = ""
    units: int = 0
    #: How many units more fit without another part.
    left: int = 0
    culprits: tuple[Culprit, ...] = ()


class GatewayUnavailable(Exception):
    """The whole gateway cannot take anything now (disk full, folder missing); nothing was handed over."""


class Channel(Protocol):
    """The interface of a channel. Stateless; one instance serves all threads."""

    #: Kind of contact address it needs: an ``Address.Kind`` value, or "account" for the contact's user.
    address_kind: str
    #: Gateway used when nothing else is said.
    default_gateway: str

    def gateways(self) -> list[str]:
        """Names of the gateways this installation has for the channel."""

    def queue(self, gateway: str) -> str:
        """The Celery queue whose workers can reach the gateway (its spool belongs to one host)."""

    def examine(self, text: str, options: dict[str, Any]) -> int | Refusal:
        """How many parts the text costs, or why it can never go out. Pure, so results may be reused."""

    def explain(self, text: str, options: dict[str, Any]) -> Measure:
        """The same with what leads to it."""

    def room(self, gateway: Gateway, *, urgent: bool = False) -> int:
        """How many more deliveries the gateway should be given now.

        ``urgent``: how many replies, for which a channel may keep a little room
        over what all others can fill. Raises GatewayUnavailable when it cannot take any.
        """

    def hand_over(self, gateway: Gateway, deliveries: Sequence[Outgoing]) -> HandOver:
        """Hand the deliveries over, each at most once.

        Called inside the transaction that records the result, with the rows
        locked. ``delivery.attempts > 1`` means an earlier worker may already
        have handed it over: look before doing it again. Raises
        GatewayUnavailable when nothing could be handed over.
        """

    def collect(self, gateway: Gateway) -> int:
        """Take in what the gateway has brought back (fates, replies); how many items that were.

        Safe to call from several workers at once; a channel without news returns 0.
        """


@cache
def _channel(path: str) -> Channel:
    return import_string(path)()


def channel(name: str) -> Channel:
    """The channel of that name; KeyError when the installation has none."""
    return _channel(settings.OUTBOX_CHANNELS[name])


def channel_names() -> list[str]:
    return list(settings.OUTBOX_CHANNELS)
