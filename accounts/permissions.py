"""What a token may be used for."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from accounts.models import ApiToken


class HasScope(BasePermission):
    """A token that is limited to scopes may only be used where the view names one of them.

    The view says ``token_scope = "sms"``; a token with ``sms`` may do all
    there, one with ``sms:read`` may use safe methods, and all of a view that
    says ``only_reads = True`` because its POST changes nothing. Views without
    ``token_scope`` are closed to limited tokens. Other ways of authentication and
    tokens without scopes are not limited here.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        token = request.auth
        if not isinstance(token, ApiToken) or not token.scopes:
            return True
        scope = getattr(view, "token_scope", None)
        safe = request.method in SAFE_METHODS or getattr(view, "only_reads", False)
        return scope is not None and token.allows(scope, safe=safe)


class MayUseProgrammes(BasePermission):
    """Who may use the interfaces of programmes and people, which know no owners: as the setting says."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return settings.PROGRAMMES_API_ACCESS == "all" or request.user.has_perm("accounts.use_programmes")
