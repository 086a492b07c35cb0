"""What can be done with telephone users, mailboxes and recordings; the only place that writes them.

- ``create_user``, ``change_user``, ``delete_user``, ``link_contact``, ``unlink_contact``
- ``create_voicemail``, ``change_voicemail``, ``delete_voicemail``
- ``store_message``, ``move_message``, ``delete_message``, ``mail_messages``,
  ``forgo_mails``
- ``import_users``: many users from rows, all or nothing
"""

from telephony.operations.imports import ImportReport, RowError, import_users
from telephony.operations.mail import forgo_mails, mail_messages
from telephony.operations.messages import delete_message, move_message, store_message
from telephony.operations.users import change_user, create_user, delete_user, link_contact, unlink_contact
from telephony.operations.voicemails import change_voicemail, create_voicemail, delete_voicemail

__all__ = [
    "ImportReport",
    "RowError",
    "change_user",
    "change_voicemail",
    "create_user",
    "create_voicemail",
    "delete_message",
    "delete_user",
    "delete_voicemail",
    "forgo_mails",
    "import_users",
    "link_contact",
    "mail_messages",
    "move_message",
    "store_message",
    "unlink_contact",
]
