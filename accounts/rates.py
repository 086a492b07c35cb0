"""How many requests a minute somebody may make, whatever they ask for.

Not the limits of what costs money or reaches people (those are kept in the
database, see ``smsbridge.sending.quotas``): this one keeps a client that runs
wild from taking the machine away from the others. Counted in the cache.
"""

from __future__ import annotations

import time

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from accounts.attempts import client_address

_MINUTE = 60


def count_request(request: HttpRequest, user: int | None) -> int:
    """Count a request of an account (by its key), or of an address when ``user`` is None.

    Returns 0 when it may be served, else the seconds until the next minute.
    """
    most = settings.API_REQUESTS_PER_MINUTE
    if not most:
        return 0
    now = time.time()
    minute = int(now // _MINUTE)
    key = f"requests:{minute}:{_caller(request, user)}"
    return 0 if _counted(key) <= most else max(1, round(_MINUTE * (minute + 1) - now))


def _caller(request: HttpRequest, user: int | None) -> str:
    if user is not None:
        return f"user:{user}"
    return "address:" + salted_hmac("accounts.rates", client_address(request)).hexdigest()


def _counted(key: str) -> int:
    """The number of this request among those under a key."""
    if cache.add(key, 1, 2 * _MINUTE):
        return 1
    try:
        return cache.incr(key)
    except ValueError:
        # It ran out between the two calls.
        return 1
