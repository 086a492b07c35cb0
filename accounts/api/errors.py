"""Error answers that all JSON dialects under ``/api/`` share.

Bodies are always objects: ``{"detail": text}``, ``{field: [texts]}`` or
``{"non_field_errors": [texts]}``. The texts "Not found.", "Invalid token."
and the like are compared by existing clients and stay as they are.
"""

from __future__ import annotations

import sqlite3
from typing import Any

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import InterfaceError, OperationalError
from django.http import Http404
from rest_framework import exceptions, status
from rest_framework.fields import get_error_detail
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.views import exception_handler as framework_handler


class Conflict(exceptions.APIException):
    """409: the request is well formed but the record's present state forbids it."""

    status_code = status.HTTP_409_CONFLICT
    default_detail = "The record is in use."
    default_code = "conflict"


class BodyTooLarge(exceptions.APIException):
    """413: more bytes than ``settings.DATA_UPLOAD_MAX_MEMORY_SIZE``."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_detail = "The request body is too large."
    default_code = "too_large"


class Away(exceptions.APIException):
    """503: the database was away or too busy. Nothing was stored, or what was is safe to send again."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_detail = "The service is not available just now. Please try again."
    default_code = "unavailable"
    #: Seconds for Retry-After.
    wait = 5


#: What SQLite reports while it is busy, locked, full or out of reach; its driver raises the same class for a
#: statement that is wrong.
_SQLITE_AWAY = frozenset(
    (
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
    )
)


def is_away(error: BaseException | None) -> bool:
    """Whether an error says that the database was away or too busy."""
    if not isinstance(error, OperationalError | InterfaceError):
        return False
    code = getattr(error.__cause__, "sqlite_errorcode", None)
    # The low byte is the kind, the others say more about it.
    return code is None or code & 0xFF in _SQLITE_AWAY


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's handler with one fixed 404 text and no bare arrays; what Django refuses becomes JSON too."""
    response = framework_handler(_translate(error), context)
    if response is not None and isinstance(response.data, list):
        response.data = {api_settings.NON_FIELD_ERRORS_KEY: response.data}
    return response


def _translate(error: Exception) -> Exception:
    match error:
        case Http404():
            return exceptions.NotFound()
        case DjangoValidationError():
            return exceptions.ValidationError(get_error_detail(error))
        case RequestDataTooBig():
            return BodyTooLarge()
        case OperationalError() | InterfaceError() if is_away(error):
            return Away()
        case SuspiciousOperation():
            # Too many form fields or files.
            return exceptions.ParseError("Bad request.")
    return error


def refuse(field: str, message: str, code: str = "invalid") -> exceptions.ValidationError:
    """``{field: [message]}``, to be raised."""
    return exceptions.ValidationError({field: [message]}, code=code)
