"""Members' pictures as files."""

from __future__ import annotations

from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from hospitality.pictures import ALL_SIZES, path


@require_safe
@cache_control(private=True, max_age=24 * 3600, immutable=True)
def picture(request: HttpRequest, key: str, size: str) -> HttpResponseBase:
    """One size of a picture, without a log-in: apps load pictures without their cookie, and the key is
    128 random bits. Always a JPEG that was drawn here, so nothing a browser could run."""
    if size not in ALL_SIZES or not key.isalnum():
        raise Http404
    try:
        file = default_storage.open(path(key, size))
    except OSError:
        raise Http404 from None
    response = FileResponse(file, content_type="image/jpeg", as_attachment=True, filename=f"{size}.jpg")
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response
