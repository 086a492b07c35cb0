"""What is said, to whom, when: schedules, message sets, their messages, subscriptions and due slots."""

from stagebased.models.bulk import BulkChange, BulkItem
from stagebased.models.content import (
    BinaryContent,
    Message,
    MessageSet,
    Welcome,
    validate_language,
    validate_languages,
)
from stagebased.models.figures import BehindSubscription, Metric, SendEstimate, StageCount
from stagebased.models.revisions import WELCOME, Draft, Revision
from stagebased.models.schedules import DueSlot, Schedule
from stagebased.models.subscriptions import Change, ChangeRequest, Subscription, counted_anew

__all__ = [
    "WELCOME",
    "BehindSubscription",
    "BinaryContent",
    "BulkChange",
    "BulkItem",
    "Change",
    "ChangeRequest",
    "Draft",
    "DueSlot",
    "Message",
    "MessageSet",
    "Metric",
    "Revision",
    "Schedule",
    "SendEstimate",
    "StageCount",
    "Subscription",
    "Welcome",
    "counted_anew",
    "validate_language",
    "validate_languages",
]
