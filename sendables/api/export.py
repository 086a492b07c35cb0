"""The view that hands out all of one's own."""

from __future__ import annotations

import json
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.http import StreamingHttpResponse
from rest_framework.request import Request

from sendables.api.base import EntityView
from sendables.operations.privacy import export_entity


class ExportView(EntityView):
    """Everything the caller received and sent, one JSON object per line."""

    view_name = "EXPORT"

    def get(self, request: Request, **kwargs: Any) -> StreamingHttpResponse:
        records = export_entity(self.kind, self.user)
        lines = (json.dumps(record, cls=DjangoJSONEncoder) + "\n" for record in records)
        response = StreamingHttpResponse(lines, content_type="application/x-ndjson")
        response["Content-Disposition"] = f'attachment; filename="{self.entity_name}s.ndjson"'
        return response
