"""Bare views for comparison: the statements of an API call, and as little else as Django allows.

No middleware, no framework, no checks of what was sent, no ORM: what is left
is the least that this answer can cost on this machine. Served like the
product, from the same database, in the same run. What is written is on record
as the caller's, because the triggers of the audit log are part of the statement.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from functools import cached_property
from typing import Any

from django.apps import apps
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.urls import path

from audit.acting import Actor, acting
from bench.wsgi import Bare

_TOKEN = """
SELECT t.id, t.scopes, t.last_used_at, u.* FROM accounts_apitoken t JOIN accounts_user u ON u.id = t.user_id
 WHERE t.key_hash = %s AND (t.expires_at IS NULL OR t.expires_at > now()) AND t.revoked_at IS NULL
   AND u.is_active
 ORDER BY t.created_at DESC, t.id DESC LIMIT 1"""
_COLUMNS = (
    "s.id, s.version, s.contact_id, s.messageset_id, s.schedule_id, s.lang, s.next_sequence_number,"
    " s.initial_sequence_number, s.active, s.completed, s.process_status, s.metadata, s.created_at,"
    " s.updated_at, m.label"
)
_FROM = "FROM stagebased_subscription s JOIN stagebased_messageset m ON m.id = s.messageset_id"
_ORDER = "ORDER BY s.created_at DESC, s.id DESC"
_ONE = f"SELECT {_COLUMNS} {_FROM} WHERE s.id = %s"
_COUNT = "SELECT count(*) FROM stagebased_subscription s"
_FIRST_PAGE = f"SELECT {_COLUMNS} {_FROM} {{where}} {_ORDER} LIMIT %s"
_LATER_PAGE = f"""
SELECT {_COLUMNS} {_FROM} WHERE s.id IN (
    SELECT s.id FROM stagebased_subscription s {{where}} {_ORDER} LIMIT %s OFFSET %s) {_ORDER}"""
_DONE = "SELECT 1 FROM stagebased_subscription WHERE hub_request_id = %s LIMIT 1"
_PROGRAMME = """
SELECT EXISTS(SELECT 1 FROM stagebased_schedule WHERE id = %s LIMIT 1),
       EXISTS(SELECT 1 FROM stagebased_welcome w WHERE w.messageset_id = m.id LIMIT 1)
  FROM stagebased_messageset m WHERE m.id = %s"""


class _Insert:
    """An INSERT of all columns of a table: those named from the caller, the others what a new row has."""

    def __init__(self, model: str, *given: str, rest: str = "") -> None:
        self._model, self._given, self._rest = model, given, rest

    @cached_property
    def _prepared(self) -> tuple[str, list[Any]]:
        model = apps.get_model(self._model)
        others = [field for field in model._meta.local_concrete_fields if field.column not in self._given]
        columns = ", ".join([*self._given, *(field.column for field in others)])
        places = ", ".join(["%s"] * (len(self._given) + len(others)))
        new = model()
        values = [field.get_db_prep_save(field.pre_save(new, True), connection) for field in others]
        return f"INSERT INTO {model._meta.db_table} ({columns}) VALUES ({places}) {self._rest}", values

    def __call__(self, *given: object) -> None:
        statement, values = self._prepared
        _rows(statement, *given, *values)


_contact = _Insert("contacts.Contact", "id", "language", "created_by_id", rest="ON CONFLICT DO NOTHING")
_subscription = _Insert(
    "stagebased.Subscription", "id", "contact_id", "messageset_id", "schedule_id", "lang",
    "initial_sequence_number", "next_sequence_number", "metadata", "hub_request_id", "created_by_id",
    "updated_by_id",
)  # fmt: skip


def _rows(statement: str, *params: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return cursor.fetchall() if cursor.description else []


def _caller(request: HttpRequest) -> int:
    key = request.headers["Authorization"].split()[1]
    [row] = _rows(_TOKEN, hashlib.sha256(key.encode()).hexdigest())
    return int(row[3])


def _answer(body: object, status: int = 200) -> HttpResponse:
    text = json.dumps(body, separators=(",", ":"), default=str)
    return HttpResponse(text, status=status, content_type="application/json")


def one(request: HttpRequest, key: uuid.UUID) -> HttpResponse:
    _caller(request)
    [row] = _rows(_ONE, key)
    return _answer(row)


def many(request: HttpRequest) -> HttpResponse:
    _caller(request)
    identity = request.GET.get("identity")
    where, params = ("WHERE s.contact_id = %s", (identity,)) if identity else ("", ())
    limit, offset = int(request.GET.get("limit", 1000)), int(request.GET.get("offset", 0))
    if offset:
        count = _count(where, params)
        rows = _rows(_LATER_PAGE.format(where=where), *params, min(limit, count - offset), offset)
    else:
        rows = _rows(_FIRST_PAGE.format(where=where), *params, limit + 1)
        count = _count(where, params) if len(rows) > limit else len(rows)
    return _answer({"count": count, "next": None, "previous": None, "results": rows[:limit]})


def _count(where: str, params: tuple[Any, ...]) -> int:
    return int(_rows(f"{_COUNT} {where}", *params)[0][0])


def register(request: HttpRequest) -> HttpResponse:
    caller = _caller(request)
    data = json.loads(request.body)["data"]
    known = _rows(_DONE, data["id"]) or _rows(_PROGRAMME, data["schedule"], data["messageset"])
    if known == [(True, False)]:
        with acting(Actor("api", caller, "hub", "bench")), transaction.atomic():
            _contact(data["identity"], data["lang"], caller)
            position, metadata = data["next_sequence_number"], json.dumps(data["metadata"])
            _subscription(
                uuid.uuid4(), data["identity"], data["messageset"], data["schedule"], data["lang"],
                position, position, metadata, data["id"], caller, caller,
            )  # fmt: skip
    return _answer({"accepted": True}, 201)


_MAY = """
SELECT 1 FROM auth_permission p
  LEFT JOIN accounts_user_user_permissions u ON u.permission_id = p.id AND u.user_id = %s
  LEFT JOIN auth_group_permissions g ON g.permission_id = p.id
  LEFT JOIN accounts_user_groups m ON m.group_id = g.group_id AND m.user_id = %s
 WHERE p.codename = 'use_telephony' AND (u.id IS NOT NULL OR m.id IS NOT NULL)"""
_USERS = """
SELECT id, firstname, lastname, callerid, username, password, enableclient, musiconhold, outcallerid,
       mobilephonenumber, userfield, timezone, language, description, email, cti_profile_id, voicemail_id,
       agentid, entityid, contact_id
  FROM telephony_telephonyuser ORDER BY id LIMIT %s OFFSET %s"""


def telephony_users(request: HttpRequest) -> HttpResponse:
    caller = _caller(request)
    _rows(_MAY, caller, caller)
    [[total]] = _rows("SELECT count(*) FROM telephony_telephonyuser")
    size, page = int(request.GET["_pagesize"]), int(request.GET["_page"])
    return _answer({"total": total, "items": _rows(_USERS, size, page * size)})


urlpatterns = [
    path("1.0/users/", telephony_users),
    path("api/v1/subscriptions/request", register),
    path("api/v1/subscriptions/<uuid:key>/", one),
    path("api/v1/subscriptions/", many),
]


application = Bare("bench.bare")
