"""Strict readers for environment variables.

Every reader refuses a value it does not understand with an
``ImproperlyConfigured`` that names the variable, so that a typing error stops
the start instead of changing behaviour; so does a misspelt name where it can
be told from other programs' variables (``refuse_unknown``). ``NAME_FILE`` may
name a file that holds the value (Docker and Kubernetes secrets). Each read is
remembered in ``VARIABLES``, from which the configuration reference is made.
"""

from __future__ import annotations

import difflib
import ipaddress
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import available_timezones

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
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_INTEGER_MAX = 2**31 - 1

#: Beginnings of names that are ours alone: an unknown name in these families is a misspelt one.
FAMILIES = ("SMS_", "SMSD_", "OUTBOX_", "PLANNER_", "TELEPHONY_", "VOICEMAIL_", "WEBHOOK_", "HUB_WEBHOOK_")


_LINE = re.compile(r"""\s*(?:export )?([A-Za-z_][A-Za-z0-9_]*)=(?P<quote>["']?)(.*)(?P=quote)\s*""")


def load(path: Path) -> None:
    """Take ``NAME=value`` lines of a file as defaults for the environment; no file, no lines.

    ``#`` begins a comment line; a value may stand in quotes. What the
    environment holds already wins.
    """
    if not path.is_file():
        return
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        found = re.fullmatch(
            r"\s*(?:export )?([A-Za-z_][A-Za-z0-9_]*)=(?P<quote>[\"']?)(.*)(?P=quote)\s*", line
        )
        if found is None:
            raise ImproperlyConfigured(f"{path.name}, line {number}: write NAME=value")
        os.environ.setdefault(found[1], found[3].strip())


def refuse_unknown() -> None:
    """Stop the start over a name of our families that no setting reads."""
    for name in sorted(os.environ):
        known = name.removesuffix("_FILE") in VARIABLES or name in VARIABLES
        if name.startswith(FAMILIES) and not known:
            raise ImproperlyConfigured(f"{name} is not a setting{_did_you_mean(name)}")


def near_misses() -> dict[str, str]:
    """Names in the environment that are almost one of ours → the one perhaps meant."""
    strangers = [name for name in os.environ if name not in VARIABLES and len(name) > 4]
    found = {name: difflib.get_close_matches(name, VARIABLES, n=1, cutoff=0.9) for name in strangers}
    return {name: close[0] for name, close in found.items() if close and name != f"{close[0]}_FILE"}


def _did_you_mean(name: str) -> str:
    close = difflib.get_close_matches(name, VARIABLES, n=1)
    return f": did you mean {close[0]}?" if close else ""


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


def text(name: str, *, default: str, pattern: str = r".*", help: str) -> str:
    """A string that matches ``pattern`` whole."""
    value = _read(name, "text", default, help)
    if value is None:
        return default
    if not re.fullmatch(pattern, value):
        raise ImproperlyConfigured(f"{name}={value!r}: does not look like {pattern}")
    return value


def secret(name: str, *, least: int, help: str) -> str | None:
    """A secret of at least ``least`` characters; its value never appears in an error."""
    value = _read(name, "secret", None, help)
    if value is not None and len(value) < least:
        raise ImproperlyConfigured(f"{name} is shorter than {least} characters")
    return value


def number(name: str, *, default: int, least: int = 0, most: int = _INTEGER_MAX, help: str) -> int:
    """A whole number in decimal digits between ``least`` and ``most``."""
    span = f"at least {least}" if most == _INTEGER_MAX else f"{least} to {most}"
    value = _read(name, f"number, {span}", default, help)
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
    return _words(name, default, pattern, help, repr)


def secrets(name: str, *, pattern: str = r"[^,\s]+", help: str) -> list[str]:
    """A comma-separated list of secrets; an error tells which one by its place, never its value."""
    return _words(name, "", pattern, help, None)


def _words(name: str, default: str, pattern: str, help: str, shown: Callable[[str], str] | None) -> list[str]:
    value = _read(name, "comma-separated list", default, help)
    found = [word.strip() for word in (default if value is None else value).split(",") if word.strip()]
    for place, word in enumerate(found, start=1):
        if not re.fullmatch(pattern, word):
            which = shown(word) if shown else f"number {place}"
            raise ImproperlyConfigured(f"{name}: {which} does not look like {pattern}")
    return found


def directory(name: str, *, default: Path, help: str) -> Path:
    """An absolute directory; it need not exist yet."""
    shown = default.name if name == "VAR_DIR" else f"var/{default.name}"
    value = _read(name, "absolute path", shown, help)
    if value is None:
        return default
    if not value.startswith("/"):
        raise ImproperlyConfigured(f"{name}={value!r}: write an absolute path")
    return Path(value)


def networks(name: str, *, help: str) -> list[Network]:
    """Networks in CIDR notation, comma separated."""
    found: list[Network] = []
    for word in words(name, default="", pattern=r"[0-9A-Fa-f.:]+/[0-9]{1,3}", help=help):
        try:
            found.append(ipaddress.ip_network(word))
        except ValueError:
            raise ImproperlyConfigured(f"{name}: {word!r} is no network such as 10.1.0.0/16") from None
    return found


def timezone(name: str, *, default: str, help: str) -> str:
    """The name of a time zone in the IANA database."""
    value = _read(name, "time zone name", default, help)
    if value is None:
        return default
    if value not in available_timezones():
        raise ImproperlyConfigured(f"{name}={value!r}: not a time zone such as Africa/Johannesburg")
    return value


def named_directories(name: str, *, help: str) -> dict[str, Path]:
    """``name=/path`` pairs, comma separated; each name once."""
    found: dict[str, Path] = {}
    for word in words(name, default="", pattern=r"[a-z][a-z0-9-]{0,31}=/.+", help=help):
        key, _, path = word.partition("=")
        if key in found:
            raise ImproperlyConfigured(f"{name} names {key!r} twice")
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


def email(name: str, *, help: str) -> dict[str, Any]:
    """Django's e-mail settings from a URL; a backend that keeps nothing and sends nothing when unset."""
    value = url(name, default=None, schemes=("smtp", "smtps", "smtp+tls", "smtp+ssl"), help=help)
    if value is None:
        # Refuses instead of pretending, so that nothing counts as mailed.
        return {"EMAIL_BACKEND": "config.mail.NoMail"}
    return dict(environ.Env.email_url_config(value))


def database(name: str, *, embedded: Path, help: str) -> dict[str, Any]:
    """Django's database dictionary from a URL; SQLite at ``embedded`` when unset."""
    schemes = ("postgres", "postgresql", "sqlite")
    value = url(name, default=None, schemes=schemes, help=help)
    if value is None:
        value = f"sqlite:///{embedded}"
    try:
        config: dict[str, Any] = dict(environ.Env.db_url_config(value))
    except ValueError:
        raise ImproperlyConfigured(f"{name}: the URL's port is not a number") from None
    if not config.get("NAME"):
        raise ImproperlyConfigured(f"{name}: the URL names no database")
    return config
