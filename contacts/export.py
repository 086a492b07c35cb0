"""Everything that is known of a person as one JSON document, made piece by piece."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder

from contacts import records
from contacts.models import Contact


class _Encoder(DjangoJSONEncoder):
    def default(self, value: Any) -> Any:
        return str(value) if isinstance(value, UUID) else super().default(value)


def as_json(contact: Contact) -> Iterator[str]:
    """``{"person": [...], "deliveries": [...], …}``. No more than a record at a time is in memory."""
    encode = _Encoder(ensure_ascii=False).encode
    yield "{"
    for at, (name, rows) in enumerate(records.everything(contact)):
        yield f"{',' if at else ''}\n{json.dumps(name)}: ["
        for number, row in enumerate(rows):
            yield f"{',' if number else ''}\n{encode(row)}"
        yield "]"
    yield "}\n"
