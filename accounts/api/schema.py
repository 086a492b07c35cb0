"""Tokens in the OpenAPI document."""

from __future__ import annotations

from accounts.api import views
from accounts.api.openapi import Answer, Body, Dialect, Operation, describe
from accounts.api.openapi.refusals import json_refusal
from accounts.api.openapi.shapes import named, record, string

TOKENS = Dialect(
    "Tokens",
    "Tokens",
    "How callers get the token that they send as `Authorization: Token …`. Part of the stage-based "
    "messaging API; the tokens are good for every dialect.",
    json_refusal,
)
TOKEN = named(
    "Token", record({"token": string(pattern="^[0-9a-f]{40}$")}, description="Shown this once: kept hashed.")
)
_EXAMPLE = {"token": "9944b09199c62bcf9418ad846dd0e4bbdfc6ee4b"}

describe(
    views.UserTokenView,
    TOKENS,
    post=Operation(
        "createUserToken",
        "A further token for an account",
        {201: Answer("The token.", TOKEN, _EXAMPLE)},
        Body(views.EmailInput, {"email": "hub@example.org"}),
        text="For administrators. The account is made when the address is new; earlier tokens stay valid "
        "until they are revoked.",
    ),
)
describe(
    views.LoginTokenView,
    TOKENS,
    post=Operation(
        "logInForToken",
        "A token for a name and password",
        {200: Answer("The token.", TOKEN, _EXAMPLE)},
        Body(views.LoginInput, {"username": "alice", "password": "correct horse battery staple"}),
        refusals=(429,),
        text="An account keeps its latest ten of these tokens.",
    ),
)
