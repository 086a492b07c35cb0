"""The identity store's dialect: pure translation into operations on people."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast
from uuid import UUID

from django.db.models import Prefetch, ProtectedError, QuerySet
from django.http import Http404
from rest_framework import serializers, status, viewsets
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.errors import Conflict, refuse
from accounts.api.negotiation import AlwaysJson
from accounts.api.pagination import EnvelopePagination
from accounts.models import User
from accounts.permissions import HasScope, MayUseProgrammes
from contacts.api import criteria
from contacts.api.serializers import (
    DeliveryReportInput,
    IdentityInput,
    OptInInput,
    OptOutInput,
    identity_out,
    opt_in_out,
    opt_out_out,
)
from contacts.details import InvalidDetails, parse_address
from contacts.models import KIND, Address, Contact, DetailKey, OptOut
from contacts.operations import (
    Profile,
    Source,
    best_address,
    create_identity,
    delete_contact,
    find_by_address,
    opt_in,
    opt_out,
    record_failures,
    record_successes,
    update_identity,
    usable_addresses,
)

#: The history's word for opt-outs that were written into an identity's details.
SOURCE = "api"
NOBODY = "There is no identity with this address."
SEVERAL = "There are multiple identities with this address."


def identities() -> QuerySet[Contact]:
    """People as the wire shows them, newest first."""
    addresses = Prefetch("addresses", queryset=Address.objects.order_by("created_at", "pk"))
    return Contact.objects.order_by("-created_at", "-pk").prefetch_related(addresses)


def find_identity(pk: str) -> Contact:
    """Raises Http404, also for what is no UUID."""
    try:
        return identities().get(pk=UUID(pk))
    except (ValueError, Contact.DoesNotExist):
        raise Http404 from None


class ContactsView(APIView):
    permission_classes = [IsAuthenticated, HasScope, MayUseProgrammes]
    content_negotiation_class = AlwaysJson
    token_scope = "contacts"  # noqa: S105 - a scope, not a secret

    def page(self, rows: Any, show: Any) -> Response:
        paginator = EnvelopePagination()
        found = paginator.paginate_queryset(rows, self.request, self)
        return paginator.get_paginated_response([show(row) for row in found])

    @property
    def caller(self) -> User:
        # Nobody gets here without a log-in.
        return cast(User, self.request.user)

    def read(self, form: type[serializers.Serializer], **options: Any) -> dict[str, Any]:
        """The body, checked. Raises ValidationError."""
        checked = form(data=self.request.data, **options)
        checked.is_valid(raise_exception=True)
        return checked.validated_data


class IdentityViewSet(ContactsView, viewsets.ViewSet):
    """``/identities/`` and ``/identities/<uuid>/``."""

    lookup_value_regex = "[0-9a-fA-F-]{32,36}"

    def list(self, request: Request) -> Response:
        return self.page(criteria.narrow_identities(identities(), request.query_params), identity_out)

    def retrieve(self, request: Request, pk: str) -> Response:
        return Response(identity_out(find_identity(pk)))

    def create(self, request: Request) -> Response:
        body = self.read(IdentityInput)
        described = body["details"]
        contact = create_identity(
            profile=_profile(Profile(), body), described=described, source=Source(SOURCE, self.caller)
        )
        return Response(identity_out(find_identity(str(contact.pk))), status=status.HTTP_201_CREATED)

    def update(self, request: Request, pk: str, partial: bool = False) -> Response:
        contact = find_identity(pk)
        body = self.read(IdentityInput, partial=partial)
        if contact.pk == body.get("communicate_through"):
            raise refuse("communicate_through", "Nobody is reached through themselves.")
        update_identity(
            contact=contact,
            profile=_profile(Profile.of(contact), body),
            described=body.get("details"),
            source=Source(SOURCE, self.caller),
        )
        return Response(identity_out(find_identity(pk)))

    def partial_update(self, request: Request, pk: str) -> Response:
        return self.update(request, pk, partial=True)

    def destroy(self, request: Request, pk: str) -> Response:
        contact = find_identity(pk)
        try:
            delete_contact(contact_id=contact.pk)
        except ProtectedError:
            raise Conflict("The identity has subscriptions; forget it instead.") from None
        return Response(status=status.HTTP_204_NO_CONTENT)


def _profile(known: Profile, body: dict[str, Any]) -> Profile:
    names = {"version": "version", "communicate_through": "communicate_through_id", "operator": "operator_id"}
    return replace(known, **{column: body[name] for name, column in names.items() if name in body})


class IdentitySearch(ContactsView):
    """``GET /identities/search/?details__addresses__msisdn=+27820001001``."""

    def get(self, request: Request) -> Response:
        return self.page(criteria.search_identities(identities(), request.query_params), identity_out)


class IdentityAddresses(ContactsView):
    """``GET /identities/<uuid>/addresses/<type>?default=True&use_communicate_through=True``.

    The addresses that may be written to, best first; with ``default`` the best
    one alone. An opted-out one does not hide those after it, and of several
    without a default the oldest is the best.
    """

    def get(self, request: Request, pk: UUID, kind: str) -> Response:
        if not Contact.objects.filter(pk=pk).exists():
            raise Http404
        through = _is_set(request, "use_communicate_through")
        # A kind is short and plain; nobody has addresses of anything else.
        known = KIND.fullmatch(kind)
        found = usable_addresses(contact_id=pk, kind=kind, through=through) if known else []
        rows = found[:1] if _is_set(request, "default") else found
        return self.page(rows, lambda value: {"address": value})


def _is_set(request: Request, name: str) -> bool:
    return request.query_params.get(name, "false").lower() not in ("false", "0")


class MessageCount(ContactsView):
    """``POST /identities/message_count/`` ``{"data": {"identity" or "to_addr", "delivered"}}``.

    Where message senders report: failed deliveries in a row are counted, one
    that arrived starts the count anew. 200 with an empty body.
    """

    def post(self, request: Request) -> Response:
        data = request.data.get("data") if isinstance(request.data, dict) else None
        if data is None:
            raise refuse("data", "This field is required.")
        form = DeliveryReportInput(data=data)
        form.is_valid(raise_exception=True)
        record = record_successes if form.validated_data["delivered"] else record_failures
        if (address := self.address(form.validated_data)) is not None:
            record(kind=Address.Kind.MSISDN, values=[address])
        return Response(status=status.HTTP_200_OK)

    def address(self, data: dict[str, Any]) -> str | None:
        if data.get("to_addr"):
            return _known_number(data["to_addr"])
        if data.get("identity") is None:
            raise ValidationError({"data": ['"data" must contain either "identity" or "to_addr" keys']})
        if not Contact.objects.filter(pk=data["identity"]).exists():
            raise refuse("identity", f'Invalid pk "{data["identity"]}" - object does not exist.')
        return best_address(contact_id=data["identity"], kind=Address.Kind.MSISDN)


def _known_number(text: str) -> str:
    try:
        number = parse_address(Address.Kind.MSISDN, text)
    except InvalidDetails:
        raise refuse("to_addr", "No identity found for given address") from None
    if not find_by_address(kind=Address.Kind.MSISDN, value=number).exists():
        raise refuse("to_addr", "No identity found for given address")
    return number


def _whose(word: dict[str, Any]) -> UUID:
    """The one person an opt-out or opt-in is of: named, or found by the address."""
    if word.get("identity") is not None:
        return word["identity"]
    people = find_by_address(kind=word["address_type"], value=word["address"])
    found = list(people.values_list("pk", flat=True)[:2])
    if len(found) != 1:
        raise ValidationError({"non_field_errors": [SEVERAL if found else NOBODY]})
    return found[0]


def _common(word: dict[str, Any], caller: User) -> dict[str, Any]:
    return {
        "contact_ids": [_whose(word)],
        "address": (word["address_type"], word["address"]) if word["address"] else None,
        "programme": word["programme"],
        "source": word["request_source"],
        "requestor": word.get("requestor_source_id") or "",
        "user": caller,
    }


class OptOuts(ContactsView):
    """``POST /optout/``."""

    def post(self, request: Request) -> Response:
        word = self.read(OptOutInput)
        reason = word.get("reason") or ""
        [row] = opt_out(kind=word["optout_type"], reason=reason, **_common(word, self.caller))
        return Response(opt_out_out(row), status=status.HTTP_201_CREATED)


class OptIns(ContactsView):
    """``POST /optin/``."""

    def post(self, request: Request) -> Response:
        word = self.read(OptInInput)
        [row] = opt_in(**_common(word, self.caller))
        return Response(opt_in_out(row), status=status.HTTP_201_CREATED)


class OptOutSearch(ContactsView):
    """``GET /optouts/search/?reason=…``, newest first."""

    def get(self, request: Request) -> Response:
        return self.page(criteria.search_opt_outs(OptOut.objects.all(), request.query_params), opt_out_out)


class DetailKeys(ContactsView):
    """``GET /detailkeys/`` ``{"key_names": [...]}``: all keys that details have."""

    def get(self, request: Request) -> Response:
        return Response(
            {"key_names": list(DetailKey.objects.order_by("name").values_list("name", flat=True))}
        )
