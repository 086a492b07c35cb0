"""A copy of everything an installation knows, in one file, and the way back.

The file is a tar archive: ``about.json``, the database as its own tools write
it (``pg_dump``, SQLite's online copy), and the uploaded files. SECRET_KEY and
FIELD_ENCRYPTION_KEYS are not in it: what is encrypted in the database stays so
for whoever finds a backup.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

ABOUT, DATABASE, MEDIA = "about.json", "database", "media"


class Unusable(Exception):
    """The file, or this installation, is not what is needed; the message says why."""


def save(path: Path) -> dict[str, Any]:
    """Write a backup, readable for its owner only; what is known about it.

    The database is copied as of one moment while everything runs. Uploads are
    copied after it, so none that it names is missing. Raises Unusable.
    """
    about = {
        "made_at": datetime.now(UTC).isoformat(),
        "database": connection.vendor,
        "version": settings.SPECTACULAR_SETTINGS["VERSION"],
    }
    beside = path.with_name(f".{path.name}.part")
    with _folder() as folder, _private(beside) as file, tarfile.open(fileobj=file, mode="w:gz") as archive:
        (folder / ABOUT).write_text(json.dumps(about))
        _dump(folder / DATABASE)
        for name in (ABOUT, DATABASE):
            archive.add(folder / name, arcname=name)
        _add_uploads(archive)
    # Complete or not there: a name without its dot is a whole backup.
    beside.rename(path)
    return about


def _add_uploads(archive: tarfile.TarFile) -> None:
    for folder, _, names in os.walk(settings.MEDIA_ROOT):
        for path in (folder, *(os.path.join(folder, name) for name in names)):
            # One that is deleted meanwhile is nobody's any more.
            with suppress(FileNotFoundError):
                within = os.path.relpath(path, settings.MEDIA_ROOT)
                archive.add(path, arcname=os.path.normpath(os.path.join(MEDIA, within)), recursive=False)


def read_about(path: Path) -> dict[str, Any]:
    """What a backup says about itself. Raises Unusable for what is none or not for this database."""
    try:
        with tarfile.open(path) as archive:
            member = archive.extractfile(ABOUT)
            about = json.loads(member.read()) if member else None
    except FileNotFoundError:
        raise Unusable(f"{path} is not there.") from None
    except (OSError, KeyError, ValueError, tarfile.TarError):
        raise Unusable(f"{path} is no backup.") from None
    if not isinstance(about, dict) or about.get("database") != connection.vendor:
        raise Unusable(f"{path} is a backup of another kind of database than this installation's.")
    return about


def load(path: Path) -> None:
    """Put database and uploads back as they were. Raises Unusable; then nothing was changed."""
    read_about(path)
    with _folder() as folder, tarfile.open(path) as archive:
        try:
            # Nothing outside the folder, no links to elsewhere, no devices.
            archive.extractall(folder, filter="data")
        except (OSError, tarfile.TarError) as error:
            raise Unusable(f"{path} cannot be unpacked: {error}") from None
        _undump(folder / DATABASE)
        if (folder / MEDIA).is_dir():
            shutil.copytree(folder / MEDIA, settings.MEDIA_ROOT, dirs_exist_ok=True)


def is_in_use() -> bool:
    """Whether this installation's database has accounts, which a restore would replace."""
    from accounts.models import User

    tables = connection.introspection.table_names()
    return User._meta.db_table in tables and User.objects.exists()


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="switchboard-backup-") as name:
        yield Path(name)


@contextmanager
def _private(path: Path) -> Iterator[Any]:
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _dump(to: Path) -> None:
    if connection.vendor == "postgresql":
        _run("pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={to}", _name())
        return
    connection.ensure_connection()
    with closing(sqlite3.connect(to)) as copy:
        connection.connection.backup(copy)


def _undump(dump: Path) -> None:
    if connection.vendor == "postgresql":
        names = [connection.ops.quote_name(name) for name in connection.introspection.table_names()]
        connection.close()
        # A later version's tables and references would hold on to what is replaced, and be in its way.
        first = f"DROP TABLE {', '.join(names)} CASCADE;\n" if names else ""
        _feed(
            ["pg_restore", "--clean", "--if-exists", "--no-owner", "--no-privileges", "--file=-", str(dump)],
            ["psql", "--no-psqlrc", "--quiet", "--output=/dev/null", "--set=ON_ERROR_STOP=1",
             "--single-transaction", "--file=-", f"--dbname={_name()}"],
            first=first,
        )  # fmt: skip
        return
    with closing(sqlite3.connect(dump)) as copy:
        if not _is_sound(copy):
            raise Unusable("The database in the backup is damaged.")
        connection.ensure_connection()
        copy.backup(connection.connection)


def _is_sound(copy: sqlite3.Connection) -> bool:
    try:
        return bool(copy.execute("PRAGMA integrity_check").fetchone() == ("ok",))
    except sqlite3.DatabaseError:
        return False


def _name() -> str:
    return str(connection.settings_dict["NAME"])


def _run(program: str, *arguments: str) -> None:
    try:
        done = subprocess.run([program, *arguments], env=_environment(), capture_output=True, text=True)  # noqa: S603
    except FileNotFoundError:
        raise _missing(program) from None
    if done.returncode:
        raise Unusable(f"{program}: {done.stderr.strip()}")


def _feed(source: list[str], sink: list[str], *, first: str) -> None:
    """Let one program read what another writes, after ``first``.

    The reader hears the end only when all went well; else it is killed, and its transaction undone.
    """
    with ExitStack() as stack:
        said = [stack.enter_context(tempfile.TemporaryFile("w+")) for _ in range(2)]
        writer = _begun(source, stdout=subprocess.PIPE, stderr=said[0])
        stack.callback(_ended, writer)
        reader = _begun(sink, stdin=subprocess.PIPE, stderr=said[1])
        stack.callback(_ended, reader)
        try:
            reader.stdin.write(first.encode())
            shutil.copyfileobj(writer.stdout, reader.stdin)
            if writer.wait() == 0:
                reader.stdin.close()
                reader.wait()
        except BrokenPipeError:
            # It does not read on; its own words tell why.
            reader.wait()
        for process, words in zip((reader, writer), reversed(said), strict=True):
            if process.poll():
                words.seek(0)
                raise Unusable(f"{process.args[0]}: {words.read().strip()}")


def _begun(command: list[str], **options: Any) -> Any:
    try:
        return subprocess.Popen(command, env=_environment(), **options)  # noqa: S603
    except FileNotFoundError:
        raise _missing(command[0]) from None


def _ended(process: Any) -> None:
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(BrokenPipeError):
                pipe.close()


def _missing(program: str) -> Unusable:
    return Unusable(f"{program} is not installed here (Debian: postgresql-client).")


def _environment() -> dict[str, str]:
    """For PostgreSQL's programs; the password goes by it, unseen in lists of processes."""
    own = connection.settings_dict
    given = {
        "PGHOST": own["HOST"],
        "PGPORT": own["PORT"],
        "PGUSER": own["USER"],
        "PGPASSWORD": own["PASSWORD"],
    }
    given["PGSSLMODE"] = own.get("OPTIONS", {}).get("sslmode", "")
    return os.environ | {name: str(value) for name, value in given.items() if value}
