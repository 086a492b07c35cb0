"""What is said and when: the rules for schedules, message sets, messages and files.

Each ``check_…`` raises ``Refused`` with every broken rule under its field's
name; each ``save_…`` checks and writes in one transaction; each ``delete_…``
raises ``InUse`` while others need the record. The admin's forms use the same
checks.

For editors there is besides: writing without sending (``save_draft``,
``discard_drafts``, ``publish``), stages in the middle (``insert_stage``,
``move_stage``, ``remove_stage``), and a set's life (``check_completeness``,
``activate``, ``clone``, ``copy_language``).
"""

from stagebased.operations.content.audio import copy_audio
from stagebased.operations.content.completeness import (
    Finding,
    Level,
    active_languages,
    check_completeness,
)
from stagebased.operations.content.drafts import (
    Place,
    Published,
    Written,
    discard_drafts,
    problem_of,
    publish,
    save_draft,
    save_drafts,
)
from stagebased.operations.content.files import check_file, delete_file, file_is_used, store_file
from stagebased.operations.content.lifecycle import Incomplete, activate, clone, copy_language
from stagebased.operations.content.messages import (
    check_message,
    delete_message,
    save_message,
    text_problem,
)
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
from stagebased.operations.content.stages import insert_stage, move_stage, remove_stage
from stagebased.operations.content.welcomes import check_welcome, delete_welcome, save_welcome

__all__ = [
    "Finding",
    "Incomplete",
    "Level",
    "Place",
    "Published",
    "Written",
    "activate",
    "active_languages",
    "check_completeness",
    "check_file",
    "check_message",
    "check_message_set",
    "check_schedule",
    "check_welcome",
    "clone",
    "copy_audio",
    "copy_language",
    "delete_file",
    "delete_message",
    "delete_message_set",
    "delete_schedule",
    "delete_welcome",
    "discard_drafts",
    "file_is_used",
    "insert_stage",
    "message_set_is_used",
    "move_stage",
    "problem_of",
    "publish",
    "remove_stage",
    "save_draft",
    "save_drafts",
    "save_message",
    "save_message_set",
    "save_schedule",
    "save_welcome",
    "schedule_is_used",
    "store_file",
    "text_problem",
]
