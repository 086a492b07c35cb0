"""The configuration reference, made from the settings' own reads."""

from __future__ import annotations

from config.env import FAMILIES, VARIABLES, Variable

_HEAD = """\
# Configuration

Everything is set by environment variables, or by `NAME=value` lines in a file `.env` beside `manage.py`
(`ENV_FILE=/path` names another; the environment wins). With nothing set, everything runs from `var/`.

A value that is not understood stops the start with the variable's name, and so does an unknown name that
begins with {families}. Any variable may be given as `NAME_FILE=/path`
of a file that holds the value, as Docker and Kubernetes hand over secrets.

This page is made from the code by `make docs`.

| variable | value | default | meaning |
|---|---|---|---|
"""


def markdown() -> str:
    """The text of ``docs/configuration.md``."""
    families = ", ".join(f"`{family}`" for family in FAMILIES)
    return _HEAD.format(families=families) + "".join(map(_row, VARIABLES.values()))


def _row(variable: Variable) -> str:
    default = f"`{variable.default}`" if variable.default else ""
    return f"| `{variable.name}` | {variable.kind} | {default} | {variable.help} |\n"


def example() -> str:
    """The text of ``.env.example``: every variable, commented out."""
    head = "# Copy to .env and uncomment what differs from the defaults.\n"
    return head + "".join(map(_lines, VARIABLES.values()))


def _lines(variable: Variable) -> str:
    default = f"; default: {variable.default}" if variable.default else ""
    value = "" if variable.kind == "absolute path" else variable.default
    return f"\n# {variable.help}\n# ({variable.kind}{default})\n#{variable.name}={value}\n"
