"""What changing any telephony record has in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django.db import models
from django.utils import timezone

from telephony.errors import NotFound

Record = TypeVar("Record", bound=models.Model)
#: Looks at the locked record and raises when the change must not be made.
Precondition = Callable[[Any], None]


def locked(model: type[Record], key: Any) -> Record:
    """The record, locked until the transaction ends. Raises NotFound."""
    record = model._base_manager.select_for_update().filter(pk=key).first()
    if record is None:
        raise NotFound
    return record


def change(record: Record, values: dict[str, Any]) -> Record:
    """Write the given columns and the time, nothing else."""
    for name, value in {**values, "updated_at": timezone.now()}.items():
        setattr(record, name, value)
    if values:
        record.save(update_fields=[*values, "updated_at"])
    return record
