"""Error answers that all JSON dialects under ``/api/`` share.

Bodies are always objects: ``{"detail": text}``, ``{field: [texts]}`` or
``{"non_field_errors": [texts]}``. The texts "Not found.", "Invalid token."
and the like are compared by existing clients and stay as they are.
"""

from __future__ import annotations

from typing import Any

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.core.exceptions import ValidationError as DjangoValidationError
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
        case SuspiciousOperation():
            # Too many form fields or files.
            return exceptions.ParseError("Bad request.")
    return error


def refuse(field: str, message: str, code: str = "invalid") -> exceptions.ValidationError:
    """``{field: [message]}``, to be raised."""
    return exceptions.ValidationError({field: [message]}, code=code)
