"""What can go wrong with a programme, in the programme's own words.

Each error carries a stable ``code`` for programs and a message for people;
which HTTP status it becomes is the dialect's business.
"""

from __future__ import annotations

from collections.abc import Mapping


class ProgrammeError(Exception):
    """The root of all of them."""

    code = "programme_error"


class UnknownSubscription(ProgrammeError):
    """There is no subscription with that id."""

    code = "unknown_subscription"


class UnknownSchedule(ProgrammeError):
    """There is no schedule with that id."""

    code = "unknown_schedule"


class UnknownMessageSet(ProgrammeError):
    """There is no message set with that id."""

    code = "unknown_message_set"


class UnknownMessage(ProgrammeError):
    """There is no message with that id."""

    code = "unknown_message"


class NotSendable(ProgrammeError):
    """The subscription is not running: inactive, completed, or not ready."""

    code = "not_sendable"


class NoMessage(ProgrammeError):
    """The set has no message at the wanted position in a language the person reads."""

    code = "no_message"


class Refused(ProgrammeError):
    """A record breaks the rules. ``errors`` says which field and why.

    Several fields at once may be named; ``non_field_errors`` stands for a rule
    that concerns more than one field.
    """

    code = "refused"

    def __init__(self, errors: Mapping[str, list[str]]) -> None:
        super().__init__("; ".join(f"{field}: {' '.join(texts)}" for field, texts in errors.items()))
        self.errors = dict(errors)


class AlreadyUsed(ProgrammeError):
    """The caller's id of a request belongs to another request."""

    code = "already_used"


class InUse(ProgrammeError):
    """A record cannot be removed because others need it."""

    code = "in_use"
