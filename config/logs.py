"""Log lines: for people, or as JSON for collectors of logs; in neither anything about a person.

Whoever logs writes ids and counts. What libraries and errors add is not in our
hands: an error's own words may quote a row of the database, a path may hold a
number. So errors are shown by kind and place, and what still looks like a
telephone number or a key is masked.
"""

from __future__ import annotations

import json
import logging
import re
import traceback
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from django.conf import settings

#: What the lines written here have in common: request_id, task, task_id.
context: ContextVar[dict[str, str]] = ContextVar("log_context", default={})  # noqa: B039 - never changed, only replaced

# Not within a longer word: ids are hexadecimal digits with hyphens between.
_NUMBER = re.compile(
    r"(?<![\w.-])(?:\+|%2B)?(?:\([0-9]{2,5}\) ?|[0-9])[0-9](?:[ -]?[0-9]){6,13}(?![\w-]|\.[0-9])",
    re.IGNORECASE,
)
_KEY = re.compile(r"(?<![0-9a-fA-F-])[0-9a-fA-F]{40}(?![0-9a-fA-F-])|whsec_[A-Za-z0-9+/=]+")
_DATE = re.compile(r"(?:19|20)[0-9]{2}-[01][0-9]-[0-3][0-9]")


def masked(text: str) -> str:
    """The text without what looks like a telephone number or a key."""
    return _KEY.sub("[key]", _NUMBER.sub(_number, text))


def _number(found: re.Match[str]) -> str:
    return found[0] if _DATE.match(found[0]) else "[number]"


def error_text(info: Any) -> str:
    """Which errors were raised and where, the first cause first, without their messages (unless DEBUG)."""
    error = info[1]
    if error is None:
        return ""
    if settings.DEBUG:
        return "".join(traceback.format_exception(*info)).rstrip()
    return "\n".join(_of_error(each) for each in reversed(_with_causes(error)))


def _with_causes(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    next_: BaseException | None = error
    while next_ is not None and next_ not in found:
        found.append(next_)
        next_ = next_.__cause__ or (None if next_.__suppress_context__ else next_.__context__)
    return found


def _of_error(error: BaseException) -> str:
    places = [
        f"  {frame.filename}:{frame.lineno} in {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)
    ]
    return "\n".join([f"{type(error).__module__}.{type(error).__qualname__}", *places])


def message_of(record: logging.LogRecord) -> str:
    """The record's message; Celery's about a task without the error's words, Django's without the path."""
    args = record.args
    if isinstance(args, dict) and "exc" in args and "traceback" in args:
        return f"task {args.get('name')}[{args.get('id')}] broke off"
    if record.name == "django.request" and hasattr(record, "request"):
        return f"{args[0] if isinstance(args, tuple) and args else 'Error'}: {route_of(record.request)}"
    return masked(record.getMessage())


def route_of(request: Any) -> str:
    """Which route a request took; never its path, in which numbers and names may stand."""
    match = getattr(request, "resolver_match", None)
    return match.route if match is not None else "no route"


class _Formatter(logging.Formatter):
    def _error(self, record: logging.LogRecord) -> str:
        return error_text(record.exc_info) if record.exc_info else ""


class Line(_Formatter):
    """``2026-11-21 08:00:00,123 INFO outbox.trail: 3 deliveries handed``, and errors below it."""

    def format(self, record: logging.LogRecord) -> str:
        line = f"{self.formatTime(record)} {record.levelname} {record.name}: {message_of(record)}"
        error = self._error(record)
        return f"{line}\n{error}" if error else line


class JsonLine(_Formatter):
    """One JSON object on one line, with the ids of request or task and the record's own fields."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": message_of(record),
            **context.get(),
            **getattr(record, "fields", {}),
        }
        if error := self._error(record):
            line["error"] = error
        return json.dumps(line, default=str, ensure_ascii=False)


FORMATTERS: dict[str, Any] = {"line": {"()": "config.logs.Line"}, "json": {"()": "config.logs.JsonLine"}}


def configuration(*, form: str, level: str) -> dict[str, Any]:
    """``LOGGING``: everything to stderr in one form."""
    quiet = "DEBUG" if level == "DEBUG" else "WARNING"
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": FORMATTERS,
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": form}},
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            # These bring handlers of their own, which would write what ours masks.
            **{
                name: {"handlers": ["console"], "level": level, "propagate": False}
                for name in ("django.server", "gunicorn.error", "uvicorn")
            },
            # It writes whole paths with their queries; ``config.requests`` writes a line of its own.
            **{
                name: {"level": "CRITICAL", "propagate": False}
                for name in ("gunicorn.access", "uvicorn.access")
            },
            # Every hint of every few seconds would be a line.
            **{
                name: {"level": quiet}
                for name in ("celery.beat", "celery.worker.strategy", "celery.app.trace")
            },
            # What a caller did wrong stands in the line of their request already.
            "django.request": {"level": "ERROR"},
        },
    }
