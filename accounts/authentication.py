"""How API callers say who they are."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.request import Request

from accounts.models import ApiToken, User

#: A token's last use is written at most this often, so that reading costs no write.
LAST_USED_GRAIN = timedelta(minutes=1)


class TokenAuthentication(BaseAuthentication):
    """``Authorization: Token <40 hexadecimal digits>``.

    An unknown scheme counts as no credentials; a wrong, expired or revoked
    key is 401 "Invalid token."
    """

    keyword = "Token"

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        words = get_authorization_header(request).split()
        if not words or words[0].lower() != self.keyword.lower().encode():
            return None
        if len(words) != 2:
            raise exceptions.AuthenticationFailed("Invalid token.")
        try:
            key = words[1].decode("ascii")
        except UnicodeDecodeError:
            raise exceptions.AuthenticationFailed("Invalid token.") from None
        return self.authenticate_key(key)

    def authenticate_key(self, key: str) -> tuple[User, ApiToken]:
        now = timezone.now()
        token = ApiToken.objects.for_key(key).usable(now).select_related("user").first()
        if token is None:
            raise exceptions.AuthenticationFailed("Invalid token.")
        if token.last_used_at is None or now - token.last_used_at > LAST_USED_GRAIN:
            ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return self.keyword
