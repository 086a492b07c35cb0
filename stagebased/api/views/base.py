"""What all resources of the dialect have in common."""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache
from typing import Any, ClassVar, Generic, TypeVar, cast

from django.db.models import Model, QuerySet
from django.http import Http404
from django.urls import get_script_prefix, reverse
from django_filters import FilterSet
from rest_framework import status, viewsets
from rest_framework.parsers import FormParser
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.negotiation import AlwaysJson
from accounts.api.pagination import EnvelopePagination
from accounts.api.parsers import JSONParser
from accounts.authentication import BasicAuthentication, TokenAuthentication
from accounts.models import User
from accounts.permissions import HasScope, MayUseProgrammes
from stagebased.api.errors import exception_handler
from stagebased.api.fields import MOST_KEY
from stagebased.api.filters import narrowed
from stagebased.api.inputs import Shape
from stagebased.api.parsers import BoundedMultiPartParser

Record = TypeVar("Record", bound=Model)


class DialectView(APIView):
    """Callers, errors and bodies of this dialect."""

    # Basic stands first for its 401 header, which existing clients know; most callers send a token.
    authentication_classes = [BasicAuthentication, TokenAuthentication]
    permission_classes = [IsAuthenticated, HasScope, MayUseProgrammes]
    parser_classes = [JSONParser, FormParser, BoundedMultiPartParser]
    content_negotiation_class = AlwaysJson
    token_scope = "stagebased"  # noqa: S105 - a scope, not a secret

    def get_exception_handler(self) -> Any:
        return exception_handler

    @property
    def caller(self) -> User:
        """The account that the request was authenticated as."""
        # Every view of the dialect demands a log-in, so it is never the anonymous one.
        return cast(User, self.request.user)

    def absolute(self, name: str, **kwargs: Any) -> str:
        """The full URL of one of the dialect's routes, on the host that was asked."""
        return self.request.build_absolute_uri(_path(name, kwargs))


def _path(name: str, kwargs: dict[str, Any]) -> str:
    if kwargs:
        return reverse(f"stagebased:{name}", kwargs=kwargs)
    return _fixed_path(name, get_script_prefix())


@lru_cache(maxsize=64)
def _fixed_path(name: str, prefix: str) -> str:
    return reverse(f"stagebased:{name}")


def created(body: dict[str, Any], where: str) -> Response:
    return Response(body, status=status.HTTP_201_CREATED, headers={"Location": where})


class RecordViewSet(DialectView, viewsets.ViewSet, Generic[Record]):
    """List, create, read, change and delete one kind of record.

    A subclass names the parts and says what saving and removing mean.
    """

    shape: ClassVar[Shape]
    filters: ClassVar[type[FilterSet]]
    paginator_class: ClassVar[type[EnvelopePagination]] = EnvelopePagination

    def rows(self) -> QuerySet[Record]:
        """All records, in the order of lists."""
        raise NotImplementedError

    def represent(self, record: Record) -> dict[str, Any]:
        raise NotImplementedError

    def save(self, record: Record, changed: Collection[str] | None) -> Record:
        """Store a new record (``changed`` is None) or the changed fields of an existing one."""
        raise NotImplementedError

    def remove(self, record: Record) -> None:
        raise NotImplementedError

    def list(self, request: Request) -> Response:
        return self.page_of(narrowed(self.filters, request.query_params, self.rows()))

    def page_of(self, rows: QuerySet[Any]) -> Response:
        paginator = self.paginator_class()
        page = paginator.paginate_queryset(rows, self.request, self)
        return paginator.get_paginated_response([self.represent(record) for record in page])

    def create(self, request: Request) -> Response:
        record = self.save(self.rows().model(**self.shape.whole(request.data)), None)
        return self.created(record)

    def created(self, record: Record) -> Response:
        return created(self.represent(record), self.absolute(f"{self.basename}-detail", pk=record.pk))

    def retrieve(self, request: Request, pk: str) -> Response:
        return Response(self.represent(self.record(pk)))

    def update(self, request: Request, pk: str) -> Response:
        record = self.record(pk)
        return self._changed(record, self.shape.whole(request.data))

    def partial_update(self, request: Request, pk: str) -> Response:
        record = self.record(pk)
        return self._changed(record, self.shape.part(request.data))

    def _changed(self, record: Record, fields: dict[str, Any]) -> Response:
        for name, value in fields.items():
            setattr(record, name, value)
        return Response(self.represent(self.save(record, fields.keys())))

    def destroy(self, request: Request, pk: str) -> Response:
        self.remove(self.record(pk))
        return Response(status=status.HTTP_204_NO_CONTENT)

    def record(self, pk: str) -> Record:
        """The record with that id. Raises Http404, also for what is no id."""
        found = self.rows().filter(pk=whole_key(pk)).first()
        if found is None:
            raise Http404
        return found


def whole_key(text: str) -> int:
    """The id in a path. Digits only: ``int()`` would also read ``1_0`` and other scripts' digits."""
    if not (text.isascii() and text.isdecimal() and len(text) <= 19 and int(text) <= MOST_KEY):
        raise Http404
    return int(text)
