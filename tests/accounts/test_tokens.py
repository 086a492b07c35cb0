"""Tokens: what is kept of them, when they count, and what they may be used for."""

from datetime import timedelta

import pytest
from django.test import RequestFactory
from django.utils import timezone
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import ApiToken, User
from accounts.operations import InvalidScope, check_scopes, issue_token, revoke_tokens


class Scoped(APIView):
    token_scope = "sms"

    def get(self, request):
        return Response({"name": request.user.username})

    def post(self, request):
        return Response({}, status=201)


class Unscoped(APIView):
    def get(self, request):
        return Response({})


def call(key: str, *, view=Scoped, method: str = "get", scheme: str = "Token"):
    request = getattr(RequestFactory(), method)("/", HTTP_AUTHORIZATION=f"{scheme} {key}")
    return view.as_view()(request)


def test_only_the_hash_of_a_key_is_kept(alice) -> None:
    token, key = issue_token(user=alice, name="hub")
    row = ApiToken.objects.filter(pk=token.pk).values().get()
    assert key not in str(row)
    assert row["prefix"] == key[:8]


def test_a_key_opens_the_door_and_is_seen_to_have_been_used(alice) -> None:
    token, key = issue_token(user=alice)
    assert call(key).data == {"name": "alice"}
    token.refresh_from_db()
    assert token.last_used_at is not None


def test_use_is_noted_at_most_once_a_minute(alice, django_assert_num_queries) -> None:
    _, key = issue_token(user=alice)
    with django_assert_num_queries(2):
        call(key)
    with django_assert_num_queries(1):
        call(key)


def end_by_revoking(token: ApiToken) -> None:
    revoke_tokens(token_ids=[token.pk])


def end_by_expiry(token: ApiToken) -> None:
    ApiToken.objects.filter(pk=token.pk).update(expires_at=timezone.now() - timedelta(seconds=1))


def end_by_disabling(token: ApiToken) -> None:
    User.objects.filter(pk=token.user_id).update(is_active=False)


@pytest.mark.parametrize("end", [end_by_revoking, end_by_expiry, end_by_disabling])
def test_an_ended_token_is_refused(alice, end) -> None:
    token, key = issue_token(user=alice)
    end(token)
    response = call(key)
    assert (response.status_code, response.data) == (401, {"detail": "Invalid token."})


BAD_KEYS = ["", "0" * 40, "a b", "é" * 20, "x" * 5000]


@pytest.mark.parametrize("key", BAD_KEYS)
def test_a_wrong_key_is_refused(db, key) -> None:
    assert call(key).status_code == 401


def test_the_word_before_the_key_may_be_in_any_case_but_not_another(alice) -> None:
    _, key = issue_token(user=alice)
    assert call(key, scheme="token").status_code == 200
    assert call(key, scheme="Bearer").data == {"detail": "Authentication credentials were not provided."}


# --- scopes ----------------------------------------------------------------------------


CASES = {
    "no scopes: everything": ([], 200, 201, 200),
    "its scope: everything there": (["sms"], 200, 201, 403),
    "its scope for reading": (["sms:read"], 200, 403, 403),
    "another scope": (["stagebased"], 403, 403, 403),
    "one of several": (["stagebased", "sms"], 200, 201, 403),
}


@pytest.mark.parametrize(("scopes", "reading", "writing", "elsewhere"), CASES.values(), ids=CASES.keys())
def test_a_scope_limits_a_token(alice, scopes, reading, writing, elsewhere) -> None:
    _, key = issue_token(user=alice, scopes=scopes)
    assert call(key).status_code == reading
    assert call(key, method="post").status_code == writing
    assert call(key, view=Unscoped).status_code == elsewhere


@pytest.mark.parametrize("scope", ["", "SMS", "sms:write", "sms read", "sms\n", "1", None, 5])
def test_what_is_no_scope_is_refused(scope) -> None:
    with pytest.raises(InvalidScope):
        check_scopes([scope])


def test_scopes_are_kept_once_and_in_order(alice) -> None:
    token, _ = issue_token(user=alice, scopes=["sms:read", "accounts", "sms:read"])
    assert token.scopes == ["accounts", "sms:read"]
