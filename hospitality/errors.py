"""Why an operation refused. Nothing was stored."""

from __future__ import annotations


class HospitalityError(Exception):
    """Base of all refusals."""


class UnusablePicture(HospitalityError):
    """What was uploaded is no picture, or too large a one."""


class InvalidFeedback(HospitalityError):
    """``problems``: a text for each field of the feedback that is wrong."""

    def __init__(self, problems: dict[str, str]) -> None:
        super().__init__(" ".join(problems.values()))
        self.problems = problems


class NotSent(HospitalityError):
    """A private message was refused; ``texts`` say why, in the interface's words."""

    def __init__(self, *texts: str) -> None:
        super().__init__("\n".join(texts))


class UnknownMessage(HospitalityError):
    """No such message, or the person neither received nor sent it."""
