"""Telling people that an endpoint was disabled."""

from __future__ import annotations

import logging

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction

from outbox.operations import Refused, queue
from webhooks.models import Endpoint

log = logging.getLogger(__name__)
_TEXT = """\
The webhook endpoint "{name}" was disabled: {why}. Its latest answer: {answer}.

It hears of nothing from now on. Once it works again, enable it in the admin site (Webhooks) and have
posted again what it missed.
"""


def tell_of_disabled(endpoint: Endpoint) -> None:
    """A notice among the owner's in-app notices and, where mail is sent, an e-mail."""
    log.warning("webhook endpoint %s was disabled: %s", endpoint.pk, endpoint.get_disabled_display())
    owner = endpoint.created_by
    if owner is None:
        return
    text = _TEXT.format(
        name=endpoint.description or endpoint.pk,
        why=endpoint.get_disabled_display(),
        answer=endpoint.last_answer or "none",
    )
    try:
        queue(
            source="webhooks",
            cause=endpoint.pk,
            slot_key=f"disabled {endpoint.disabled_at:%Y-%m-%dT%H:%M:%SZ}",
            address=str(owner.pk),
            text=text,
            channel="notice",
        )
    except Refused:
        log.warning("no notice about webhook endpoint %s: there is no channel for it", endpoint.pk)
    if owner.email:
        transaction.on_commit(lambda: _mail(owner.email, text), robust=True)


def _mail(to: str, text: str) -> None:
    send_mail("A webhook endpoint was disabled", text, settings.DEFAULT_FROM_EMAIL, [to], fail_silently=True)
