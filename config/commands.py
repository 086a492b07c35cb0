"""The reference of the management commands, made from their own parsers."""

from __future__ import annotations

from argparse import Action, _HelpAction
from pathlib import Path

from django.conf import settings
from django.core.management import BaseCommand, get_commands, load_command_class

_HEAD = """\
# Commands

`manage.py COMMAND` in an installation, `docker compose exec worker python manage.py COMMAND` in containers.

**Exit codes.** 0: done. 1: refused, or not all of it could be done; the reasons are on standard error, and
what was not refused is done unless the command says that it takes all or nothing. 2: the command line was not
understood. `check_spool` and `prune` have codes of their own, for monitoring.

**`--dry-run`** counts what would be done, with the reasons for what would be refused, and changes nothing.
Commands without it only read, or make one thing.

**Progress** of long work is shown where standard error is a terminal, and nowhere else: a log holds no bars.

This page is made from the code by `make docs`.
"""
#: Of Django's own options those that every command has.
_COMMON = frozenset(
    ("version", "verbosity", "settings", "pythonpath", "traceback", "no_color", "force_color", "skip_checks")
)


def markdown() -> str:
    """The text of ``docs/commands.md``."""
    found = ours()
    listed = "".join(f"| [`{name}`](#{name}) | {_first(command)} |\n" for name, command in found.items())
    parts = [_part(name, command) for name, command in found.items()]
    return "\n".join([_HEAD, f"| command | |\n|---|---|\n{listed}", *parts])


def ours() -> dict[str, BaseCommand]:
    """The commands of this project's apps, by name."""
    return {
        name: load_command_class(app, name)
        for name, app in sorted(get_commands().items())
        if isinstance(app, str) and (Path(settings.BASE_DIR) / app.replace(".", "/")).is_dir()
    }


def _first(command: BaseCommand) -> str:
    """The first sentence of its help."""
    return _cell(command.help.partition(". ")[0].partition(": ")[0].rstrip("."))


def _part(name: str, command: BaseCommand) -> str:
    parser = command.create_parser("manage.py", name)
    rows = [_row(action) for action in parser._actions if _is_own(action)]
    table = "\n| argument | |\n|---|---|\n" + "".join(rows) if rows else ""
    return f"## {name}\n\n{command.help}\n{table}"


def _is_own(action: Action) -> bool:
    return not isinstance(action, _HelpAction) and action.dest not in _COMMON


def _row(action: Action) -> str:
    shown = action.metavar if isinstance(action.metavar, str) else action.dest.upper()
    if not action.option_strings:
        name = f"[{shown} …]" if action.nargs == "*" else f"[{shown}]" if action.nargs == "?" else shown
    elif action.nargs == 0:
        name = action.option_strings[-1]
    else:
        name = f"{action.option_strings[-1]} {shown}{' …' if action.nargs == '+' else ''}"
    return f"| `{name}` | {_cell(action.help or '')} |\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
