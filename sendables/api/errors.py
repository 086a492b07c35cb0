"""Refusals of the operations in the dialect's words."""

from __future__ import annotations

from math import ceil

from rest_framework import exceptions, status

from sendables import operations


class KeyReused(exceptions.APIException):
    """409: the Idempotency-Key belongs to a different request."""

    status_code = status.HTTP_409_CONFLICT
    default_detail = "This Idempotency-Key was used for a different request."
    default_code = "key_reused"


def translate(
    error: operations.SendablesError, *, recipients_field: str, noun: str = "recipient"
) -> Exception:
    """The DRF exception for an operation's refusal."""
    match error:
        case operations.NoRecipients():
            return refuse(recipients_field, f"No valid {noun}s.", "no_valid")
        case operations.TooFast(wait=None):
            return refuse(recipients_field, "More recipients than your sending limit allows.", "limit")
        case operations.TooFast():
            return exceptions.Throttled(wait=ceil(error.wait or 0))
        case operations.KeyReused():
            return KeyReused()
        case operations.UnknownThread():
            return exceptions.NotFound()
    return exceptions.ValidationError({"non_field_errors": [str(error)]}, code=error.code)


def refuse(field: str, message: str, code: str = "invalid") -> exceptions.ValidationError:
    return exceptions.ValidationError({field: [message]}, code=code)
