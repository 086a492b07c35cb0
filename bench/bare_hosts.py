"""A bare view of the search by place: the service's own statement and the same JSON, and nothing else.

It looks the session and its account up, as the service must, and executes
the one statement of ``hospitality.selectors.hosts``, whose text is made once.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache, partial
from math import cos, radians
from typing import Any

from django.db import connection
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import path

from bench.wsgi import Bare

_SESSION = "SELECT session_data FROM django_session WHERE session_key = %s AND expire_date > now()"
_ACCOUNT = """
SELECT u.*, m.*, p.* FROM accounts_user u
  LEFT JOIN hospitality_member m ON m.user_id = u.id
  LEFT JOIN hospitality_picture p ON p.member_id = u.id
 WHERE u.id = %s"""
LIMIT = 50
BOUNDS = ("minlat", "maxlat", "minlon", "maxlon")
_NAMES = (
    "uid", "name", "created", "login", "access", "fullname", "street", "city", "province", "postal_code",
    "country", "latitude", "longitude", "source", "picture", "picture_key", "distance",
)  # fmt: skip


def rows(statement: str, *params: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return cursor.fetchall()


@cache
def _text() -> tuple[str, list[Any]]:
    """The statement with its parameters, or a function of the form for those that vary.

    Which is which is seen by putting odd numbers for the latter.
    """
    from hospitality.places import Box
    from hospitality.selectors.hosts import page_statement

    odd = {name: 1.0625 * at for at, name in enumerate((*BOUNDS, "centerlat", "centerlon"), start=1)}
    box, centre = Box(*(odd[name] for name in BOUNDS)), (odd["centerlat"], odd["centerlon"])
    sql, params = page_statement(box, centre, limit=LIMIT)
    varying: dict[float, Any] = {value: partial(_number, name) for name, value in odd.items()}
    varying[cos(radians(odd["centerlat"]))] = lambda form: cos(radians(float(form["centerlat"])))
    return sql, [varying.get(value, value) for value in params]


def _number(name: str, form: Mapping[str, str]) -> float:
    return float(form[name])


def nearest(form: Mapping[str, str]) -> list[tuple[Any, ...]]:
    """The rows of the statement for an app's form."""
    sql, params = _text()
    return rows(sql, *(param(form) if callable(param) else param for param in params))


def by_location(request: HttpRequest) -> HttpResponse:
    from hospitality.api.sessions import Store

    key = next(value for name, value in request.COOKIES.items() if name.startswith("SSESS"))
    [[data]] = rows(_SESSION, key)
    rows(_ACCOUNT, Store().decode(data)["hospitality_user"])
    found = nearest(QueryDict(request.body))
    body = {
        "status": {"delivered": len(found), "totalresults": str(found[0][0]), "status": "complete"},
        "accounts": [dict(zip(_NAMES, row[1:], strict=True)) for row in found],
    }
    text = json.dumps(body, separators=(",", ":"), ensure_ascii=False, default=str)
    return HttpResponse(text, content_type="application/json")


urlpatterns = [path("services/rest/hosts/by_location", by_location)]
application = Bare("bench.bare_hosts")
