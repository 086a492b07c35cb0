"""Moving a drf-sendables installation in, from a database with its schema."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError

from accounts.elsewhere import Elsewhere
from sendables import operations
from sendables.models import Imported, Inbox, Message, MessageReceipt, Notice
from sendables.operations import importing

#: The tables as its migrations make them (version 0.0.2 under Django 5.2), without the indexes.
SCHEMA = """
CREATE TABLE auth_user (id integer PRIMARY KEY AUTOINCREMENT, username varchar(150) NOT NULL UNIQUE);
CREATE TABLE django_content_type (
    id integer PRIMARY KEY AUTOINCREMENT, app_label varchar(100) NOT NULL, model varchar(100) NOT NULL);
CREATE TABLE sendables_notice (
    id integer PRIMARY KEY AUTOINCREMENT, content text NOT NULL, is_removed bool NOT NULL,
    sent_on datetime NOT NULL);
CREATE TABLE sendables_message (
    id integer PRIMARY KEY AUTOINCREMENT, content text NOT NULL, is_removed bool NOT NULL,
    sent_on datetime NOT NULL, sender_id integer NULL REFERENCES auth_user (id));
CREATE TABLE sendables_receivedsendable (
    id integer PRIMARY KEY AUTOINCREMENT, is_read bool NOT NULL, object_id integer unsigned NOT NULL,
    content_type_id integer NOT NULL REFERENCES django_content_type (id),
    recipient_id integer NOT NULL REFERENCES auth_user (id));
CREATE TABLE sendables_recipientsendableassociation (
    id integer PRIMARY KEY AUTOINCREMENT, object_id integer unsigned NOT NULL,
    content_type_id integer NOT NULL REFERENCES django_content_type (id),
    recipient_id integer NOT NULL REFERENCES auth_user (id));
INSERT INTO auth_user VALUES (71, 'eve'), (72, 'bob'), (73, 'alice'), (74, 'stranger');
INSERT INTO django_content_type VALUES (8, 'sendables', 'message'), (9, 'sendables', 'notice');
"""
MESSAGE, NOTICE = 8, 9
EVE, BOB, ALICE, STRANGER = 71, 72, 73, 74


class Installation:
    """The other database, filled as the original fills it."""

    def __init__(self, path: Path) -> None:
        self.url = f"sqlite:///{path}"
        self.database = sqlite3.connect(path)
        self.database.executescript(SCHEMA)

    def content(self, table: str, content: str, *, removed: bool = False, sender: int | None = None) -> int:
        columns, values = "content, is_removed, sent_on", [content, removed, "2024-02-15 17:26:30.780074"]
        if table == "message":
            columns, values = f"{columns}, sender_id", [*values, sender]
        marks = ", ".join("?" * len(values))
        done = self.database.execute(f"INSERT INTO sendables_{table} ({columns}) VALUES ({marks})", values)
        self.database.commit()
        return done.lastrowid

    def copy(self, kind: int, key: int, *people: int, read: bool = False) -> None:
        rows = [(read, key, kind, person) for person in people]
        statement = (
            "INSERT INTO sendables_receivedsendable (is_read, object_id, content_type_id, recipient_id)"
        )
        self.database.executemany(f"{statement} VALUES (?, ?, ?, ?)", rows)
        self.database.commit()

    def associate(self, kind: int, key: int, *people: int) -> None:
        rows = [(key, kind, person) for person in people]
        statement = (
            "INSERT INTO sendables_recipientsendableassociation (object_id, content_type_id, recipient_id)"
        )
        self.database.executemany(f"{statement} VALUES (?, ?, ?)", rows)
        self.database.commit()


@pytest.fixture
def other(tmp_path):
    installation = Installation(tmp_path / "original.sqlite3")
    yield installation
    installation.database.close()


@pytest.fixture
def filled(other, alice, bob, eve) -> Installation:
    """One message of each fate, and a notice with the number of a message."""
    plain = other.content("message", "plain", sender=ALICE)
    other.copy(MESSAGE, plain, EVE)
    other.copy(MESSAGE, plain, BOB, read=True)
    other.associate(MESSAGE, plain, BOB, EVE)
    deleted = other.content("message", "bob deleted it", sender=ALICE)
    other.copy(MESSAGE, deleted, EVE)
    other.associate(MESSAGE, deleted, BOB, EVE)
    removed = other.content("message", "alice removed it", removed=True, sender=ALICE)
    other.copy(MESSAGE, removed, BOB)
    other.content("message", "left over", removed=True, sender=ALICE)
    orphan = other.content("message", "from nobody", sender=None)
    other.copy(MESSAGE, orphan, BOB, STRANGER)
    other.copy(MESSAGE, 999, BOB)
    notice = other.content("notice", "a notice")
    other.copy(NOTICE, notice, BOB)
    other.associate(NOTICE, notice, BOB)
    return other


def bring(other: Installation, *options: str, capsys=None) -> None:
    call_command("import_drf_sendables", other.url, *options)


def test_everybody_finds_theirs(filled, as_alice, as_bob, as_eve) -> None:
    bring(filled)
    inbox = {item["content"]: item for item in as_bob.get("/messages/").json()}
    assert set(inbox) == {"plain", "alice removed it", "from nobody"}
    assert inbox["plain"]["is_read"]
    assert not inbox["alice removed it"]["is_read"]
    assert inbox["plain"]["sender"]["username"] == "alice"
    assert inbox["from nobody"]["sender"] is None
    assert inbox["plain"]["sent_on"] == "2024-02-15T17:26:30.780074Z"
    assert {item["content"] for item in as_eve.get("/messages/").json()} == {"plain", "bob deleted it"}
    sent = {item["content"]: item["recipients"] for item in as_alice.get("/messages/sent/").json()}
    assert set(sent) == {"plain", "bob deleted it"}
    assert [each["username"] for each in sent["bob deleted it"]] == ["bob", "eve"]
    assert [item["content"] for item in as_bob.get("/notices/").json()] == ["a notice"]
    assert as_bob.get("/messages/unread-count/").json() == {"unread_count": 2}


def test_what_nobody_holds_is_left_behind(filled, capsys) -> None:
    bring(filled)
    assert not Message.objects.filter(content="left over").exists()
    said = capsys.readouterr().out
    assert "message: 4 brought in with 6 receipts, 0 were there already, 1 belong to nobody here" in said
    assert "message: 1 people have no account here: stranger" in said


def test_a_second_time_changes_nothing_and_brings_what_is_new(filled, bob, capsys) -> None:
    bring(filled)
    before = list(MessageReceipt.objects.order_by("pk").values()), list(Inbox.objects.order_by("pk").values())
    bring(filled)
    after = list(MessageReceipt.objects.order_by("pk").values()), list(Inbox.objects.order_by("pk").values())
    assert before == after
    assert "message: 0 brought in with 0 receipts, 4 were there already" in capsys.readouterr().out
    new = filled.content("message", "new", sender=ALICE)
    filled.copy(MESSAGE, new, BOB)
    bring(filled)
    assert Message.objects.filter(content="new").count() == 1
    assert operations.unread_count(entity_name="message", reader=bob) == 3


def test_a_dry_run_says_the_same_and_does_nothing(filled, capsys) -> None:
    bring(filled, "--dry-run")
    assert "message: 4 would be brought in with 6 receipts" in capsys.readouterr().out
    assert not Message.objects.exists()
    assert not Notice.objects.exists()
    assert not Imported.objects.exists()
    assert not Inbox.objects.exists()


def test_small_bites_bring_the_same(filled, as_bob, monkeypatch) -> None:
    from sendables.management.commands import import_drf_sendables

    monkeypatch.setattr(import_drf_sendables, "BITE", 1)
    bring(filled)
    assert len(as_bob.get("/messages/").json()) == 3
    assert importing.BITE > 1


def test_two_installations_do_not_get_in_each_other_s_way(filled, as_bob) -> None:
    bring(filled, "--name", "old shop")
    bring(filled, "--name", "old forum")
    assert len(as_bob.get("/messages/").json()) == 6


def test_further_messages_and_removals_work_on_what_was_brought_in(
    filled, alice, bob, as_bob, as_alice, write
) -> None:
    bring(filled)
    write(alice, [bob], "after the move")
    assert as_bob.get("/messages/").json()[0]["content"] == "after the move"
    removed = Message.objects.get(content="alice removed it")
    as_bob.delete("/messages/delete/", {"message_ids": [removed.pk]})
    assert not Message.objects.filter(pk=removed.pk).exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--entity", "nothing=sendables.message"], "no entity"),
        (["--entity", "message=message"], "app_label.model"),
        (["--entity", "message=shop.letter"], "no table shop_letter"),
        (["--entity", "message=sendables.message; DROP TABLE x"], "app_label.model"),
    ],
)
def test_what_cannot_be_is_said(filled, options, words) -> None:
    with pytest.raises(CommandError, match=words):
        bring(filled, *options)


@pytest.mark.parametrize("url", ["nonsense", "sqlite:////does/not/exist.sqlite3", ""])
def test_a_source_that_is_none_is_said(db, url) -> None:
    with pytest.raises(CommandError, match="source"):
        call_command("import_drf_sendables", url)


def test_a_name_that_was_mistyped_makes_no_file(db, tmp_path) -> None:
    with pytest.raises(CommandError, match="unable to open"):
        call_command("import_drf_sendables", f"sqlite:///{tmp_path}/orignal.sqlite3")
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_written_there(db, tmp_path) -> None:
    path = tmp_path / "a name with spaces?.sqlite3"
    sqlite3.connect(path).execute("CREATE TABLE kept (id INTEGER)")
    other = Elsewhere(f"sqlite:///{tmp_path}/a%20name%20with%20spaces%3F.sqlite3")
    assert other.columns("kept") == {"id"}
    with pytest.raises(OperationalError, match="readonly"):
        other.rows("INSERT INTO kept VALUES (1)")
    other.close()
