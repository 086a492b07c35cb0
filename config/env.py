"""Strict readers for environment variables.

Every reader refuses a value it does not understand with an
``ImproperlyConfigured`` that names the variable, so that a typing error stops
the start instead of changing behaviour. ``NAME_FILE`` may name a file that
holds the value (Docker and Kubernetes secrets). Each read is remembered in
``VARIABLES``, from which the configuration reference is made.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured


@dataclass(frozen=True)
class Variable:
    """One documented setting: its name, kind, default as text and meaning."""

    name: str
    kind: str
    default: str
    help: str


VARIABLES: dict[str, Variable] = {}


def _read(name: str, kind: str, default: Any, help: str) -> str | None:
    VARIABLES[name] = Variable(name, kind, "" if default is None else str(default), help)
    value = os.environ.get(name)
    from_file = os.environ.get(f"{name}_FILE")
    if from_file is None:
        return value
    if value is not None:
        raise ImproperlyConfigured(f"{name} and {name}_FILE are both set: keep one")
    try:
        return Path(from_file).read_text(encoding="utf-8").strip()
    except OSError as exc:
        raise ImproperlyConfigured(f"{name}_FILE={from_file!r} cannot be read: {exc.strerror}") from exc


def flag(name: str, *, default: bool, help: str) -> bool:
    """``true`` or ``false``, nothing else."""
    match _read(name, "true or false", str(default).lower(), help):
        case None:
            return default
        case "true":
            return True
        case "false":
            return False
        case other:
            raise ImproperlyConfigured(f"{name}={other!r}: write 'true' or 'false'")


def text(name: str, *, default: str | None = None, pattern: str = r".*", help: str) -> str | None:
    """A string that matches ``pattern`` whole; None when unset and without default."""
    value = _read(name, "text", default, help)
    if value is None:
        return default
    if not re.fullmatch(pattern, value):
        raise ImproperlyConfigured(f"{name}={value!r}: does not look like {pattern}")
    return value


def secret(name: str, *, help: str) -> str | None:
    """A secret of at least 32 characters; its value never appears in an error."""
    value = _read(name, "secret", None, help)
    if value is not None and len(value) < 32:
        raise ImproperlyConfigured(f"{name} is shorter than 32 characters")
    return value


def number(
    name: str, *, default: int, least: int = 0, most: int = 2**31 - 1, help: str
) -> int:
    """A whole number in decimal digits between ``least`` and ``most``."""
    value = _read(name, f"number {least}-{most}", default, help)
    if value is None:
        return default
    if not re.fullmatch(r"[0-9]{1,10}", value) or not least <= int(value) <= most:
        raise ImproperlyConfigured(f"{name}={value!r}: write a whole number from {least} to {most}")
    return int(value)


def choice(name: str, *, default: str, among: tuple[str, ...], help: str) -> str:
    """One of a closed set of words."""
    value = _read(name, " or ".join(among), default, help)
    if value is None:
        return default
    if value not in among:
        raise ImproperlyConfigured(f"{name}={value!r}: write one of {', '.join(among)}")
    return value


def words(name: str, *, default: str, pattern: str = r"[^,\s]+", help: str) -> list[str]:
    """A comma-separated list; empty means none."""
    value = _read(name, "comma-separated list", default, help)
    found = [word.strip() for word in (default if value is None else value).split(",") if word.strip()]
    for word in found:
        if not re.fullmatch(pattern, word):
            raise ImproperlyConfigured(f"{name}: {word!r} does not look like {pattern}")
    return found


def directory(name: str, *, default: Path, help: str) -> Path:
    """An absolute directory; it need not exist yet."""
    value = _read(name, "absolute path", "var/" + default.name, help)
    if value is None:
        return default
    if not value.startswith("/"):
        raise ImproperlyConfigured(f"{name}={value!r}: write an absolute path")
    return Path(value)


def named_directories(name: str, *, help: str) -> dict[str, Path]:
    """``name=/path`` pairs, comma separated."""
    found: dict[str, Path] = {}
    for word in words(name, default="", pattern=r"[a-z][a-z0-9-]{0,31}=/.+", help=help):
        key, _, path = word.partition("=")
        found[key] = Path(path)
    return found


def url(name: str, *, default: str | None, schemes: tuple[str, ...], help: str) -> str | None:
    """A URL with one of the given schemes; the value is not echoed (it may hold a password)."""
    value = _read(name, "URL: " + ", ".join(f"{scheme}://" for scheme in schemes), default, help)
    if value is None:
        return default
    try:
        scheme = urlsplit(value).scheme
    except ValueError:
        scheme = ""
    if scheme not in schemes:
        raise ImproperlyConfigured(f"{name}: the URL must begin with one of {', '.join(schemes)}")
    return value


def database(name: str, *, embedded: Path, help: str) -> dict[str, Any]:
    """Django's database dictionary from a URL; SQLite at ``embedded`` when unset."""
    schemes = ("postgres", "postgresql", "sqlite")
    value = url(name, default=None, schemes=schemes, help=help)
    if value is None:
        value = f"sqlite:///{embedded}"
    config: dict[str, Any] = dict(environ.Env.db_url_config(value))
    if not config.get("NAME"):
        raise ImproperlyConfigured(f"{name}: the URL names no database")
    return config
