"""The cast and the clients that all tests share."""

from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from accounts.models import ApiToken, User


@pytest.fixture
def staff(db) -> User:
    return User.objects.create_user("staff", "staff@example.org", "staff-password", is_staff=True)


@pytest.fixture
def alice(db) -> User:
    return User.objects.create_user("alice", "alice@example.org", "alice-password")


@pytest.fixture
def bob(db) -> User:
    return User.objects.create_user("bob", "bob@example.org", "bob-password")


@pytest.fixture
def eve(db) -> User:
    """The outsider: an account that has nothing to do with the others."""
    return User.objects.create_user("eve", "eve@example.org", "eve-password")


def client_with_token(user: User, *scopes: str) -> APIClient:
    key = ApiToken.new_key()
    ApiToken.objects.create(
        user=user, name="test", key_hash=ApiToken.hash(key), prefix=key[:8], scopes=list(scopes)
    )
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {key}")
    return client


@pytest.fixture
def as_staff(staff: User) -> APIClient:
    return client_with_token(staff)


@pytest.fixture
def as_alice(alice: User) -> APIClient:
    return client_with_token(alice)


@pytest.fixture
def anonymous() -> APIClient:
    return APIClient()
