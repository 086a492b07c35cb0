"""Sending e-mails: a refusal is one e-mail's matter, a mail server that is away is all of theirs."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from smtplib import SMTPDataError, SMTPNotSupportedError, SMTPRecipientsRefused, SMTPSenderRefused
from time import monotonic
from typing import TypeVar

from django.core.mail import EmailMessage

log = logging.getLogger(__name__)
Key = TypeVar("Key")
#: Said of the one e-mail: the next may be accepted.
_REFUSALS = (SMTPDataError, SMTPNotSupportedError, SMTPRecipientsRefused, SMTPSenderRefused, ValueError)
#: Seconds after which no further e-mail of one run is begun.
BUDGET = 20.0


class Away(Exception):
    """Nobody is there to take an e-mail, whichever it is."""


def send(mail: EmailMessage) -> bool:
    """Whether the mail server accepted it. Raises Away when there is none that could."""
    try:
        return mail.send() == 1
    except _REFUSALS as error:
        # A mail server's answer may repeat the address, so only its kind is logged.
        log.warning("an e-mail was not accepted: %s", type(error).__name__)
        return False
    except OSError as error:
        log.warning("no e-mail is sent now: %s", type(error).__name__)
        raise Away from error


def send_each(keys: Iterable[Key], one: Callable[[Key], bool]) -> int:
    """Call ``one``, which sends an e-mail, for each key; how many were accepted.

    Ends when the time is up, and at once when the mail server is away: waiting
    for it again and again would keep a worker from messages that can go.
    """
    accepted, end = 0, monotonic() + BUDGET
    for key in keys:
        if monotonic() >= end:
            break
        try:
            accepted += one(key)
        except Away:
            break
    return accepted
