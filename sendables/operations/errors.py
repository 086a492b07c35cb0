"""Why an operation refused. Nothing was stored; a dialect translates the class into its own error form."""

from __future__ import annotations


class SendablesError(Exception):
    """Base of all refusals; ``code`` is stable."""

    code = "refused"


class NoRecipients(SendablesError):
    """Nobody is left whom this may be sent to."""

    code = "no_recipients"


class TooFast(SendablesError):
    """A sending limit is used up; ``wait``: seconds until it allows this again, None for never."""

    code = "too_fast"

    def __init__(self, wait: float | None) -> None:
        super().__init__("sending limit reached")
        self.wait = wait


class UnknownThread(SendablesError):
    """No such conversation, or the person has no message in it."""

    code = "unknown_thread"


class KeyReused(SendablesError):
    """The idempotency key was used for a different request."""

    code = "key_reused"


class NotScheduled(SendablesError):
    """None of the postings can be cancelled any more."""

    code = "not_scheduled"
