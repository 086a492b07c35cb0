"""The management commands about keeping and handing out."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts import retention
from sendables import tasks
from sendables.models import Inbox, Message, Notice


def age(message, days: int) -> None:
    Message.objects.filter(pk=message.pk).update(sent_on=timezone.now() - timedelta(days=days))


def test_pruning_removes_what_it_counts(alice, bob, write, notify, capsys) -> None:
    age(write(alice, [bob], "old"), 40)
    kept = write(alice, [bob], "young")
    notice = notify([bob], expires_at=timezone.now() + timedelta(hours=1))
    Notice.objects.filter(pk=notice.pk).update(expires_at=timezone.now())
    command = ("prune", "--only", "message", "--only", "notice", "--older-than", "30")
    call_command(*command, "--dry-run")
    said = capsys.readouterr().out
    assert "message: 1 rows of messages" in said
    assert "notice: 1 rows of notices" in said
    assert Message.objects.count() == 2
    call_command(*command)
    assert list(Message.objects.all()) == [kept]
    assert not Notice.objects.exists()
    assert "message: 2 rows of messages" in capsys.readouterr().out


def test_pruning_one_entity_leaves_the_others(alice, bob, write, capsys) -> None:
    age(write(alice, [bob]), 40)
    call_command("prune", "--only", "notice", "--older-than", "30")
    assert Message.objects.exists()
    assert "message" not in capsys.readouterr().out


def test_export_and_erasure_of_a_person(alice, bob, as_alice, write, capsys) -> None:
    write(bob, [alice], "Grüße von Bob")
    call_command("export_sendables", "bob")
    [record] = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (record["kind"], record["content"]) == ("sent message", "Grüße von Bob")
    call_command("erase_sendables", "bob", "--dry-run")
    assert "1 records" in capsys.readouterr().out
    assert len(as_alice.get("/messages/").json()) == 1
    call_command("erase_sendables", "bob", "--keep-sent")
    assert as_alice.get("/messages/").json()[0]["sender"] is None


@pytest.mark.parametrize("command", ["export_sendables", "erase_sendables"])
def test_a_person_who_is_nobody_is_said(db, command) -> None:
    with pytest.raises(CommandError, match="no account"):
        call_command(command, "nobody")


def test_the_clock_s_tasks_do_their_work(alice, bob, write, notify, settings, caplog) -> None:
    settings.SENDABLES = {"message": {"RETENTION_DAYS": 30}}
    age(write(alice, [bob]), 31)
    notice = notify([bob], expires_at=timezone.now() + timedelta(hours=1))
    Notice.objects.filter(pk=notice.pk).update(expires_at=timezone.now())
    tasks.publish()
    tasks.sweep()
    assert not Notice.objects.exists()
    assert Message.objects.exists()
    Inbox.objects.filter(entity="notice").update(unread=9)
    assert retention.prune(["message", "notice"], seconds=60) == []
    assert not Message.objects.exists()
    assert "unread counters were wrong" in caplog.text
