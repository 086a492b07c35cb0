"""People who look at the editors' pages, and how a page is asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.models import User
from stagebased.models import BinaryContent, MessageSet
from stagebased.operations import content


@pytest.fixture
def with_rights(db) -> Callable[..., Client]:
    """Somebody of the staff with exactly these rights of the app, logged in."""

    def make(*rights: str) -> Client:
        user = User.objects.create_user(f"staff {len(rights)}", is_staff=True)
        user.user_permissions.set(
            Permission.objects.filter(content_type__app_label="stagebased", codename__in=rights)
        )
        client = Client()
        client.force_login(user)
        return client

    return make


@pytest.fixture
def viewer(with_rights) -> Client:
    return with_rights("view_messageset", "view_message", "view_schedule")


@pytest.fixture
def editor(with_rights) -> Client:
    models = ("messageset", "message", "welcome", "schedule", "binarycontent")
    return with_rights(
        *(f"{verb}_{model}" for model in models for verb in ("view", "add", "change", "delete"))
    )


def address(page: str, message_set: MessageSet, *more: Any) -> str:
    return reverse(f"admin:stagebased_messageset_{page}", args=[message_set.pk, *more])


PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 40
WAV = b"RIFF\x24\x00\x00\x00WAVEfmt " + b"\x00" * 40


@pytest.fixture
def png() -> Callable[[], SimpleUploadedFile]:
    return lambda: SimpleUploadedFile("a.png", PNG)


@pytest.fixture
def bad_file() -> SimpleUploadedFile:
    return SimpleUploadedFile("a.png", b"<script>")


@pytest.fixture
def audio(db, settings, tmp_path) -> BinaryContent:
    settings.MEDIA_ROOT = tmp_path
    return content.store_file(upload=SimpleUploadedFile("a.wav", WAV))
