"""Secrets that must be readable again, kept encrypted in the database.

Passwords of people are hashed (Django does that). Some secrets have to be
given back in clear, e.g. a voice mailbox's PIN to the telephone system; those
stand in an ``EncryptedTextField``. The keys come from
``settings.FIELD_ENCRYPTION_KEYS``: the first encrypts, all decrypt, so a key
is rotated by putting a new one in front and running
``manage.py rotate_field_keys``.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models

#: Secrets that a process keeps open. Whoever can read its memory finds the key there, too.
OPEN = 5000


class Undecryptable(Exception):
    """None of the configured keys opens the stored value."""


def _box() -> MultiFernet:
    """By the configured keys; without any, by keys derived from SECRET_KEY and its fallbacks."""
    if settings.FIELD_ENCRYPTION_KEYS:
        return _of_keys(tuple(settings.FIELD_ENCRYPTION_KEYS))
    return _of_secrets((settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS))


@lru_cache(maxsize=4)
def _of_keys(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


@lru_cache(maxsize=4)
def _of_secrets(secrets: tuple[str, ...]) -> MultiFernet:
    return _of_keys(tuple(_derived(secret) for secret in secrets))


def _derived(secret: str) -> str:
    digest = hashlib.sha256(b"switchboard.field-encryption:" + secret.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode()


def encrypt(text: str) -> str:
    """Ciphertext of ``text``; the empty text stays empty."""
    return _box().encrypt(text.encode()).decode() if text else ""


def decrypt(stored: str) -> str:
    """The text again. Raises Undecryptable."""
    return decrypt_all([stored])[0]


def decrypt_all(stored: Iterable[str]) -> list[str]:
    """``decrypt`` of each. What was opened before is not opened again: lists are asked for often."""
    box = _box()
    try:
        return [_opened(box, text) if text else "" for text in stored]
    except InvalidToken:
        raise Undecryptable("No configured key opens a stored secret.") from None


@lru_cache(maxsize=OPEN)
def _opened(box: MultiFernet, text: str) -> str:
    return box.decrypt(text.encode()).decode()


class EncryptedTextField(models.TextField):
    """Text that is ciphertext in the database. It can be neither searched nor ordered by."""

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> str | None:
        return value if value is None else decrypt(value)

    def get_prep_value(self, value: Any) -> Any:
        prepared = super().get_prep_value(value)
        return encrypt(prepared) if isinstance(prepared, str) else prepared

    def get_lookup(self, lookup_name: str) -> Any:
        return super().get_lookup(lookup_name) if lookup_name == "isnull" else None
