"""What is said, to whom, when: schedules, message sets, their messages, subscriptions and due slots."""

from stagebased.models.content import BinaryContent, Message, MessageSet, Welcome, validate_language
from stagebased.models.figures import Metric
from stagebased.models.schedules import DueSlot, Schedule
from stagebased.models.subscriptions import Change, Subscription

__all__ = [
    "BinaryContent",
    "Change",
    "DueSlot",
    "Message",
    "MessageSet",
    "Metric",
    "Schedule",
    "Subscription",
    "Welcome",
    "validate_language",
]
