"""``/1.0/users/``."""

from __future__ import annotations

import csv
import io
from collections.abc import Container, Iterator, Mapping
from functools import partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import StreamingHttpResponse
from django.urls import reverse
from rest_framework.exceptions import NotFound as HttpNotFound
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from telephony import operations
from telephony.api import wire
from telephony.api.lists import by_key, listed
from telephony.api.preconditions import tagged, unless_changed
from telephony.api.protocol import AnyRenderer, TelephonyView, Unparsable
from telephony.errors import HasMailbox, Unusable
from telephony.models import TelephonyUser, Voicemail

SEARCHED = ("firstname", "lastname", "callerid", "mobilephonenumber", "email", "username", "userfield")
_SAME = ("id", "firstname", "lastname", "mobilephonenumber", "email", "callerid")
ORDERED = {name: name for name in _SAME} | {"voicemailid": "voicemail_id"}
#: Columns of the exported table; the password is not among them.
EXPORTED = [name for name in wire.USER if name not in ("password", "ctiprofileid")]


def user_url(request: Request, key: int) -> str:
    return request.build_absolute_uri(reverse("telephony-user", args=[key]))


class UserList(TelephonyView):
    def get(self, request: Request) -> Response:
        rows = TelephonyUser.objects.all()
        found = listed(
            rows,
            request.query_params,
            out=wire.users_out,
            columns=ORDERED,
            searched=SEARCHED,
            all_out=wire.all_users_out,
        )
        return Response(found)

    def post(self, request: Request) -> Response:
        user = operations.create_user(values=wire.read_user(self.body()))
        return Response(wire.user_out(user), status=201, headers={"Location": user_url(request, user.pk)})


class UserDetail(TelephonyView):
    def get(self, request: Request, key: str) -> Response:
        user = by_key(TelephonyUser.objects.all(), key)
        if not isinstance(user, TelephonyUser):
            raise HttpNotFound
        return tagged(user, wire.user_out)

    def put(self, request: Request, key: str) -> Response:
        body = self.body()
        user = by_key(TelephonyUser.objects.all(), key)
        # A bad property is told before a missing record, as in the original.
        values = wire.read_user(body, own_id=user.pk if user else 0)
        if user is None:
            raise HttpNotFound
        operations.change_user(user_id=user.pk, values=values, unless=unless_changed(request, wire.user_out))
        return Response(headers={"Location": user_url(request, user.pk)})

    def delete(self, request: Request, key: str) -> Response:
        user = by_key(TelephonyUser.objects.all(), key)
        if user is None:
            raise HttpNotFound
        with_voicemail = "deleteVoicemail" in request.query_params
        unchanged = unless_changed(request, wire.user_out)

        def check(record: TelephonyUser) -> None:
            if unchanged is not None:
                unchanged(record)
            if settings.TELEPHONY_MAILBOX_KEEPS_USER and record.voicemail_id and not with_voicemail:
                raise HasMailbox

        operations.delete_user(user_id=user.pk, with_voicemail=with_voicemail, unless=check)
        return Response()


class UserContact(TelephonyView):
    """``PUT`` links a user to a person, ``DELETE`` unlinks.

    The body is ``{"identity": uuid}``, or ``{}`` to go by number and e-mail.
    """

    def put(self, request: Request, key: str) -> Response:
        body = self.body()
        if unknown := [name for name in body if name != "identity"]:
            raise Unusable(*unknown)
        user = by_key(TelephonyUser.objects.all(), key)
        if user is None:
            raise HttpNotFound
        linked = operations.link_contact(user_id=user.pk, contact_id=_identity(body.get("identity")))
        return Response({"identity": str(linked.contact_id)})

    def delete(self, request: Request, key: str) -> Response:
        user = by_key(TelephonyUser.objects.all(), key)
        if user is None:
            raise HttpNotFound
        operations.unlink_contact(user_id=user.pk)
        return Response()


def _identity(value: Any) -> UUID | None:
    if value is None:
        return None
    try:
        return UUID(value)
    except (ValueError, AttributeError, TypeError):
        raise Unusable("identity") from None


class CsvParser(BaseParser):
    """A UTF-8 table with a heading, as numbered rows; empty ones count but are not among them."""

    media_type = "text/csv"

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        content = stream.read(most + 1)
        if len(content) > most:
            raise Unparsable("The table is too large")
        try:
            lines = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
            heading = next(lines, [])
            return [(number, _row(heading, cells)) for number, cells in enumerate(lines, start=2) if cells]
        except (UnicodeDecodeError, csv.Error):
            raise Unparsable from None


def _rows(table: Any) -> list[tuple[int, dict[Any, Any]]]:
    return list(table)


def _row(heading: list[str], cells: list[str]) -> dict[str | None, str]:
    """A row as a body, without empty cells; under None what has no column, or is no text."""
    if len(cells) > len(heading) or "\x00" in "".join(cells):
        return {None: ""}
    return {name: _unescaped(cell) for name, cell in zip(heading, cells, strict=False) if cell}


def _read_row(row: Mapping[Any, Any], *, mailboxes: Container[int]) -> dict[str, Any]:
    if None in row:
        raise Unusable("row")
    return wire.read_user(row, mailboxes=mailboxes)


class UserImport(TelephonyView):
    """``POST text/csv``: all rows or none; ``?_dry_run`` only looks. Answers with a report."""

    parser_classes = [CsvParser]
    body_types = ("text/csv",)

    def post(self, request: Request) -> Response:
        mailboxes = frozenset(Voicemail.objects.values_list("pk", flat=True))
        report = operations.import_users(
            rows=_rows(request.data),
            read=partial(_read_row, mailboxes=mailboxes),
            dry_run="_dry_run" in request.query_params,
        )
        errors = [vars(error) for error in report.errors]
        body = {"rows": report.rows, "created": report.created, "errors": errors}
        return Response(body, status=400 if errors else 200 if "_dry_run" in request.query_params else 201)


class UserExport(TelephonyView):
    """``GET``: all users as a table that the import reads again. Passwords are left out."""

    renderer_classes = [AnyRenderer]

    def get(self, request: Request) -> StreamingHttpResponse:
        response = StreamingHttpResponse(_table(), content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = 'attachment; filename="users.csv"'
        return response

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        return AnyRenderer(), "*/*"


def _table() -> Iterator[str]:
    class Line:
        def write(self, text: str) -> str:
            return text

    writer = csv.writer(Line())
    yield writer.writerow(EXPORTED)
    for user in TelephonyUser.objects.order_by("pk").iterator(chunk_size=2000):
        cells = wire.user_out(user)
        yield writer.writerow([_escaped(cells[name]) for name in EXPORTED])


def _escaped(value: Any) -> str:
    """A cell that no spreadsheet takes for a formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if _is_formula(text) else text


def _unescaped(text: str) -> str:
    return text[1:] if text.startswith("'") and _is_formula(text) else text


def _is_formula(text: str) -> bool:
    """Also behind apostrophes, so that one more or less is undone exactly."""
    return text.lstrip("'")[:1] in ("=", "+", "-", "@", "\t", "\r")
