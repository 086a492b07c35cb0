"""The archive of a gateway's files does not grow for ever."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.utils import timezone

from smsbridge.collector import collect
from smsbridge.spool.folders import Spool

pytestmark = pytest.mark.django_db


def archived(spool: Spool, days: int, *names: str) -> Path:
    folder = Path(spool.path(f"archive/{(timezone.now() - timedelta(days=days)).date()}/sent"))
    folder.mkdir(parents=True)
    for name in names:
        (folder / name).write_text("To: 27820001001\n\nHello")
    return folder.parent


def test_the_collector_removes_days_that_have_had_their_time(gateway, spool, settings) -> None:
    settings.SMS_ARCHIVE_DAYS = 30
    old, young = archived(spool, 31, "a", "b"), archived(spool, 29, "c")
    collect(gateway)
    assert not old.exists()
    assert [path.name for path in young.rglob("*") if path.is_file()] == ["c"]


def test_with_0_days_the_archive_is_kept_for_ever(gateway, spool, settings) -> None:
    settings.SMS_ARCHIVE_DAYS = 0
    old = archived(spool, 5000, "a")
    collect(gateway)
    call_command("prune")
    assert (old / "sent" / "a").exists()


def test_by_hand_in_bites_the_oldest_first(spool, settings, capsys, monkeypatch) -> None:
    settings.SMS_ARCHIVE_DAYS = 30
    oldest, old = archived(spool, 50, "a", "b", "c"), archived(spool, 40, "d", "e")
    call_command("prune", "--only", "sms-archive", "--dry-run")
    assert "sms-archive: 5 files" in capsys.readouterr().out
    before = (timezone.now() - timedelta(days=30)).date()
    assert spool.forget(before, 2) == 2
    assert len(list(oldest.rglob("[a-e]"))) == 1
    assert len(list(old.rglob("[a-e]"))) == 2
    monkeypatch.setattr("smsbridge.retention.BITE", 2)
    call_command("prune", "--only", "sms-archive")
    assert "sms-archive: 3 files" in capsys.readouterr().out
    assert spool.archived_days() == []


def test_links_are_removed_and_not_followed(spool, tmp_path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("x")
    (archived(spool, 50) / "sent" / "link").symlink_to(outside)
    spool.forget(timezone.now().date(), 100)
    assert (outside / "kept").exists()
    assert spool.archived_days() == []


def test_a_gateway_of_another_host_is_none_of_ours(settings, tmp_path, capsys) -> None:
    settings.SMS_GATEWAYS = {"far": tmp_path / "not-here"}
    call_command("prune", "--only", "sms-archive", "--older-than", "1")
    assert "sms-archive: 0 files" in capsys.readouterr().out
