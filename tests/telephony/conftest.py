from __future__ import annotations

import io
import wave

import pytest
from django.contrib.auth.models import Permission
from rest_framework.test import APIClient

from accounts.models import User
from tests.conftest import client_with_token

JSON = "application/json;charset=UTF-8"


class TelephonyClient(APIClient):
    """Sends what a client of the dialect sends: Accept on GET, a typed JSON body otherwise."""

    def get(self, path, data=None, **headers):
        headers.setdefault("HTTP_ACCEPT", "application/json")
        return super().get(path, data, **headers)


@pytest.fixture
def operator(db) -> User:
    user = User.objects.create_user("operator", "operator@example.org", "operator-password")
    user.user_permissions.add(Permission.objects.get(codename="use_telephony"))
    return user


@pytest.fixture
def pbx(operator) -> TelephonyClient:
    client = TelephonyClient(raise_request_exception=False)
    client.credentials(**client_with_token(operator)._credentials)
    return client


def recording(*, seconds: float = 1.0, rate: int = 8000, channels: int = 1, width: int = 2) -> bytes:
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(b"\x01\x02" * int(seconds * rate * channels * width / 2))
    return content.getvalue()


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"
