"""What `manage.py check` says about telephony."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register


@register()
def asterisk_spool_is_usable(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    path = settings.ASTERISK_VOICEMAIL_SPOOL
    if path is None or path.is_dir():
        return []
    return [
        Error(
            "ASTERISK_VOICEMAIL_SPOOL is not a directory.",
            hint="Name Asterisk's voicemail folder, or leave the setting out.",
            id="telephony.E001",
        )
    ]


@register(Tags.security, deploy=True)
def trusted_listener_is_deliberate(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    if not settings.TELEPHONY_TRUSTED_LISTENER:
        return []
    return [
        Warning(
            "This process answers the telephony interface without authentication.",
            hint="Bind it to the loopback interface only, and set the variable for no other process.",
            id="telephony.W001",
        )
    ]
