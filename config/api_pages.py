"""The OpenAPI document, as a file and as pages to read it on."""

from __future__ import annotations

from functools import cache

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.cache import cache_control
from django.views.decorators.http import conditional_page, require_safe
from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiYamlRenderer

from config.openapi import document

YAML, JSON = "application/yaml", "application/json"


@require_safe
@conditional_page
@cache_control(max_age=300)
def openapi(request: HttpRequest) -> HttpResponse:
    """The document in YAML; in JSON with ``?format=json`` or where ``Accept`` names JSON."""
    asked = request.GET.get("format") or ("json" if "json" in request.headers.get("Accept", "") else "yaml")
    media = JSON if asked == "json" else YAML
    response = HttpResponse(_written(media), content_type=media)
    patch_vary_headers(response, ["Accept"])
    return response


@cache
def _written(media: str) -> bytes:
    written: bytes = _RENDERERS[media]().render(document(), renderer_context={})
    return written


_RENDERERS = {YAML: OpenApiYamlRenderer, JSON: OpenApiJsonRenderer}


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """The document as a page on which it can be tried; everything it loads comes from here."""
    return render(request, "api_docs.html")
