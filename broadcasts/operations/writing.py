"""Drafts: what is to be said, to whom, how."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction

from broadcasts.errors import BroadcastError, NotNow
from broadcasts.models import Broadcast, Text
from outbox.channels import Refusal, channel, channel_names

State, Audience = Broadcast.State, Broadcast.Audience
#: In these states what it says may still change; whoever changes it prepares it anew.
OPEN = (State.DRAFT, State.READY)
_AUDIENCE_FIELD = {Audience.GROUP: "group", Audience.SET: "messageset", Audience.LIST: "upload"}


def check(broadcast: Broadcast, texts: Mapping[str, str]) -> None:
    """Raise BroadcastError, naming each field, for what cannot be sent."""
    errors = _audience_errors(broadcast) | _hours_errors(broadcast) | _way_errors(broadcast)
    if not errors:
        errors = _text_errors(broadcast, texts)
    if errors:
        raise BroadcastError(errors)


def _audience_errors(broadcast: Broadcast) -> dict[str, list[str]]:
    name = _AUDIENCE_FIELD.get(Audience(broadcast.audience), "audience")
    return {} if getattr(broadcast, name) else {name: ["Say to whom it goes."]}


def _hours_errors(broadcast: Broadcast) -> dict[str, list[str]]:
    if (broadcast.not_before is None) != (broadcast.not_after is None):
        return {"not_after": ["Give both times, or none."]}
    if broadcast.not_before is not None and broadcast.not_before == broadcast.not_after:
        return {"not_after": ["Between these times there is none."]}
    return {}


def _way_errors(broadcast: Broadcast) -> dict[str, list[str]]:
    if broadcast.channel not in channel_names():
        return {"channel": ["This installation has no such channel."]}
    if broadcast.gateway and broadcast.gateway not in channel(broadcast.channel).gateways():
        return {"gateway": ["The channel has no such gateway."]}
    return {}


def _text_errors(broadcast: Broadcast, texts: Mapping[str, str]) -> dict[str, list[str]]:
    if not texts:
        return {"texts": ["Write a text in at least one language."]}
    if broadcast.default_language and broadcast.default_language not in texts:
        return {"default_language": ["There is no text in this language."]}
    for lang, text in texts.items():
        found = channel(broadcast.channel).examine(text, {})
        if "\x00" in text or isinstance(found, Refusal):
            why = found.detail if isinstance(found, Refusal) else "It holds a NUL."
            return {"texts": [f"{lang}: {why}"]}
    return {}


@transaction.atomic
def save(*, broadcast: Broadcast, texts: Mapping[str, str]) -> Broadcast:
    """Write a draft with its texts. One that was prepared is a draft again. Raises BroadcastError, NotNow."""
    check(broadcast, texts)
    if not broadcast._state.adding:
        stored = Broadcast.objects.select_for_update().get(pk=broadcast.pk)
        if stored.state not in OPEN:
            raise NotNow("It is on its way already: only a draft can be changed.")
        _forget_preparation(broadcast)
    broadcast.save()
    broadcast.texts.all().delete()
    Text.objects.bulk_create(Text(broadcast=broadcast, lang=lang, text=text) for lang, text in texts.items())
    return broadcast


def _forget_preparation(broadcast: Broadcast) -> None:
    broadcast.state, broadcast.cursor, broadcast.total, broadcast.summary = State.DRAFT, "", 0, {}
    broadcast.problems, broadcast.problem_count, broadcast.prepared_at = [], 0, None
    broadcast.recipients.all().delete()


@transaction.atomic
def remove(*, broadcast: Broadcast) -> None:
    """Delete a draft, or one that was prepared. Raises NotNow: what was sent stays on record."""
    stored = Broadcast.objects.select_for_update().get(pk=broadcast.pk)
    if stored.state not in OPEN:
        raise NotNow("What has been sent stays on record.")
    if stored.upload:
        stored.upload.delete(save=False)
    stored.delete()
