"""The second factor of staff: codes of an authenticator app, and codes on paper for when it is lost.

Whoever has set one up is asked for it at each log-in to the admin site; with
``settings.ADMIN_SECOND_FACTOR`` *required*, everybody on the staff has to set
one up before anything else opens. API tokens are not concerned.
"""

from __future__ import annotations

from base64 import b32encode
from typing import Any

import segno
from django.conf import settings
from django.db import transaction

from accounts.models import Authenticator, User

#: Codes on paper given out together; each works once.
PAPER_CODES = 10
_NAME = "authenticator"


def is_required() -> bool:
    return bool(settings.ADMIN_SECOND_FACTOR == "required")


def has_one(user: Any) -> bool:
    return Authenticator.objects.filter(user=user.pk, confirmed=True).exists()


def verify(user: User, code: str) -> Any:
    """The device that accepts the code, or None. Wrong codes make the next try wait, longer each time."""
    # The row is locked, so that of two log-ins with one code one is let in.
    with transaction.atomic():
        for device in Authenticator.objects.select_for_update().filter(user=user, confirmed=True):
            if device.verify_token(code.replace(" ", "")):
                return device
    return None


def begin(user: User) -> Authenticator:
    """The device that is to be set up: the same one until it is confirmed."""
    device, _ = Authenticator.objects.get_or_create(user=user, confirmed=False, defaults={"name": _NAME})
    return device


def confirm(user: User, code: str) -> Authenticator | None:
    """The device, in force from now on, when the code is its own; else None."""
    device = begin(user)
    if not device.verify_token(code.replace(" ", "")):
        return None
    with transaction.atomic():
        Authenticator.objects.filter(user=user).exclude(pk=device.pk).delete()
        device.confirmed = True
        device.save(update_fields=["confirmed"])
    return device


@transaction.atomic
def new_paper_codes(user: User) -> list[str]:
    """Fresh codes; earlier ones end."""
    device = Authenticator.objects.select_for_update().get(user=user, confirmed=True)
    return device.new_paper_codes(PAPER_CODES)


def paper_codes_left(user: User) -> int:
    devices = Authenticator.objects.filter(user=user, confirmed=True)
    return sum(len(device.paper_codes.split()) for device in devices)


def remove(user: User) -> None:
    """Take the second factor away, e.g. because the telephone is lost."""
    Authenticator.objects.filter(user=user).delete()


def picture(device: Authenticator) -> str:
    """What the app is shown to set itself up, as a data URI."""
    return str(segno.make(device.config_url).svg_data_uri(scale=5, dark="#111827", light="#ffffff"))


def secret(device: Authenticator) -> str:
    """The same to type, in groups of four."""
    text = b32encode(device.bin_key).decode().rstrip("=")
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))
