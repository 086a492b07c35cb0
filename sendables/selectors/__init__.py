"""What can be seen of messages and notices: querysets for lists and details."""

from sendables.selectors.lists import received, received_one, recipients_of, sent, sent_one

__all__ = ["received", "received_one", "recipients_of", "sent", "sent_one"]
