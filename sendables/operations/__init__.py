"""What can be done with messages and notices. The only place that writes; no HTTP, no Celery.

Every dialect calls these. One transaction each, a fixed number of statements,
signals after commit (``sendables.signals``), refusals as ``SendablesError``.
"""

from sendables.operations.blocks import block, is_blocked, unblock
from sendables.operations.deleting import delete_received, delete_sent
from sendables.operations.errors import (
    KeyReused,
    NoRecipients,
    NotScheduled,
    SendablesError,
    TooFast,
    UnknownThread,
)
from sendables.operations.inboxes import inbox_version, unread_count, unread_counts
from sendables.operations.marking import Marked, mark_all_read, mark_read, mark_unread
from sendables.operations.postings import cancel, post, publish_due, send_to_many
from sendables.operations.privacy import erase_person, export_person
from sendables.operations.repeats import once
from sendables.operations.sending import Sent, send, send_message, send_notice
from sendables.operations.threads import (
    archive_thread,
    delete_thread,
    mark_thread,
    reply,
    unarchive_thread,
)

__all__ = [
    "KeyReused",
    "Marked",
    "NoRecipients",
    "NotScheduled",
    "SendablesError",
    "Sent",
    "TooFast",
    "UnknownThread",
    "archive_thread",
    "block",
    "cancel",
    "delete_received",
    "delete_sent",
    "delete_thread",
    "erase_person",
    "export_person",
    "inbox_version",
    "is_blocked",
    "mark_all_read",
    "mark_read",
    "mark_thread",
    "mark_unread",
    "once",
    "post",
    "publish_due",
    "reply",
    "send",
    "send_message",
    "send_notice",
    "send_to_many",
    "unarchive_thread",
    "unblock",
    "unread_count",
    "unread_counts",
]
