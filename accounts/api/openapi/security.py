"""How callers say who they are, as security schemes of the document."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.permissions import SAFE_METHODS


class TokenScheme(OpenApiAuthenticationExtension):  # registers itself
    target_class = "accounts.authentication.TokenAuthentication"
    name = "token"

    def get_security_requirement(self, auto_schema: Any) -> dict[str, list[str]]:
        """With the scope that a limited token must have."""
        scope = getattr(auto_schema.view, "token_scope", None)
        if scope is None:
            return {self.name: []}
        return {self.name: [f"{scope}:read" if auto_schema.method in SAFE_METHODS else scope]}

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`Token ` and the 40 hexadecimal digits of an API token "
            "(`manage.py create_token`, or `POST /api/v1/user/token/`). The names in an operation's "
            "requirement are the scopes of which a limited token must have one; a scope without `:read` "
            "allows reading too.",
        }


class BasicScheme(OpenApiAuthenticationExtension):
    target_class = "accounts.authentication.BasicAuthentication"
    name = "basic"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {"type": "http", "scheme": "basic", "description": "Name and password of an account."}


class SessionScheme(OpenApiAuthenticationExtension):
    target_class = "rest_framework.authentication.SessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {
            "type": "apiKey",
            "in": "cookie",
            "name": settings.SESSION_COOKIE_NAME,
            "description": "The cookie of somebody who is logged in to this site. Requests that change "
            "something also need the `X-CSRFToken` header.",
        }
