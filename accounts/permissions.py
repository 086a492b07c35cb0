"""What a token may be used for."""

from __future__ import annotations

from typing import Any

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from accounts.models import ApiToken


class HasScope(BasePermission):
    """A token that is limited to scopes may only be used where the view names one of them.

    The view says ``token_scope = "sms"``; a token with ``sms`` may do all
    there, one with ``sms:read`` may use safe methods. Views without the
    attribute are closed to limited tokens. Other ways of authentication and
    tokens without scopes are not limited here.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        token = request.auth
        if not isinstance(token, ApiToken) or not token.scopes:
            return True
        scope = getattr(view, "token_scope", None)
        return scope is not None and token.allows(scope, safe=request.method in SAFE_METHODS)
