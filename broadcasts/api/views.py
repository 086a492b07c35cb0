"""Broadcasts for programs: pure translation into operations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.http import Http404
from rest_framework import serializers, status
from rest_framework.exceptions import ValidationError
from rest_framework.parsers import MultiPartParser
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.errors import BodyTooLarge, Conflict, refuse
from accounts.api.pagination import EnvelopePagination
from accounts.models import User
from accounts.permissions import HasScope
from broadcasts import operations
from broadcasts.api.serializers import (
    BroadcastInput,
    GroupInput,
    MembersInput,
    UploadInput,
    broadcast_out,
    recipient_out,
    whole_broadcast_out,
)
from broadcasts.errors import BroadcastError, NotNow
from broadcasts.models import Broadcast, Recipient
from contacts.models import Group
from contacts.operations import add_members, remove_members
from stagebased.models import MessageSet

Audience = Broadcast.Audience
#: Path → what it does.
STEPS: dict[str, Callable[..., Broadcast]] = {
    "prepare": operations.prepare,
    "start": operations.start,
    "pause": operations.pause,
    "resume": operations.resume,
    "cancel": operations.cancel,
    "resend": operations.resend_failures,
}


class HasRight(BasePermission):
    """Broadcasts reach many people at once: an account needs the right for them, also with a token."""

    def has_permission(self, request: Request, view: Any) -> bool:
        right = view.right_to_look if request.method in SAFE_METHODS else view.right_to_write
        return bool(request.user and request.user.has_perm(right))


class BroadcastView(APIView):
    token_scope = "broadcasts"  # noqa: S105 - a scope, not a secret
    permission_classes = [HasScope, HasRight]
    right_to_look = "broadcasts.view_broadcast"
    right_to_write = "broadcasts.change_broadcast"

    def read(self, form: type[serializers.Serializer], **options: Any) -> dict[str, Any]:
        """The body, checked. Raises ValidationError."""
        checked = form(data=self.request.data, **options)
        checked.is_valid(raise_exception=True)
        return checked.validated_data

    def page(self, rows: Any, show: Callable[[Any], Any]) -> Response:
        paginator = EnvelopePagination()
        found = paginator.paginate_queryset(rows, self.request, self)
        return paginator.get_paginated_response([show(row) for row in found])

    def found(self, pk: UUID) -> Broadcast:
        broadcast = Broadcast.objects.filter(pk=pk).first()
        if broadcast is None:
            raise Http404
        return broadcast

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, NotNow):
            exc = Conflict(str(exc))
        elif isinstance(exc, BroadcastError):
            exc = ValidationError({name or "non_field_errors": texts for name, texts in exc.errors.items()})
        return super().handle_exception(exc)


class Broadcasts(BroadcastView):
    def get(self, request: Request) -> Response:
        return self.page(Broadcast.objects.prefetch_related("texts").order_by("-pk"), broadcast_out)

    def post(self, request: Request) -> Response:
        broadcast = Broadcast(created_by=cast(User, request.user))
        write(broadcast, self.read(BroadcastInput))
        return Response(whole_broadcast_out(broadcast), status=status.HTTP_201_CREATED)


class OneBroadcast(BroadcastView):
    def get(self, request: Request, pk: UUID) -> Response:
        return Response(whole_broadcast_out(self.found(pk)))

    def put(self, request: Request, pk: UUID) -> Response:
        broadcast = self.found(pk)
        write(broadcast, self.read(BroadcastInput))
        return Response(whole_broadcast_out(broadcast))

    def delete(self, request: Request, pk: UUID) -> Response:
        operations.remove(broadcast=self.found(pk))
        return Response(status=status.HTTP_204_NO_CONTENT)


def write(broadcast: Broadcast, given: dict[str, Any]) -> None:
    """Save a draft as it was described. Raises ValidationError for a group or set that does not exist."""
    texts, group, messageset = given.pop("texts"), given.pop("group"), given.pop("messageset")
    for name, value in given.items():
        setattr(broadcast, name, value)
    if group is not None and messageset is not None:
        raise refuse("messageset", "Give a group or a message set, not both.")
    broadcast.group = _existing(Group, "group", group)
    broadcast.messageset = _existing(MessageSet, "messageset", messageset)
    broadcast.audience = Audience.GROUP if group else Audience.SET if messageset else Audience.LIST
    operations.save(broadcast=broadcast, texts=texts)


def _existing(model: Any, name: str, key: int | None) -> Any:
    if key is None:
        return None
    found = model.objects.filter(pk=key).first()
    if found is None:
        raise refuse(name, f'Invalid pk "{key}" - object does not exist.')
    return found


class UploadList(BroadcastView):
    """The numbers of a draft that goes to a list: a file with one on each line."""

    parser_classes = [MultiPartParser]

    def put(self, request: Request, pk: UUID) -> Response:
        broadcast, upload = self.found(pk), self.read(UploadInput)["file"]
        if upload.size > settings.MAX_UPLOAD_BYTES:
            raise BodyTooLarge
        texts = {one.lang: one.text for one in broadcast.texts.all()}
        broadcast.upload, broadcast.audience = upload, Audience.LIST
        broadcast.group = broadcast.messageset = None
        operations.save(broadcast=broadcast, texts=texts)
        return Response(whole_broadcast_out(broadcast))


class Recipients(BroadcastView):
    def get(self, request: Request, pk: UUID) -> Response:
        rows = Recipient.objects.filter(broadcast=self.found(pk)).order_by("pk")
        return self.page(rows, recipient_out)


class TakeStep(BroadcastView):
    """``prepare``, ``start``, ``pause``, ``resume``, ``cancel``, ``resend``."""

    def post(self, request: Request, pk: UUID, step: str) -> Response:
        if step not in STEPS:
            raise Http404
        self.found(pk)
        return Response(whole_broadcast_out(STEPS[step](broadcast_id=pk)), status=status.HTTP_202_ACCEPTED)


class Groups(BroadcastView):
    right_to_look = "contacts.view_group"
    right_to_write = "contacts.change_group"

    def get(self, request: Request) -> Response:
        return self.page(Group.objects.order_by("pk"), group_out)

    def post(self, request: Request) -> Response:
        name = self.read(GroupInput)["name"]
        try:
            with transaction.atomic():
                group = Group.objects.create(name=name, created_by=cast(User, request.user))
        except IntegrityError:
            raise refuse("name", "There is a group of that name already.", "unique") from None
        return Response(group_out(group), status=status.HTTP_201_CREATED)


def group_out(group: Group) -> dict[str, Any]:
    return {"id": group.pk, "name": group.name, "created_at": group.created_at}


class Members(BroadcastView):
    """Putting people into a group and taking them out, by identity."""

    right_to_look = "contacts.view_group"
    right_to_write = "contacts.change_group"

    def post(self, request: Request, pk: int) -> Response:
        group = Group.objects.filter(pk=pk).first() if pk < 2**63 else None
        if group is None:
            raise Http404
        wanted = self.read(MembersInput)
        added = add_members(group=group, contact_ids=wanted["add"])
        removed = remove_members(group=group, contact_ids=wanted["remove"])
        return Response({"added": added, "removed": removed})
