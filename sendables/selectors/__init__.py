"""What can be seen of messages and notices; reads only."""

from sendables.selectors.conversations import messages_of, one_seen, participants, unread_threads
from sendables.selectors.lists import received, received_one, recipients_of, sent, sent_one
from sendables.selectors.summaries import ThreadSummary, threads

__all__ = [
    "ThreadSummary",
    "messages_of",
    "one_seen",
    "participants",
    "received",
    "received_one",
    "recipients_of",
    "sent",
    "sent_one",
    "threads",
    "unread_threads",
]
