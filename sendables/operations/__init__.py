"""What can be done with messages and notices. The only place that writes; no HTTP, no Celery.

Every dialect calls these. One transaction each, a fixed number of statements,
signals after commit (``sendables.signals``), refusals as ``SendablesError``.
"""

from sendables.operations.deleting import delete_received, delete_sent
from sendables.operations.errors import (
    KeyReused,
    NoRecipients,
    NotScheduled,
    SendablesError,
    TooFast,
    TooManyRecipients,
    UnknownThread,
)
from sendables.operations.inboxes import inbox_version, unread_count
from sendables.operations.marking import Marked, mark_all_read, mark_read, mark_unread
from sendables.operations.sending import Sent, send, send_message, send_notice

__all__ = [
    "KeyReused",
    "Marked",
    "NoRecipients",
    "NotScheduled",
    "SendablesError",
    "Sent",
    "TooFast",
    "TooManyRecipients",
    "UnknownThread",
    "delete_received",
    "delete_sent",
    "inbox_version",
    "mark_all_read",
    "mark_read",
    "mark_unread",
    "send",
    "send_message",
    "send_notice",
    "unread_count",
]
