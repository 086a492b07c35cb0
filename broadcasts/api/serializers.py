"""What callers send and get: each field by name, nothing of the model by itself."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from broadcasts.figures import cost, progress
from broadcasts.models import Broadcast, Recipient
from contacts.models import validate_language, validate_timezone

#: Identities in one call.
MOST_MEMBERS = 10_000


class BroadcastInput(serializers.Serializer):
    """A draft. ``audience`` is told by which of ``group`` and ``messageset`` is given; neither: a list."""

    name = serializers.CharField(max_length=100)
    channel = serializers.ChoiceField(choices=Broadcast.Channel.choices, default=Broadcast.Channel.SMS)
    gateway = serializers.CharField(max_length=32, allow_blank=True, default="")
    group = serializers.IntegerField(min_value=1, max_value=2**63 - 1, allow_null=True, default=None)
    messageset = serializers.IntegerField(min_value=1, max_value=2**63 - 1, allow_null=True, default=None)
    texts = serializers.DictField(
        child=serializers.CharField(max_length=10_000, trim_whitespace=False), allow_empty=False
    )
    default_language = serializers.CharField(
        max_length=6, allow_blank=True, default="", validators=[validate_language]
    )
    per_minute = serializers.IntegerField(min_value=1, max_value=2**31 - 1, allow_null=True, default=None)
    not_before = serializers.TimeField(allow_null=True, default=None)
    not_after = serializers.TimeField(allow_null=True, default=None)
    timezone = serializers.CharField(max_length=64, default="UTC", validators=[validate_timezone])

    def validate_texts(self, texts: dict[str, str]) -> dict[str, str]:
        for lang in texts:
            validate_language(lang)
        return texts


class UploadInput(serializers.Serializer):
    file = serializers.FileField()


class GroupInput(serializers.Serializer):
    name = serializers.CharField(max_length=100)


class MembersInput(serializers.Serializer):
    add = serializers.ListField(child=serializers.UUIDField(), max_length=MOST_MEMBERS, default=list)
    remove = serializers.ListField(child=serializers.UUIDField(), max_length=MOST_MEMBERS, default=list)


def broadcast_out(broadcast: Broadcast) -> dict[str, Any]:
    """As lists show it: what is counted anew at each look is left out."""
    return {
        "id": broadcast.pk,
        "name": broadcast.name,
        "state": broadcast.state,
        "channel": broadcast.channel,
        "gateway": broadcast.gateway,
        "audience": broadcast.audience,
        "group": broadcast.group_id,
        "messageset": broadcast.messageset_id,
        "texts": {one.lang: one.text for one in broadcast.texts.all()},
        "default_language": broadcast.default_language,
        "per_minute": broadcast.per_minute,
        "not_before": broadcast.not_before,
        "not_after": broadcast.not_after,
        "timezone": broadcast.timezone,
        "total": broadcast.total,
        "dealt_with": broadcast.dealt_with,
        "created_at": broadcast.created_at,
        "prepared_at": broadcast.prepared_at,
        "started_at": broadcast.started_at,
        "finished_at": broadcast.finished_at,
    }


def whole_broadcast_out(broadcast: Broadcast) -> dict[str, Any]:
    """With count, cost and progress."""
    counted, got = cost(broadcast), progress(broadcast)
    return broadcast_out(broadcast) | {
        "cost": {
            "languages": {
                line.lang: {"people": line.people, "parts_each": line.parts, "parts": line.all_parts}
                for line in counted.lines
            },
            "left_out": counted.reasons,
            "parts": counted.parts,
            "amount": None if counted.amount is None else str(counted.amount),
            "currency": counted.currency,
        },
        "progress": {
            "ahead": got.ahead, "left_out": got.left_out, "waiting": got.waiting, "handed": got.handed,
            "sent": got.sent, "delivered": got.delivered, "failed": got.failed, "stopped": got.stopped,
        },
        "unread_lines": {"count": broadcast.problem_count, "first": broadcast.problems},
    }  # fmt: skip


def recipient_out(recipient: Recipient) -> dict[str, Any]:
    return {
        "id": recipient.pk,
        "identity": recipient.contact_id,
        "address": recipient.address,
        "lang": recipient.lang,
        "left_out": recipient.reason,
    }
