"""Uploaded files, for whoever has their address."""

from __future__ import annotations

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import cache_control

from stagebased.models import BinaryContent


@method_decorator(cache_control(private=True, max_age=24 * 3600, immutable=True), name="dispatch")
class StoredFile(View):
    """One uploaded file, without a log-in.

    Telephone platforms and phones fetch these addresses and have no
    credentials here; the name's 128 random bits are the permission. The file
    is served as the kind it was found to be at its upload, as an attachment,
    and with nothing a browser could run.
    """

    def get(self, request: HttpRequest, name: str) -> FileResponse:
        record = BinaryContent.objects.filter(content=f"content/{name}").first()
        if record is None:
            raise Http404
        try:
            file = record.content.open("rb")
        except OSError:
            raise Http404 from None
        response = FileResponse(file, as_attachment=True, filename=name, content_type=record.content_type)
        response["X-Content-Type-Options"] = "nosniff"
        response["Content-Security-Policy"] = "default-src 'none'; sandbox"
        return response

    def head(self, request: HttpRequest, name: str) -> HttpResponse:
        found = self.get(request, name)
        # The file alone: closing the answer would say that the request is over and end its connections.
        if found.file_to_stream is not None:
            found.file_to_stream.close()
        return HttpResponse(headers=found.headers)
