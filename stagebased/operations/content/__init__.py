"""What is said and when: the rules for schedules, message sets, messages and files.

Each ``check_…`` raises ``Refused`` with every broken rule under its field's
name; each ``save_…`` checks and writes in one transaction; each ``delete_…``
raises ``InUse`` while others need the record. The admin's forms use the same
checks.
"""

from stagebased.operations.content.files import check_file, delete_file, store_file
from stagebased.operations.content.messages import check_message, delete_message, save_message
from stagebased.operations.content.schedules import (
    check_schedule,
    delete_schedule,
    save_schedule,
    schedule_is_used,
)
from stagebased.operations.content.sets import (
    check_message_set,
    delete_message_set,
    message_set_is_used,
    save_message_set,
)

__all__ = [
    "check_file",
    "check_message",
    "check_message_set",
    "check_schedule",
    "delete_file",
    "delete_message",
    "delete_message_set",
    "delete_schedule",
    "message_set_is_used",
    "save_message",
    "save_message_set",
    "save_schedule",
    "schedule_is_used",
    "store_file",
]
