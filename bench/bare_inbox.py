"""Bare views of the inbox: the same statements as the product's and the same JSON, without framework or ORM.

Each looks the token up, as the product must, and then executes the one
statement that the answer takes.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import path

from bench.wsgi import Bare

_TOKEN = """
SELECT t.id, t.scopes, t.last_used_at, u.* FROM accounts_apitoken t JOIN accounts_user u ON u.id = t.user_id
 WHERE t.key_hash = %s AND (t.expires_at IS NULL OR t.expires_at > now()) AND t.revoked_at IS NULL
   AND u.is_active LIMIT 1"""
_PAGE = """
SELECT r.sendable_id, r.unread, r.sent_on, m.content, m.sender_id, u.username
  FROM sendables_messagereceipt r
  JOIN sendables_message m ON m.id = r.sendable_id
  LEFT JOIN accounts_user u ON u.id = m.sender_id
 WHERE r.recipient_id = %s AND r.deleted_at IS NULL AND (r.expires_at IS NULL OR r.expires_at > now())
 ORDER BY r.unread DESC, r.sent_on DESC, r.sendable_id DESC LIMIT %s"""


def _rows(statement: str, *params: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return cursor.fetchall()


def inbox(request: HttpRequest) -> HttpResponse:
    key = request.headers["Authorization"].split()[1]
    [caller] = _rows(_TOKEN, hashlib.sha256(key.encode()).hexdigest())
    rows = _rows(_PAGE, caller[3], int(request.GET["limit"]) + 1)
    items = [
        {
            "id": key,
            "is_read": not unread,
            "sent_on": sent_on.isoformat().replace("+00:00", "Z"),
            "content": content,
            "sender": {"id": sender, "username": username},
        }
        for key, unread, sent_on, content, sender, username in rows[:100]
    ]
    text = json.dumps(items, separators=(",", ":"), ensure_ascii=False)
    return HttpResponse(text, content_type="application/json")


urlpatterns = [path("messages/", inbox)]


application = Bare("bench.bare_inbox")
