"""Identities, opt-outs and opt-ins on the wire."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from contacts.details import Description, InvalidDetails, parse_address, read_details, write_details
from contacts.models import Contact, OptIn, OptOut


def _time(moment: Any) -> str:
    return serializers.DateTimeField().to_representation(moment)


def identity_out(contact: Contact) -> dict[str, Any]:
    """An identity. Expects ``addresses`` to be prefetched, oldest first."""
    return {
        "id": str(contact.pk),
        "version": contact.version,
        "details": write_details(contact, contact.addresses.all()),
        "communicate_through": _id(contact.communicate_through_id),
        "operator": _id(contact.operator_id),
        "created_at": _time(contact.created_at),
        "created_by": contact.created_by_id,
        "updated_at": _time(contact.updated_at),
        "updated_by": contact.updated_by_id,
    }


def _id(key: Any) -> str | None:
    return None if key is None else str(key)


def opt_in_out(row: OptIn) -> dict[str, Any]:
    return {
        "id": str(row.pk),
        "identity": str(row.contact_id),
        "address_type": row.address_kind,
        "address": row.address,
        "programme": row.programme,
        "request_source": row.source,
        "requestor_source_id": row.requestor or None,
        "created_at": _time(row.created_at),
    }


def opt_out_out(row: OptOut) -> dict[str, Any]:
    return {
        "id": str(row.pk),
        "optout_type": row.kind,
        "identity": str(row.contact_id),
        "address_type": row.address_kind,
        "address": row.address,
        "programme": row.programme,
        "request_source": row.source,
        "requestor_source_id": row.requestor or None,
        "reason": row.reason or None,
        "created_at": _time(row.created_at),
    }


class DetailsField(serializers.Field):
    """The ``details`` object, taken apart."""

    default_error_messages = {"not_an_object": "Write an object."}

    def to_internal_value(self, data: Any) -> Description:
        if not isinstance(data, dict):
            self.fail("not_an_object")
        try:
            return read_details(data)
        except InvalidDetails as error:
            raise serializers.ValidationError(str(error)) from None

    def to_representation(self, value: Any) -> Any:
        raise NotImplementedError("Details are written by write_details.")


class PersonField(serializers.UUIDField):
    """The identity of a person who must exist."""

    default_error_messages = {"does_not_exist": 'Invalid pk "{pk}" - object does not exist.'}

    def to_internal_value(self, data: Any) -> Any:
        key = super().to_internal_value(data)
        if not Contact.objects.filter(pk=key).exists():
            self.fail("does_not_exist", pk=key)
        return key


class IdentityInput(serializers.Serializer):
    version = serializers.IntegerField(min_value=1, max_value=2**31 - 1, required=False)
    details = DetailsField()
    communicate_through = PersonField(required=False, allow_null=True)
    operator = PersonField(required=False, allow_null=True)


class _WordInput(serializers.Serializer):
    """What opt-outs and opt-ins have in common: whose word it is, of what, and where it was heard."""

    identity = PersonField(required=False, allow_null=True)
    address_type = serializers.CharField(max_length=16, required=False, allow_blank=True, default="")
    address = serializers.CharField(max_length=254, required=False, allow_blank=True, default="")
    programme = serializers.CharField(max_length=100, required=False, allow_blank=True, default="")
    request_source = serializers.CharField(max_length=100)
    requestor_source_id = serializers.CharField(
        max_length=500, required=False, allow_blank=True, allow_null=True
    )

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        given = bool(data["address_type"]), bool(data["address"])
        if any(given) or data.get("identity") is None:
            for name, is_there in zip(("address_type", "address"), given, strict=True):
                if not is_there:
                    raise serializers.ValidationError({name: ["This field is required."]})
        try:
            if any(given):
                data["address"] = parse_address(data["address_type"], data["address"])
        except InvalidDetails as error:
            raise serializers.ValidationError({"address": [str(error)]}) from None
        return data


class OptInInput(_WordInput):
    pass


class OptOutInput(_WordInput):
    optout_type = serializers.ChoiceField(choices=OptOut.Kind.choices, default=OptOut.Kind.STOP)
    reason = serializers.CharField(max_length=200, required=False, allow_blank=True, allow_null=True)

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        data = super().validate(data)
        if data["optout_type"] == OptOut.Kind.STOP and not data["address"]:
            raise serializers.ValidationError({"address": ["This field is required."]})
        return data


class DeliveryReportInput(serializers.Serializer):
    """The ``data`` of a delivery report: for whom, and whether it arrived."""

    identity = serializers.UUIDField(required=False, allow_null=True)
    to_addr = serializers.CharField(max_length=254, required=False, allow_null=True, allow_blank=True)
    delivered = serializers.BooleanField()
