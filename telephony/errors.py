"""What can go wrong in telephony, in domain words."""

from __future__ import annotations


class TelephonyError(Exception):
    """Base of the errors here; ``code`` is stable."""

    code = "telephony"


class NotFound(TelephonyError):
    """There is no such user, mailbox or message."""

    code = "not_found"


class Unusable(TelephonyError):
    """Properties with values that cannot be used, by name."""

    code = "unusable"

    def __init__(self, *names: str) -> None:
        super().__init__(", ".join(names))
        self.names = names


class Changed(TelephonyError):
    """Somebody else changed the record meanwhile."""

    code = "changed"


class HasMailbox(TelephonyError):
    """The user has a mailbox, which nobody asked to delete as well."""

    code = "has_mailbox"


class MailboxFull(TelephonyError):
    """The folder holds as many messages as are allowed."""

    code = "mailbox_full"


class UnusableRecording(TelephonyError):
    """The bytes are no recording that a telephone system can play. The text says why."""

    code = "unusable_recording"
