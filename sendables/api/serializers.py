"""Bodies: what a send and a selection carry. Shape is checked here, meaning by policies and operations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils import timezone
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied

from sendables import operations
from sendables.api.fields import KeyListField, content_fields
from sendables.api.policies import get_valid_items_lenient
from sendables.entities import Entity, EntitySettings, entity
from sendables.operations.postings import post, send_to_many
from sendables.selectors.audience import named


class EntitySerializer(serializers.Serializer):
    """Knows its entity from the context's ``entity_name``."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind: Entity = entity(self.context["entity_name"])
        self.entity_settings: EntitySettings = self.kind.settings

    @property
    def caller(self) -> Any:
        return self.context["request"].user


class SendSerializer(EntitySerializer):
    """The body of a send: the content model's fields and who shall get it.

    ``recipient_<key>s`` lists people. Administrators may instead name
    ``recipient_groups`` or say ``everybody``. Where the entity has SCHEDULING,
    ``publish_at`` and ``expires_at`` are moments in ISO 8601.
    """

    item_entity_name = "recipient"
    #: What was sent, after ``save``; None when it is kept for later or goes to groups.
    sent: operations.Sent | None = None

    @property
    def item_key_name(self) -> str:
        return str(self.entity_settings.PARTICIPANT_KEY_NAME)

    @property
    def items_field_name(self) -> str:
        return f"recipient_{self.item_key_name}s"

    @property
    def allow_self(self) -> bool:
        setting = self.entity_settings.ALLOW_SEND_TO_SELF
        return bool(setting(self.context["request"]) if callable(setting) else setting)

    def get_fields(self) -> dict[str, serializers.Field]:
        fields = content_fields(self.kind)
        if self.wants_many():
            fields["recipient_groups"] = serializers.ListField(
                child=serializers.CharField(), required=False, allow_empty=False, max_length=1000
            )
            fields["everybody"] = serializers.BooleanField(required=False)
        else:
            fields[self.items_field_name] = KeyListField(
                child=self.entity_settings.PARTICIPANT_KEY_TYPE(),
                max_length=self.entity_settings.MAX_RECIPIENTS,
            )
        if self.entity_settings.SCHEDULING:
            fields["publish_at"] = serializers.DateTimeField(required=False)
            fields["expires_at"] = serializers.DateTimeField(required=False)
        return fields

    def wants_many(self) -> bool:
        """Whether the body addresses groups or everybody instead of listing people."""
        body: Any = getattr(self, "initial_data", None)
        if not hasattr(body, "get"):
            return False
        told = body.get("everybody")
        everybody = isinstance(told, bool | str) and told in serializers.BooleanField.TRUE_VALUES
        return everybody or "recipient_groups" in body

    def to_internal_value(self, data: Any) -> Any:
        if self.wants_many() and not self.caller.is_staff:
            raise PermissionDenied("Only administrators may send to groups or to everybody.")
        return super().to_internal_value(data)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        check_times(attrs.get("publish_at"), attrs.get("expires_at"))
        return attrs

    def sent_fields(self) -> dict[str, Any]:
        """The content's own values, as they are stored."""
        names = [*self.entity_settings.SENT_FIELD_NAMES, *self.entity_settings.OPTIONAL_FIELD_NAMES]
        return {name: self.validated_data[name] for name in names if name in self.validated_data}

    def echo(self) -> dict[str, Any]:
        """The content's own values, as the answer repeats them."""
        fields = self.fields
        return {name: fields[name].to_representation(value) for name, value in self.sent_fields().items()}

    def save(self, **more: Any) -> dict[str, Any]:
        """Send, and return the rest of the answer: who got it."""
        fields = {**self.sent_fields(), **more}
        data = self.validated_data
        if data.get("expires_at"):
            fields["expires_at"] = data["expires_at"]
        if self.wants_many():
            return self._send_to_many(fields, data)
        if data.get("publish_at"):
            return self._schedule(fields, data)
        recipients = self.valid_recipients()
        self.sent = operations.send(
            entity_name=self.kind.name,
            sender=self.caller,
            recipients=recipients,
            fields=fields,
            allow_self=self.allow_self,
        )
        return {self.items_field_name: self.keys_of(self.sent.reached)}

    def valid_recipients(self) -> Any:
        keys = self.validated_data[self.items_field_name]
        return self.entity_settings.GET_VALID_RECIPIENTS(self.context["request"], keys, self)

    def keys_of(self, ids: list[Any]) -> list[Any]:
        """What the outside knows these users by, in id order."""
        if self.item_key_name == "id":
            return ids
        users = named(ids).order_by("pk")
        return list(users.values_list(self.item_key_name, flat=True))

    def _schedule(self, fields: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
        ids = sorted(self.valid_recipients().values_list("pk", flat=True))
        if not ids:
            raise operations.NoRecipients
        self._post({"ids": ids}, fields, data)
        return {self.items_field_name: self.keys_of(ids), "publish_at": data["publish_at"].isoformat()}

    def _post(self, audience: dict[str, Any], fields: dict[str, Any], data: dict[str, Any]) -> Any:
        return post(
            entity_name=self.kind.name,
            posted_by=self.caller,
            fields=fields,
            audience=audience,
            publish_at=data["publish_at"],
            allow_self=self.allow_self,
        )

    def _send_to_many(self, fields: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
        groups = data.get("recipient_groups")
        audience: dict[str, Any] = {"groups": groups} if groups else {"everybody": True}
        if data.get("publish_at"):
            self._post(audience, fields, data)
            return {**_named(audience), "publish_at": data["publish_at"].isoformat()}
        count = send_to_many(
            entity_name=self.kind.name,
            posted_by=self.caller,
            fields=fields,
            audience=audience,
            allow_self=self.allow_self,
        )
        return {**_named(audience), "recipient_count": count}


def _named(audience: dict[str, Any]) -> dict[str, Any]:
    return {"recipient_groups": audience["groups"]} if "groups" in audience else {"everybody": True}


class SelectSerializer(EntitySerializer):
    """The body of an action on several: ``<entity>_<key>s``."""

    def __init__(self, *args: Any, of_sender: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.of_sender = of_sender

    @property
    def item_entity_name(self) -> str:
        return self.kind.name

    @property
    def item_key_name(self) -> str:
        """Where a row handed to GET_VALID_ITEMS has the key."""
        return str(self.entity_settings.SENDABLE_KEY_NAME) if self.of_sender else self.kind.key_path

    @property
    def items_field_name(self) -> str:
        return f"{self.kind.name}_{self.entity_settings.SENDABLE_KEY_NAME}s"

    def get_fields(self) -> dict[str, serializers.Field]:
        return {self.items_field_name: KeyListField(child=self.entity_settings.SENDABLE_KEY_TYPE())}

    def valid_keys(self) -> list[Any]:
        """The asked keys that the policy accepts; the operation passes over what is not the caller's."""
        keys: list[Any] = self.validated_data[self.items_field_name]
        policy: Callable[..., Any] = self.entity_settings.GET_VALID_ITEMS
        if policy is get_valid_items_lenient:
            return keys
        request = self.context["request"]
        if self.of_sender:
            rows = policy(request, keys, self, self.kind.content_model, "sender", removed_at=None)
        else:
            rows = policy(request, keys, self, self.kind.receipt_model, "recipient", deleted_at=None)
        return list(rows.values_list(self.item_key_name, flat=True))


def check_times(publish_at: Any, expires_at: Any) -> None:
    """Refuse what would have expired before anybody could see it."""
    from_when = max(filter(None, [publish_at, timezone.now()]))
    if expires_at is not None and expires_at <= from_when:
        raise serializers.ValidationError({"expires_at": ["This moment is not after the publication."]})
