"""Wrong passwords, counted so that guessing gets slow.

Three counters, all over one window: for an account from one address, for an
account from anywhere, and from one address for any account. The first is
strict; the others are ten times as wide, so that somebody elsewhere cannot
easily shut an account's owner out, nor one office its neighbours behind the
same address. Counters live in the cache, keyed by digests, never by names.
"""

from __future__ import annotations

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

_WIDER = 10


def client_address(request: HttpRequest) -> str:
    """Who calls: the peer, or, behind a trusted proxy, whom the proxy says it is."""
    forwarded = request.headers.get("X-Forwarded-For", "") if settings.BEHIND_PROXY else ""
    # Only the last entry is the proxy's own word; those before it are the caller's claims.
    return forwarded.rsplit(",", 1)[-1].strip() or request.META.get("REMOTE_ADDR", "")


def may_try(request: HttpRequest, username: str) -> bool:
    """Whether another password may be tried now."""
    limits = _limits(request, username)
    tried = cache.get_many(limits)
    return all(tried.get(key, 0) < most for key, most in limits.items())


def note_failure(request: HttpRequest, username: str) -> None:
    for key in _limits(request, username):
        if not cache.add(key, 1, settings.PASSWORD_FAILURE_WINDOW):
            _increase(key)


def _increase(key: str) -> None:
    try:
        cache.incr(key)
    except ValueError:
        # It ran out between the two calls.
        cache.set(key, 1, settings.PASSWORD_FAILURE_WINDOW)


def _limits(request: HttpRequest, username: str) -> dict[str, int]:
    address, most = client_address(request), settings.PASSWORD_FAILURES
    return {
        _key("pair", f"{username}\n{address}"): most,
        _key("account", username): most * _WIDER,
        _key("address", address): most * _WIDER,
    }


def _key(what: str, value: str) -> str:
    return f"wrong-password:{what}:{salted_hmac('accounts.attempts', value).hexdigest()}"
