"""Token, log-in, log-out."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.crypto import get_random_string, salted_hmac
from django.utils.html import escape
from django.views.decorators.http import require_safe

from accounts.attempts import client_address
from accounts.authentication import TooManyAttempts, verify_password
from accounts.models import User
from hospitality.api import sessions
from hospitality.api.bodies import text
from hospitality.api.refusals import Refusal, placeholder
from hospitality.api.service import Call, Service, private
from hospitality.api.users import own_object
from hospitality.operations import visits

_SHUT = "Account is temporarily blocked."


def _token(request: HttpRequest) -> str:
    """The session's token; somebody without a session gets a useless one, as apps ask early."""
    visit = sessions.current(request)
    return visit.token if visit else sessions.token_of(get_random_string(32))


@require_safe
def session_token(request: HttpRequest) -> HttpResponse:
    """The bare token as text, whatever Accept says: some apps ask for JSON and take the body as it is."""
    return private(HttpResponse(_token(request), content_type="text/plain"))


class UserToken(Service):
    """The same as an object."""

    members_only, csrf = False, False

    def act(self, call: Call, **kwargs: Any) -> Any:
        return {"token": _token(call.request)}


class Login(Service):
    """Needs no CSRF token: there is no session yet, or the answer is that there is one."""

    required = ("username", "password")
    members_only, csrf = False, False

    def act(self, call: Call, **kwargs: Any) -> Any:
        if call.visit is not None:
            raise Refusal(406, f"Already logged in as {escape(call.visit.user.get_username())}.")
        name, password = text(call.args, "username").strip(), text(call.args, "password")
        if not name or not password:
            raise Refusal(406, "Login requires a username or email and password")
        user = _verified(call.request, name, password)
        call.began = sessions.begin(user)
        return {
            "sessid": call.began.key,
            "session_name": sessions.cookie_name(call.request),
            "token": call.began.token,
            "user": own_object(call.request, user),
        }


def _verified(request: HttpRequest, name: str, password: str) -> User:
    address = salted_hmac("hospitality.address", client_address(request), algorithm="sha256").hexdigest()
    account = visits.account_named(name)
    if account is not None and not account.is_active:
        message = f"The username {placeholder(name)} has not been activated or is blocked."
        raise Refusal(403, message)
    refusal = _shut(account, address) or _wrong(request, account, name, password)
    if refusal is not None:
        visits.note_failure(account=account, address=address)
        raise refusal
    assert account is not None  # noqa: S101 - nobody has the right password of no account
    visits.note_login(account=account, address=address)
    return account


def _shut(account: User | None, address: str) -> Refusal | None:
    if account is not None and visits.account_is_shut(account=account, address=address):
        return Refusal(406, _SHUT)
    if visits.address_is_shut(address=address):
        return Refusal(406, "This IP address is temporarily blocked.")
    return None


def _wrong(request: HttpRequest, account: User | None, name: str, password: str) -> Refusal | None:
    wrong = Refusal(401, "Wrong username or password.")
    try:
        user = verify_password(request, account.get_username() if account else name, password)
    except TooManyAttempts:
        # The whole site's limit. Where there is no account there is nothing to shut.
        return Refusal(406, _SHUT) if account else wrong
    return None if user else wrong


class Logout(Service):
    members_only = False

    def act(self, call: Call, **kwargs: Any) -> Any:
        if call.visit is None:
            raise Refusal(406, "User is not logged in.")
        sessions.end(call.visit)
        return True
