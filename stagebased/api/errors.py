"""From a programme's errors to this dialect's answers."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import RequestDataTooBig
from rest_framework import exceptions
from rest_framework.response import Response

from accounts.api import errors
from stagebased.errors import (
    AlreadyUsed,
    InUse,
    Refused,
    UnknownMessage,
    UnknownMessageSet,
    UnknownSchedule,
    UnknownSubscription,
)


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    return errors.exception_handler(translated(error), context)


def translated(error: Exception) -> Exception:
    """The framework's exception for a programme's error; any other error as it is."""
    match error:
        case Refused():
            return exceptions.ValidationError(error.errors)
        case InUse() | AlreadyUsed():
            return errors.Conflict(str(error))
        case RequestDataTooBig():
            return errors.BodyTooLarge()
        case UnknownSubscription() | UnknownSchedule() | UnknownMessageSet() | UnknownMessage():
            return exceptions.NotFound()
    return error
