"""What happens to sendables, declared. Sent after commit; a receiver's error is logged and stops nobody.

Keys are the content's primary keys, people are primary keys of users.
"""

from django.dispatch import Signal

#: Arguments: entity (str), key, by (the sender's id or None), recipients (list of ids).
sendable_sent = Signal()

#: Arguments: entity (str), reader (id), keys (list) of those that were unread before.
sendables_read = Signal()

#: Arguments: entity (str), reader (id), keys (list) of those that were read before.
sendables_unread = Signal()

#: Arguments: entity (str), reader (id), keys (list): a recipient deleted their copies.
sendables_deleted = Signal()

#: Arguments: entity (str), by (id), keys (list): a sender removed them from the sent ones.
sent_removed = Signal()

#: Arguments: entity (str), users (list of ids): their lists or unread counts are not what they were.
inboxes_changed = Signal()
