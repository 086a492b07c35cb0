"""Sendables, their receipts, and what is kept per person."""

from sendables.models.base import (
    AbstractMessage,
    AbstractReceipt,
    AbstractSendable,
    ReceiptQuerySet,
    Threaded,
)
from sendables.models.content import Message, MessageReceipt, Notice, NoticeReceipt
from sendables.models.people import ArchivedThread, Block, Inbox, Pace
from sendables.models.sends import Imported, Posting, SendKey

__all__ = [
    "AbstractMessage",
    "AbstractReceipt",
    "AbstractSendable",
    "ArchivedThread",
    "Block",
    "Imported",
    "Inbox",
    "Message",
    "MessageReceipt",
    "Notice",
    "NoticeReceipt",
    "Pace",
    "Posting",
    "ReceiptQuerySet",
    "SendKey",
    "Threaded",
]
