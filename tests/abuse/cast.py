"""Who asks in the matrices, and what belongs to whom."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from django.contrib.auth.models import Group, Permission
from django.db import connection, transaction
from django.test import Client

from accounts.models import API_CLIENTS, ApiToken, User
from accounts.roles import matches
from hospitality.models import Member
from outbox.models import Delivery
from sendables import operations as messages
from sendables.models import Message, MessageReceipt, NoticeReceipt
from smsbridge.models import GatewayAccount
from tests.openapi import world
from tests.openapi.test_examples import body_of

#: Owns what can be owned; has the rights that a caller of each interface needs.
OWNER = "owner"
#: Has the same rights and owns nothing of it.
OTHER = "other"
#: An account, and nothing more.
OUTSIDER = "outsider"
#: May log in to the admin site, and has no right there.
STAFF = "staff"
ANONYMOUS = "anonymous"
ROLES = (OWNER, OTHER, OUTSIDER, STAFF, ANONYMOUS)
RIGHTS = ("webhooks.*_endpoint", "broadcasts.*_broadcast", "contacts.*_group", "stagebased.*behind*")


class Stage(NamedTuple):
    """The accounts by role, each one's key, and by operation the ids that requests name."""

    users: dict[str, User]
    keys: dict[str, str]
    named: dict[str, dict[str, Any]]


def set_up(settings: Any, folder: Path) -> Stage:
    """The world of the document's examples, in which alice owns and the others do not."""
    settings.ALLOWED_HOSTS = ["*"]
    settings.PROGRAMMES_API_ACCESS = settings.SMS_API_ACCESS = "listed"
    settings.WEBHOOK_ALLOWED_NETWORKS = []
    world.make(settings, folder)
    alice, bob = User.objects.get(username="alice"), User.objects.get(username="bob")
    eve = User.objects.create_user("eve", "eve@example.org", "eve-password")
    clerk = User.objects.create_user("clerk", "clerk@example.org", "clerk-password", is_staff=True)
    carol = User.objects.create_user("carol", "carol@example.org", "carol-password")
    Member.objects.create(user=carol, fullname="Carol", latitude=52.5, longitude=13.4)
    for user in (alice, bob):
        _give_rights(user)
    Delivery.objects.filter(pk=world.DELIVERY).update(created_by=alice)
    users = {OWNER: alice, OTHER: bob, OUTSIDER: eve, STAFF: clerk}
    return Stage(users, {role: _key(user) for role, user in users.items()}, _letters(alice, carol))


def _give_rights(user: User) -> None:
    user.groups.add(Group.objects.get(name=API_CLIENTS))
    wanted = [
        right
        for right in Permission.objects.select_related("content_type")
        if matches(f"{right.content_type.app_label}.{right.codename}", RIGHTS)
    ]
    user.user_permissions.add(*wanted)
    GatewayAccount.objects.create(user=user, may_use=True)


def _key(user: User) -> str:
    key = ApiToken.new_key()
    ApiToken.objects.create(user=user, name="matrix", key_hash=ApiToken.hash(key), prefix=key[:8])
    return key


def _letters(alice: User, carol: User) -> dict[str, dict[str, Any]]:
    """A conversation of alice and carol, and a notice for alice alone: what is whose by id of operation."""
    got = messages.send_message(sender=carol, recipients=[alice], content="For you alone").sendable.pk
    sent = messages.send_message(sender=alice, recipients=[carol], content="From me alone").sendable.pk
    told = messages.send_notice(recipients=[alice], content="For alice alone").sendable.pk
    received = dict.fromkeys(("getMessage", "replyToMessage", "getMessageThread", "getConversationById"), got)
    paths = {**received, "getSentMessage": sent, "getNotice": told}
    marks = ("deleteMessages", "markMessagesRead", "markMessagesUnread")
    notes = ("deleteNotices", "markNoticesRead", "markNoticesUnread")
    threads = ("archive", "delete", "get", "mark")
    return {
        **{name: {"key": key} for name, key in paths.items()},
        **{name: {"message_ids": [got]} for name in marks},
        **{name: {"notice_ids": [told]} for name in notes},
        **{f"{what}Conversation": {"thread_id": got} for what in threads},
        "deleteSentMessages": {"message_ids": [sent]},
        "answerPrivateMessage": {"thread_id": got, "body": "You are welcome."},
        "reportMessage": {"mid": got},
    }


class Caller:
    """Makes the document's example requests as somebody."""

    def __init__(self, stage: Stage, role: str) -> None:
        self.stage, self.role = stage, role
        self.client = Client(raise_request_exception=False)

    def ask(self, method: str, path: str, operation: dict[str, Any]) -> int:
        """The status of the answer; whatever the request did is undone.

        Raises AssertionError when a refused request wrote something, and when
        one changed the letters of somebody else.
        """
        with transaction.atomic():
            headers = self._headers(operation)
            wrote: list[str] = []
            before = letters()
            with connection.execute_wrapper(_noting(wrote)):
                answer = self._call(method, path, operation, headers)
            if answer.streaming:
                # Read to its end, which closes it; closing it once more would end the database's connection.
                b"".join(answer.streaming_content)
            spoilt = operation["operationId"] in self.stage.named and letters() != before
            transaction.set_rollback(True)
        where = f"{self.role}: {method} {path} → {answer.status_code}"
        assert answer.status_code not in REFUSALS or not wrote, f"{where} wrote {wrote}"
        assert self.role == OWNER or not spoilt, f"{where} changed what belongs to the owner"
        return answer.status_code

    def _call(self, method: str, path: str, operation: dict[str, Any], headers: dict[str, str]) -> Any:
        query: dict[str, Any] = {}
        named = self.stage.named.get(operation["operationId"], {})
        for each in operation.get("parameters", []):
            if each["in"] == "path":
                value = named.get(each["name"], each["example"])
                path = path.replace("{" + each["name"] + "}", str(value))
            elif each["in"] == "query" and each.get("required"):
                query[each["name"]] = each["example"]
        media, body = body_of(operation)
        if body.startswith("{") and named:
            body = json.dumps(json.loads(body) | named)
        return self.client.generic(
            method.upper(), path, body, content_type=media, query_params=query, headers=headers
        )

    def _headers(self, operation: dict[str, Any]) -> dict[str, str]:
        if self.role == ANONYMOUS:
            return {"Accept": "application/json"}
        if operation["tags"] == ["Hospitality"]:
            return self._app()
        return {"Authorization": f"Token {self.stage.keys[self.role]}", "Accept": "application/json"}

    def _app(self) -> dict[str, str]:
        """Logged in to the hospitality network's services, which know no tokens."""
        user = self.stage.users[self.role]
        password = {"alice": "correct horse battery staple"}.get(user.username, f"{user.username}-password")
        self.client.cookies.clear()
        answer = self.client.post(
            "/services/rest/user/login",
            {"username": user.username, "password": password},
            headers={"Accept": "application/json"},
        )
        return {"Accept": "application/json", "X-CSRF-Token": answer.json().get("token", "")}


#: Statuses that say: not for you.
REFUSALS = (401, 403, 404)
#: Written whatever comes of a request: when a key or a session was last used.
_SEEN = ("accounts_apitoken", "django_session")


def letters() -> list[Any]:
    """All messages and notices, and whose copies of them are read, put away or deleted."""
    rows = [
        MessageReceipt.objects.order_by("pk").values_list(),
        NoticeReceipt.objects.order_by("pk").values_list(),
    ]
    return [list(each) for each in (*rows, Message.objects.order_by("pk").values_list())]


def _noting(wrote: list[str]) -> Callable[..., Any]:
    def note(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any) -> Any:
        found = re.match(r'\s*(?:INSERT INTO|UPDATE|DELETE FROM)\s+"?(\w+)', str(sql))
        if found and found[1] not in _SEEN:
            wrote.append(found[0])
        return execute(sql, params, many, context)

    return note
