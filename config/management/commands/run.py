"""``make run``: prepare the database and start every process of the embedded default together."""

from __future__ import annotations

import os
import secrets
import socket
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import BaseCommand, CommandError, call_command

from config.guard import guard

PROCESSES = ("web", "worker", "webhooks", "beat")


class Command(BaseCommand):
    help = "Migrate, load the demo programme, make a log-in, and start web, worker, beat and gateway."

    def handle(self, *args: Any, **options: Any) -> None:
        check_port()
        self.stdout.write("Preparing the database …")
        call_command("migrate", verbosity=0, interactive=False)
        demo = demo_wanted()
        if demo:
            call_command("seed_demo", if_empty=True, stdout=self.stdout)
        self.stdout.write(log_in_note())
        self.stdout.write(addresses())
        start(PROCESSES + (("gateway",) if demo else ()))


def check_port() -> None:
    """Say at once that the port is taken, instead of starting everything to stop it again."""
    try:
        socket.create_server((settings.BIND_ADDRESS, settings.PORT)).close()
    except OSError as trouble:
        where = f"{settings.BIND_ADDRESS}:{settings.PORT}"
        raise CommandError(
            f"{where}: {trouble.strerror}. Choose another port: make run PORT=8080"
        ) from trouble


def demo_wanted() -> bool:
    """Whether demo subscribers are harmless: only the loopback gateway would send to them.

    With ``SMS_SPOOL`` a real smsd empties the spool, and the demo's numbers may belong to somebody.
    """
    return "SMS_SPOOL" not in os.environ and "SMS_SPOOL_FILE" not in os.environ


def log_in_file() -> Path:
    return Path(settings.VAR_DIR) / "demo-login.txt"


def log_in_note() -> str:
    """Make the first staff account and say how to log in; later say where that is written."""
    if log_in_file().exists():
        return f"Log-in: as before, in {log_in_file()}"
    users = get_user_model().objects
    if users.filter(is_staff=True).exists():
        return "Log-in: with an account made earlier (manage.py changepassword NAME sets a new password)"
    password = secrets.token_urlsafe(12)
    users.create_superuser("admin", "admin@example.org", password)
    with os.fdopen(os.open(log_in_file(), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(f"name: admin\npassword: {password}\n")
    return f"Log-in: name admin, password {password}   (kept in {log_in_file()})"


def addresses() -> str:
    root = f"http://{'localhost' if settings.BIND_ADDRESS == '127.0.0.1' else settings.BIND_ADDRESS}"
    root += f":{settings.PORT}"
    return (
        f"Admin:   {root}/{settings.ADMIN_PATH}/\n"
        f"API:     {root}/api/docs/   (first calls: {root}/docs/readme)\n"
        f"Health:  {root}/healthz/ready\nMetrics: {root}/metrics\nCtrl-C stops everything."
    )


def start(names: tuple[str, ...]) -> None:
    """Become honcho, which runs these processes of the Procfile and stops them together."""
    programs = Path(sys.executable).parent
    environment = os.environ | {
        "PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', '')}",
        "PORT": str(settings.PORT),
        "BIND_ADDRESS": settings.BIND_ADDRESS,
        "PYTHONUNBUFFERED": "1",
    }
    sys.stdout.flush()
    # No .env for honcho: the settings have read it, and honcho would let it overrule the environment.
    command = ["honcho", "--app-root", str(settings.BASE_DIR), "--env", os.devnull, "start", *names]
    os.chdir(settings.BASE_DIR)
    guard(leader=os.getpid(), parent=os.getppid())
    os.execve(programs / "honcho", command, environment)  # noqa: S606 (no shell is what is wanted)
