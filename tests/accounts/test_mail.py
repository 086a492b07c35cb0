"""E-mails: one that is refused holds up no other, a mail server that is away holds up nobody."""

from __future__ import annotations

import smtplib
from datetime import date
from types import SimpleNamespace

import pytest
from django.core.mail import EmailMessage

from accounts import mail
from hospitality.models import Feedback, FeedbackMail
from hospitality.operations.mail import mail_feedback
from telephony import operations
from telephony.models import Voicemail, VoicemailMessage

AWAY = [
    ConnectionRefusedError(111, "refused"), TimeoutError("timed out"), OSError(101, "no route"),
    smtplib.SMTPConnectError(421, b"busy"), smtplib.SMTPServerDisconnected("gone"),
    smtplib.SMTPAuthenticationError(535, b"no"), smtplib.SMTPHeloError(500, b"no"),
]  # fmt: skip
REFUSED = [
    smtplib.SMTPRecipientsRefused({"a@example.org": (550, b"unknown")}),
    smtplib.SMTPSenderRefused(550, b"no", "b@example.org"), smtplib.SMTPDataError(552, b"too large"),
    smtplib.SMTPNotSupportedError("SMTPUTF8"), UnicodeEncodeError("ascii", "ü", 0, 1, "no"),
]  # fmt: skip


@pytest.fixture
def server(monkeypatch) -> SimpleNamespace:
    """A mail server that fails as it is told to, and counts how often it is asked."""
    told = SimpleNamespace(error=None, asked=0)

    def send(self: EmailMessage, fail_silently: bool = False) -> int:
        told.asked += 1
        if told.error is not None:
            raise told.error
        return 1

    monkeypatch.setattr(EmailMessage, "send", send)
    return told


@pytest.fixture
def due(alice, bob) -> None:
    """Three e-mails of each kind."""
    box = Voicemail.objects.create(mailbox="12", email="anne@example.org")
    for _ in range(3):
        VoicemailMessage.objects.create(voicemail=box, duration=1, size=1, mail_due=True)
        feedback = Feedback.objects.create(
            author=alice, about=bob, body="Kind people.", rating="positive", hosting_month=date(2026, 5, 1)
        )
        FeedbackMail.objects.create(feedback=feedback, recipient=bob)


@pytest.mark.parametrize("error", AWAY, ids=lambda error: type(error).__name__)
def test_a_mail_server_that_is_away_is_told_from_one_that_refuses(server, error):
    server.error = error
    with pytest.raises(mail.Away):
        mail.send(EmailMessage())


@pytest.mark.parametrize("error", REFUSED, ids=lambda error: type(error).__name__)
def test_what_is_refused_is_not_accepted(server, error):
    server.error = error
    assert mail.send(EmailMessage()) is False


@pytest.mark.django_db
def test_a_mail_server_that_is_away_is_asked_once_and_costs_no_attempt(server, due):
    server.error = TimeoutError("timed out")
    assert (operations.mail_messages(), mail_feedback(), server.asked) == (0, 0, 2)
    assert set(VoicemailMessage.objects.values_list("mail_due", "mail_attempts")) == {(True, 0)}
    assert set(FeedbackMail.objects.values_list("attempts", flat=True)) == {0}
    server.error = None
    assert (operations.mail_messages(), mail_feedback()) == (3, 3)


@pytest.mark.django_db
def test_one_that_is_refused_holds_up_no_other(server, due):
    server.error = REFUSED[0]
    assert (operations.mail_messages(), mail_feedback(), server.asked) == (0, 0, 6)
    assert set(VoicemailMessage.objects.values_list("mail_due", "mail_attempts")) == {(True, 1)}


@pytest.mark.django_db
def test_a_slow_mail_server_keeps_a_worker_for_a_while_only(server, due, monkeypatch):
    clock = iter(range(0, 1000, 15))
    monkeypatch.setattr(mail, "monotonic", lambda: next(clock))
    assert operations.mail_messages() == 1
    assert operations.mail_messages() == 1
