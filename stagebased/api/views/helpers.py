"""Health and metrics."""

from __future__ import annotations

import tomllib
from functools import cache
from typing import Any

import celery
import django
import rest_framework
from django.conf import settings
from django.db import DatabaseError, connection
from kombu.exceptions import OperationalError
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from stagebased import metrics
from stagebased.api.views.base import DialectView


class Health(DialectView):
    """200 with what runs; 503 when the database does not answer."""

    def get(self, request: Request) -> Response:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        return _health(up=True)

    def handle_exception(self, exc: Exception) -> Response:
        # Raised already while the caller's token is looked up.
        return _health(up=False) if isinstance(exc, DatabaseError) else super().handle_exception(exc)


def _health(*, up: bool) -> Response:
    result = {
        "database": "Accessible" if up else "Inaccessible",
        "version": version(),
        "libraries": {"django": django.__version__, "djangorestframework": rest_framework.__version__},
    }
    code = status.HTTP_200_OK if up else status.HTTP_503_SERVICE_UNAVAILABLE
    return Response({"up": up, "result": result}, status=code)


@cache
def version() -> str:
    """This software's version."""
    project: dict[str, Any] = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text())["project"]
    return str(project["version"])


class Metrics(DialectView):
    """GET: the keys there are. POST: have the scheduled ones computed and stored."""

    def get(self, request: Request) -> Response:
        return Response({"metrics_available": metrics.keys()})

    def post(self, request: Request) -> Response:
        try:
            celery.current_app.send_task("stagebased.compute_metrics", retry=False)
        except (OperationalError, OSError):
            body = {"scheduled_metrics_initiated": False, "reason": "The task queue does not answer."}
            return Response(body, status=status.HTTP_503_SERVICE_UNAVAILABLE)
        return Response({"scheduled_metrics_initiated": True})
