#!/usr/bin/env python
"""Run a management command: ``python manage.py help`` lists them."""

import os
import sys

from audit.acting import Actor, acting

#: What these write, Switchboard does by itself, as its workers do.
BY_ITSELF = ("migrate", "run", "run_collector", "run_loopback", "runserver")


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    command = sys.argv[1] if len(sys.argv) > 1 else "help"
    try:
        if command in BY_ITSELF:
            execute_from_command_line(sys.argv)
            return
        with acting(Actor(via=f"command {command}"[:60])):
            execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        # A setting that is not understood: whoever wrote it needs its name, not the way to the code.
        if "--traceback" in sys.argv:
            raise
        sys.exit(f"{command}: {error}")


if __name__ == "__main__":
    main()
