"""Bare WSGI applications: Django's handler with one URLconf and no middleware."""

from __future__ import annotations

import os
import threading
from typing import Any

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler


class Bare:
    """The application of a URLconf, made at the first call: importing the module for its URLs must not
    start Django."""

    def __init__(self, urlconf: str) -> None:
        self._urlconf = urlconf
        self._handler: WSGIHandler | None = None
        self._making = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        with self._making:
            if self._handler is None:
                self._handler = self._made()
        return self._handler(environ, start_response)

    def _made(self) -> WSGIHandler:
        import django

        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
        settings.ROOT_URLCONF, settings.MIDDLEWARE = self._urlconf, []
        django.setup()
        return WSGIHandler()
