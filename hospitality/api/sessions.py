"""Log-in sessions of the apps: Django's session store under a cookie and keys of their own.

An app's session has none of the keys by which the admin site knows its
users, so neither cookie opens what the other does.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from accounts.models import User
from accounts.prepared import Parameter, Prepared, records
from hospitality.models import Member
from hospitality.operations.visits import note_use
from hospitality.selectors import members

_USER, _BOND = "hospitality_user", "hospitality_bond"
#: The session's CSRF token, where it was made by a SECRET_KEY of before.
_TOKEN = "hospitality_token"  # noqa: S105 - a name, not a secret
_KEY = re.compile("[a-z0-9]{32}")
#: A use is written, and the session made longer, at most this often.
GRAIN = timedelta(minutes=10)


def cookie_name(request: HttpRequest) -> str:
    """``SSESS`` and 32 hexadecimal digits of the host's name, as the apps expect it."""
    host = request.get_host().lower()
    return "SSESS" + hashlib.sha256(host.encode()).hexdigest()[:32]


@dataclass(frozen=True)
class Visit:
    """A live session and whose it is."""

    store: Any
    user: User

    @property
    def key(self) -> str:
        return str(self.store.session_key)

    @property
    def token(self) -> str:
        """What ``X-CSRF-Token`` must be; the same as long as the session lives."""
        return str(self.store.get(_TOKEN) or token_of(self.key))

    @property
    def member(self) -> Member | None:
        """The caller as a member; None for an account that is none, or is not validated yet."""
        member = getattr(self.user, "member", None)
        return member if member is not None and member.validated else None


def token_of(key: str, secret: str | None = None) -> str:
    digest = salted_hmac("hospitality.csrf", key, secret=secret, algorithm="sha256").digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


class Store(SessionStore):
    """Django's sessions in the database, signed for apps only and looked up by a statement compiled once."""

    key_salt = "hospitality.session"

    def _get_session_from_db(self) -> Session | None:
        for row in _LIVE.rows(key=self.session_key, now=timezone.now()):
            [found] = records(row, Session)
            return found
        self._session_key = None
        return None


#: Runs with every call.
_LIVE = Prepared(
    lambda: Session.objects.filter(
        session_key=Parameter("key", Session._meta.get_field("session_key")),
        expire_date__gt=Parameter("now", Session._meta.get_field("expire_date")),
    ).order_by()
)


def current(request: HttpRequest) -> Visit | None:
    """The session whose cookie came with the request, if it lives and its account may log in."""
    key = request.COOKIES.get(cookie_name(request), "")
    store: Any = Store(key) if _KEY.fullmatch(key) else {}
    user = _user(store.get(_USER))
    if user is None or not (_is_bound(store, user) or _is_bound_anew(store, user)):
        return None
    visit = Visit(store, user)
    _use(visit)
    return visit


def _is_bound(store: Any, user: User) -> bool:
    """Whether the account has the password still with which the session began."""
    return constant_time_compare(store.get(_BOND, ""), user.get_session_auth_hash())


def _is_bound_anew(store: Any, user: User) -> bool:
    """The same by an earlier SECRET_KEY; the session goes on under the present one, its token unchanged."""
    earlier = zip(settings.SECRET_KEY_FALLBACKS, user.get_session_auth_fallback_hash(), strict=True)
    for secret, bond in earlier:
        if constant_time_compare(store.get(_BOND, ""), bond):
            store[_BOND] = user.get_session_auth_hash()
            store[_TOKEN] = store.get(_TOKEN) or token_of(store.session_key, secret)
            store.save()
            return True
    return False


def _user(key: Any) -> User | None:
    user = members.account(key) if isinstance(key, int) else None
    return user if user is not None and user.is_active else None


def _use(visit: Visit) -> None:
    member, now = getattr(visit.user, "member", None), timezone.now()
    if member is not None and (member.seen_at is None or now - member.seen_at > GRAIN):
        note_use(member=member, at=now)
        visit.store.set_expiry(settings.HOSPITALITY_SESSION_SECONDS)
        visit.store.save()


def begin(user: User) -> Visit:
    """A new session with a new key."""
    store = Store()
    store[_USER], store[_BOND] = user.pk, user.get_session_auth_hash()
    store.set_expiry(settings.HOSPITALITY_SESSION_SECONDS)
    store.create()
    return Visit(store, user)


def end(visit: Visit) -> None:
    """Whoever has the cookie is nobody from now on."""
    visit.store.flush()


def hand_over(visit: Visit, request: HttpRequest, response: HttpResponse) -> None:
    """Set the cookie; for every path, because apps send it to all of them."""
    name = cookie_name(request)
    response.set_cookie(name, visit.key, path="/", secure=request.is_secure(), httponly=True, samesite="Lax")
