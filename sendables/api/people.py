"""Views of whom the caller has blocked."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from sendables import operations
from sendables.api.base import EntityView
from sendables.api.errors import refuse
from sendables.api.fields import KeyListField
from sendables.api.paging import cut, link_header
from sendables.api.serializers import EntitySerializer
from sendables.api.shapes import participant_columns
from sendables.models import Block
from sendables.selectors.keyset import Order


class PeopleSerializer(EntitySerializer):
    """``user_<key>s``: some people."""

    @property
    def people_field_name(self) -> str:
        return f"user_{self.entity_settings.PARTICIPANT_KEY_NAME}s"

    def get_fields(self) -> dict[str, serializers.Field]:
        child = self.entity_settings.PARTICIPANT_KEY_TYPE()
        return {
            self.people_field_name: KeyListField(child=child, max_length=self.entity_settings.MAX_RECIPIENTS)
        }


class PeopleView(EntityView):
    """Does something with some people; 400 when none of them is anybody."""

    def post(self, request: Request, **kwargs: Any) -> Response:
        body = PeopleSerializer(data=request.data, context=self.serializer_context())
        body.is_valid(raise_exception=True)
        if not self.act(body.validated_data[body.people_field_name]):
            raise refuse(body.people_field_name, "No valid users.", "no_valid")
        return Response(status=status.HTTP_204_NO_CONTENT)

    def act(self, keys: list[Any]) -> int:
        raise NotImplementedError


class BlockView(PeopleView):
    view_name = "BLOCK"

    def act(self, keys: list[Any]) -> int:
        key_name = self.kind.settings.PARTICIPANT_KEY_NAME
        return operations.block(blocker=self.user, people=keys, key_name=key_name)


class UnblockView(PeopleView):
    view_name = "UNBLOCK"

    def act(self, keys: list[Any]) -> int:
        key_name = self.kind.settings.PARTICIPANT_KEY_NAME
        return operations.unblock(blocker=self.user, people=keys, key_name=key_name)


class BlockedListView(EntityView):
    """Whom the caller has blocked, the latest first."""

    view_name = "LIST_BLOCKED"

    def get(self, request: Request, **kwargs: Any) -> Response:
        columns = participant_columns(self.kind)
        order = Order(Block, [], last="pk")
        rows = Block.objects.filter(blocker=self.user)
        page = cut(request, self.kind.settings, rows, order, [f"blocked__{column}" for column in columns])
        items = [dict(zip(columns, row, strict=False)) for row in page.rows]
        return Response(items, headers=link_header(request, page.next))
