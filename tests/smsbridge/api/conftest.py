"""Callers of the SMS interface, by token and by password."""

from __future__ import annotations

import base64

import pytest
from django.contrib.auth.models import Permission
from django.core.cache import cache
from rest_framework.test import APIClient

from accounts.models import User
from tests.conftest import client_with_token

ROOT = "/api/v1.0"
SEND = f"{ROOT}/sms/outgoing"
NUMBER = "27820001001"


@pytest.fixture(autouse=True)
def no_memory():
    cache.clear()
    yield
    cache.clear()


def quiet(client: APIClient) -> APIClient:
    """Answers errors as a server does, instead of raising them."""
    client.raise_request_exception = False
    return client


def with_password(username: str, password: str) -> APIClient:
    client = quiet(APIClient())
    key = base64.b64encode(f"{username}:{password}".encode()).decode()
    client.credentials(HTTP_AUTHORIZATION=f"Basic {key}")
    return client


@pytest.fixture
def caller(alice: User, gateway) -> APIClient:
    """Alice's program."""
    return quiet(client_with_token(alice))


@pytest.fixture
def other(bob: User, gateway) -> APIClient:
    return quiet(client_with_token(bob))


@pytest.fixture
def admin(staff: User, gateway) -> APIClient:
    """Staff whose role lets them delete messages."""
    for right in ("delete_delivery", "delete_inboundmessage"):
        staff.user_permissions.add(Permission.objects.get(codename=right))
    return quiet(client_with_token(staff))


def sent(client: APIClient, *mobiles: str, text: str = "Hi, Jack!", **more) -> dict:
    """The answer to a POST that is taken."""
    headers = {name: more.pop(name) for name in list(more) if name.startswith("HTTP_")}
    answer = client.post(SEND, {"text": text, "mobiles": list(mobiles or [NUMBER]), **more}, **headers)
    assert answer.status_code == 201, answer.content
    return answer.json()


def first_id(answer: dict) -> str:
    return next(iter(answer["mobiles"].values()))["message_id"]


def spread(count: int, start: int = 27820001001) -> list[str]:
    """Numbers that are not consecutive."""
    return [str(start + 17 * n) for n in range(count)]
