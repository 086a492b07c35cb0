"""What happens to e-mails where no mail server is configured."""

from __future__ import annotations

from collections.abc import Sequence

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend


class NoMail(BaseEmailBackend):
    """Accepts nothing, so that no caller takes a message for sent (set EMAIL_URL)."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        return 0
