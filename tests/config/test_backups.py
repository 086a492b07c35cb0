"""A backup brings everything back, and nothing stale goes out afterwards."""

from __future__ import annotations

import io
import json
import os
import tarfile
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils.timezone import now

from accounts.models import User
from broadcasts.models import Broadcast
from config import backups
from contacts.models import Contact, Group
from outbox import failures
from outbox.models import Delivery
from outbox.operations import queue
from stagebased import bulk
from stagebased.models import BulkChange, DueSlot, MessageSet, Schedule
from stagebased.operations.audit import Author
from stagebased.slots import record_due_slots
from telephony.models import Voicemail, VoicemailMessage
from telephony.operations import mail_messages

pytestmark = pytest.mark.fault("F29")
#: A restore replaces what the test's own transaction would hold, and SQLite's copy waits for the end of one.
#: Emptying tables afterwards takes seconds, so each of these tests asks for more than one thing.
restores = pytest.mark.django_db(transaction=True)


@pytest.fixture
def media(settings, tmp_path) -> Path:
    settings.MEDIA_ROOT = tmp_path / "media"
    (settings.MEDIA_ROOT / "content").mkdir(parents=True)
    (settings.MEDIA_ROOT / "content" / "a.mp3").write_bytes(b"ID3")
    return settings.MEDIA_ROOT


@pytest.fixture
def backup(tmp_path) -> Path:
    return tmp_path / "backup.tgz"


def run(*words: object, **options) -> str:
    said = io.StringIO()
    call_command(*map(str, words), stdout=said, **options)
    return said.getvalue()


def waiting(*, due_at, state=Delivery.State.QUEUED) -> Delivery:
    delivery, _ = queue(
        channel="sms", address="+27820001001", text="Drink enough water.", source="test", cause=uuid4(),
        slot_key="1", not_before=due_at,
    )  # fmt: skip
    Delivery.objects.filter(pk=delivery.pk).update(state=state)
    return delivery


def states() -> dict:
    return dict(Delivery.objects.values_list("pk", "state"))


@restores
def test_what_was_lost_is_back_and_nothing_is_overwritten_by_mistake(staff, media, backup):
    person = Contact.objects.create(name="Thandi", details={"clinic": "Ünïcödé 😀"})
    run("backup", backup)
    Contact.objects.all().delete()
    (media / "content" / "a.mp3").unlink()
    with pytest.raises(CommandError, match="in use"):
        run("restore", backup)
    assert not Contact.objects.exists()
    run("restore", backup, replace=True)
    assert Contact.objects.get(pk=person.pk).details == {"clinic": "Ünïcödé 😀"}
    assert User.objects.get().check_password("staff-password")
    assert (media / "content" / "a.mp3").read_bytes() == b"ID3"
    # Ids go on where they stopped.
    assert User.objects.create_user("later").pk > staff.pk


@restores
def test_nothing_that_was_due_before_goes_out_afterwards(media, backup):
    at = now()
    due, later = waiting(due_at=at - timedelta(minutes=1)), waiting(due_at=at + timedelta(days=1))
    claimed = waiting(due_at=at - timedelta(minutes=1), state=Delivery.State.CLAIMED)
    handed = waiting(due_at=at - timedelta(minutes=1), state=Delivery.State.HANDED)
    schedule = Schedule.objects.create(minute="*")
    MessageSet.objects.create(short_name="first", default_schedule=schedule, catch_up="all")
    slot = DueSlot.objects.create(schedule=schedule, due_at=at - timedelta(minutes=31))
    Schedule.objects.update(planned_until=at - timedelta(minutes=30))
    group = Group.objects.create(name="Clinic 12")
    broadcast = Broadcast.objects.create(name="Closed", group=group, state=Broadcast.State.SENDING)
    failed = waiting(due_at=at - timedelta(days=1), state=Delivery.State.FAILED)
    Delivery.objects.filter(pk=failed.pk).update(ended_at=at - timedelta(hours=1))
    failures.order(criteria={}, since=None)
    author = Author(source="admin", user=None)
    again = bulk.order(kind=BulkChange.Kind.RESEND, value="", subscription_ids=[], author=author)
    box = Voicemail.objects.create(mailbox="12", email="anne@example.org")
    said_once = VoicemailMessage.objects.create(voicemail=box, duration=1, size=1, mail_due=True)
    run("backup", backup)
    # Meanwhile it went out; then the host burnt down.
    Delivery.objects.filter(pk=due.pk).update(state=Delivery.State.SENT)

    said = run("restore", backup)

    assert failures.work() == bulk.work() == mail_messages() == 0
    assert BulkChange.objects.get(pk=again.pk).finished_at is not None
    assert VoicemailMessage.objects.filter(pk=said_once.pk).exists()
    assert states() == {
        due.pk: "cancelled", claimed.pk: "cancelled", later.pk: "queued", handed.pk: "handed",
        failed.pk: "failed",
    }  # fmt: skip
    assert Delivery.objects.get(pk=due.pk).reason == "restored"
    assert "Not sent again: 2 messages, 1 slots, 1 e-mails; stopped: 2 orders to send again;" in said
    assert "paused: 1 broadcasts." in said
    # No slot of the time between is planned, also of a set that catches up all.
    assert DueSlot.objects.get(pk=slot.pk).state == DueSlot.State.MISSED
    record_due_slots(now())
    assert not DueSlot.objects.filter(due_at__lt=at - timedelta(minutes=1)).exclude(pk=slot.pk).exists()
    # A broadcast under way waits for somebody to look.
    assert Broadcast.objects.get(pk=broadcast.pk).state == Broadcast.State.PAUSED


@restores
def test_a_backup_is_for_its_owner_only_and_has_no_keys(media, backup, settings):
    run("backup", backup)
    assert backup.stat().st_mode & 0o777 == 0o600
    with tarfile.open(backup) as archive:
        names = archive.getnames()
    assert sorted(names) == ["about.json", "database", "media", "media/content", "media/content/a.mp3"]
    assert [path.name for path in backup.parent.iterdir() if path.suffix in (".tgz", ".part")] == [
        backup.name
    ]


@restores
def test_a_backup_that_breaks_off_leaves_no_file(media, backup, monkeypatch):
    def full(*args):
        raise OSError("No space left on device")

    monkeypatch.setattr(backups, "_dump", full)
    with pytest.raises(CommandError, match="No space left"):
        run("backup", backup)
    assert not list(backup.parent.glob("*backup.tgz*"))


def test_a_file_that_is_deleted_meanwhile_is_left_out(media, tmp_path, monkeypatch):
    for name in ("b.wav", "c.wav"):
        (media / "content" / name).write_bytes(b"RIFF")
    found = list(os.walk(media))
    monkeypatch.setattr(backups.os, "walk", lambda top: found)
    (media / "content" / "b.wav").unlink()
    with tarfile.open(tmp_path / "media.tar", "w") as archive:
        backups._add_uploads(archive)
        names = archive.getnames()
    assert sorted(names) == ["media", "media/content", "media/content/a.mp3", "media/content/c.wav"]


def archive_of(path: Path, **files: bytes) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name.replace("_json", ".json"))
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


ABOUT = {"made_at": "2026-11-20", "database": connection.vendor, "version": "1"}


@pytest.mark.django_db
@pytest.mark.parametrize(
    "kind", ["nothing", "no archive", "another archive", "another database", "one that leads elsewhere"]
)
def test_what_is_no_backup_changes_nothing(media, backup, tmp_path, kind):
    Contact.objects.create(name="Thandi")
    match kind:
        case "no archive":
            backup.write_bytes(b"no archive")
        case "another archive":
            archive_of(backup, other=b"")
        case "another database":
            archive_of(backup, about_json=json.dumps(ABOUT | {"database": "oracle"}).encode(), database=b"")
        case "one that leads elsewhere":
            archive_of(backup, about_json=json.dumps(ABOUT).encode(), **{"../outside": b"x"})
    with pytest.raises(CommandError):
        run("restore", backup, replace=True)
    assert Contact.objects.exists()
    assert not list(tmp_path.parent.glob("**/outside"))


@restores
def test_a_damaged_backup_changes_nothing(media, backup):
    Contact.objects.create(name="Thandi")
    nonsense = b"SQLite format 3\x00" + b"x" * 5000
    archive_of(backup, about_json=json.dumps(ABOUT).encode(), database=nonsense)
    with pytest.raises(CommandError):
        run("restore", backup)
    assert Contact.objects.exists()


@restores
def test_a_backup_that_breaks_off_in_the_middle_changes_nothing(media, backup, tmp_path):
    Contact.objects.bulk_create(Contact(name=f"Thandi {number}") for number in range(500))
    run("backup", backup)
    with tarfile.open(backup) as archive:
        members = {name: archive.extractfile(name).read() for name in ("about.json", "database")}
    half = len(members["database"]) // 2
    short = archive_of(
        tmp_path / "short.tgz", about_json=members["about.json"], database=members["database"][:half]
    )
    Contact.objects.all().delete()
    with pytest.raises(CommandError):
        run("restore", short, replace=True)
    assert not Contact.objects.exists()


def test_a_file_that_is_not_there_is_not_called_a_bad_backup(db, tmp_path):
    with pytest.raises(CommandError, match=r"nothing\.tgz is not there"):
        run("restore", tmp_path / "nothing.tgz")


@restores
def test_a_backup_of_an_earlier_version_replaces_what_a_later_one_has_added(media, backup):
    person = Contact.objects.create(name="Thandi")
    run("backup", backup)
    table, key = Contact._meta.db_table, Contact._meta.pk.db_type(connection)
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE later (contact {key} REFERENCES {table} (id))")
        cursor.execute(f"ALTER TABLE {table} ADD COLUMN later {key} REFERENCES {table} (id)")
    run("restore", backup, replace=True)
    assert Contact.objects.get() == person
    assert "later" not in connection.introspection.table_names()
    with connection.cursor() as cursor:
        columns = connection.introspection.get_table_description(cursor, table)
    assert "later" not in {column.name for column in columns}


@pytest.mark.parametrize(
    ("source", "sink", "words"),
    [
        (["false"], ["sh", "-c", "cat > read && touch done"], "false"),
        (["seq", "1000000"], ["sh", "-c", "echo full >&2; exit 3"], "sh: full"),
        (["nothing-of-that-name"], ["cat"], "not installed"),
        (["true"], ["nothing-of-that-name"], "not installed"),
    ],
    ids=["who writes fails", "who reads fails", "there is nobody to write", "there is nobody to read"],
)
def test_what_is_read_in_part_is_not_done(tmp_path, monkeypatch, source, sink, words):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(backups.Unusable, match=words):
        backups._feed(source, sink, first="x")
    assert not (tmp_path / "done").exists()


def test_what_is_read_to_the_end_is_done(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    backups._feed(["seq", "3"], ["sh", "-c", "cat > read && touch done"], first="x\n")
    assert (tmp_path / "read").read_text() == "x\n1\n2\n3\n"
    assert (tmp_path / "done").exists()
