"""Getting tokens over HTTP."""

from __future__ import annotations

from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.permissions import IsAdminUser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.errors import refuse
from accounts.api.negotiation import AlwaysJson
from accounts.authentication import verify_password
from accounts.models import User
from accounts.operations import AccountDisabled, account_for_email, issue_token
from accounts.permissions import HasScope

#: Name of the tokens that log-ins get, and how many of them an account keeps.
LOGIN_TOKEN = "log-in"  # noqa: S105 - a name, not a secret
LOGIN_TOKENS_KEPT = 10


class EmailInput(serializers.Serializer):
    # As long as a username may be, because it becomes one.
    email = serializers.EmailField(max_length=150)


class UserTokenView(APIView):
    """``POST /api/v1/user/token/`` ``{"email"}`` → 201 ``{"token"}``: a further token for that account.

    Staff only. The account is made when the address is new; earlier tokens
    stay valid until they are revoked.
    """

    permission_classes = [IsAdminUser, HasScope]
    content_negotiation_class = AlwaysJson
    token_scope = "accounts"  # noqa: S105 - a scope, not a secret

    def post(self, request: Request) -> Response:
        form = EmailInput(data=request.data)
        form.is_valid(raise_exception=True)
        try:
            user = account_for_email(email=form.validated_data["email"])
        except AccountDisabled:
            raise refuse("email", "This account is disabled.") from None
        # Whoever holds a token acts as its account: nobody gets more than they have themselves.
        if user.is_superuser and not request.user.is_superuser:
            raise PermissionDenied
        _, key = issue_token(user=user, name="user/token")
        return Response({"token": key}, status=201)


class LoginInput(serializers.Serializer):
    username = serializers.CharField(max_length=150)
    password = serializers.CharField(max_length=4096, trim_whitespace=False)


class LoginTokenView(APIView):
    """``POST /api/token-auth/`` ``{"username", "password"}`` → 200 ``{"token"}``."""

    authentication_classes = []
    permission_classes = []
    content_negotiation_class = AlwaysJson

    def post(self, request: Request) -> Response:
        form = LoginInput(data=request.data)
        form.is_valid(raise_exception=True)
        user: User | None = verify_password(request, **form.validated_data)
        if user is None:
            raise ValidationError({"non_field_errors": ["Unable to log in with provided credentials."]})
        _, key = issue_token(user=user, name=LOGIN_TOKEN, keep=LOGIN_TOKENS_KEPT)
        return Response({"token": key})
