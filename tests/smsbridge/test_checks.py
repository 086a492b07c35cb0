"""The self-check finds what keeps messages from going out, and says what to do."""

from __future__ import annotations

import grp
import json
import os
import re
import time
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.checks import run_checks
from django.core.management import CommandError, call_command

from smsbridge.checks import check_spools, examine_spool
from smsbridge.spool.folders import Spool
from smsbridge.spool.health import Finding, disk, worst
from tests.smsbridge.privileges import ordinary_folder, ordinary_user, some_group


def found(spool: Spool, **asked) -> dict[str, Finding]:
    return {finding.code: finding for finding in examine_spool(spool, **({"stuck_after": 300} | asked))}


def lay(spool: Spool, path: str, content: str = "To: 49172\n\nhello", age: float = 0) -> Path:
    file = Path(spool.path(path))
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content)
    os.utime(file, (time.time() - age,) * 2)
    return file


@pytest.fixture
def ours(settings):
    """A good spool, looked at without root's freedom from permissions."""
    with ordinary_folder() as folder, ordinary_user():
        settings.SMS_GATEWAYS = {"sms": folder}
        spool = Spool(folder)
        spool.create()
        yield spool
        for path in folder.iterdir():
            os.chmod(path, 0o700)


def test_a_good_spool_has_nothing_to_report(ours: Spool) -> None:
    assert examine_spool(ours, stuck_after=300) == []
    assert check_spools() == []
    assert os.listdir(ours.path("outgoing")) == []  # the self-check cleans up


@pytest.mark.parametrize("folder", ["outgoing", "checked", "sent", "failed", "incoming"])
def test_a_missing_folder(ours: Spool, folder: str) -> None:
    os.rmdir(ours.path(folder))
    assert folder in found(ours)["missing"].detail


@pytest.mark.parametrize("folder", ["report", "saved", "archive", "quarantine"])
def test_folders_that_need_not_exist(ours: Spool, folder: str) -> None:
    os.rmdir(ours.path(folder))
    assert examine_spool(ours, stuck_after=300) == []


@pytest.mark.parametrize(
    ("folder", "mode"),
    [("outgoing", 0o2500), ("sent", 0o2500), ("failed", 0o2500), ("incoming", 0o2500), ("report", 0o2500),
     ("archive", 0o2500), ("quarantine", 0o2500), ("checked", 0o2300), ("D1", 0o2300)],
)  # fmt: skip
def test_a_folder_that_is_closed_to_us(ours: Spool, folder: str, mode: int) -> None:
    os.makedirs(ours.path(folder), exist_ok=True)
    os.chmod(ours.path(folder), mode)
    finding = found(ours)["not_writable"]
    assert (finding.level, finding.detail.split()[0]) == ("error", folder)
    assert "group" in finding.hint


def test_own_folders_that_cannot_be_made(ours: Spool) -> None:
    os.rmdir(ours.path("archive"))
    os.chmod(ours.root, 0o2500)
    finding = found(ours)["not_writable"]
    os.chmod(ours.root, 0o2700)
    assert finding.detail == "archive cannot be made"


def test_a_folder_without_the_group_bit(ours: Spool) -> None:
    os.chmod(ours.path("outgoing"), 0o770)
    finding = found(ours)["not_setgid"]
    assert (finding.level, finding.detail.split()[0]) == ("warning", "outgoing")


def test_a_folder_with_the_sticky_bit_of_debians_package(monkeypatch) -> None:
    # Its owner is another user, smsd; so only that one may move files out of it.
    with ordinary_folder() as folder:
        spool = Spool(folder)
        spool.create()
        os.chmod(spool.path("sent"), 0o3777)
        assert "sticky" not in found(spool)
        monkeypatch.setattr(os, "geteuid", lambda: 12345)
        assert found(spool)["sticky"].detail.split()[0] == "sent"


def test_a_file_in_a_folders_place(ours: Spool) -> None:
    os.rmdir(ours.path("sent"))
    lay(ours, "sent")
    assert "no directory" in found(ours)["missing"].detail


def test_a_folder_on_another_file_system(ours: Spool) -> None:
    os.rmdir(ours.path("sent"))
    os.symlink("/proc", ours.path("sent"))
    assert "sent is on another file system" in found(ours)["other_file_system"].detail


def test_files_that_wait_too_long(ours: Spool) -> None:
    for name, age in [("a", 400), ("b", 900), ("c", 10)]:
        lay(ours, f"outgoing/{name}", age=age)
    finding = found(ours)["stuck"]
    assert (finding.level, finding.detail) == (
        "error",
        "2 files wait in outgoing, the oldest for 900 seconds",
    )
    assert "mode 0" in finding.hint
    assert "stuck" not in found(ours, stuck_after=1000)


def dead_pid() -> int:
    child = os.posix_spawn("/bin/true", ["true"], {})
    os.waitpid(child, 0)
    return child


def test_a_daemon_that_is_gone(ours: Spool, tmp_path: Path) -> None:
    lay(ours, "smsd.pid", f"{dead_pid()}\n")
    assert found(ours)["smsd_not_running"].level == "warning"  # it may run in another container
    lay(ours, "outgoing/a", age=400)
    assert found(ours)["smsd_not_running"].level == "error"
    assert found(ours)["stuck"].hint == "Start smsd."


@pytest.mark.parametrize("content", ["", "smsd", "-1x", "9" * 30])
def test_a_pid_file_that_makes_no_sense(ours: Spool, content: str) -> None:
    lay(ours, "smsd.pid", content)
    assert "smsd_not_running" in found(ours)


def test_a_daemon_that_runs_as_somebody_else(ours: Spool) -> None:
    lay(ours, "smsd.pid", "1\n")
    assert found(ours) == {}


def test_a_pid_file_that_the_caller_names_counts_for_sure(ours: Spool) -> None:
    file = lay(ours, "elsewhere.pid", f"{dead_pid()}\n")
    assert found(ours, pidfile=file)["smsd_not_running"].level == "error"
    file.write_text(str(os.getpid()))
    assert found(ours, pidfile=file) == {}
    assert found(ours, pidfile=Path("/nowhere"))["smsd_not_running"].level == "error"


def test_a_daemon_that_has_fallen_silent(ours: Spool) -> None:
    lay(ours, "stats/status", "GSM1: Idle", age=100)
    assert found(ours) == {}
    lay(ours, "stats/status", "GSM1: Idle", age=400)
    assert found(ours)["smsd_silent"].detail == "smsd last wrote its status 400 seconds ago"


def test_files_that_may_not_be_read(ours: Spool) -> None:
    lay(ours, "incoming/GSM1.abc").chmod(0)
    finding = found(ours)["not_readable"]
    assert (finding.level, finding.detail) == ("error", "1 files in incoming cannot be read by this user")


def test_locks_left_by_dead_modem_processes(ours: Spool) -> None:
    lay(ours, "checked/a.LOCK", age=4000)
    lay(ours, "D1/b.LOCK", age=4000)
    os.chmod(ours.path("D1"), 0o2770)
    lay(ours, "checked/c.LOCK", age=100)
    assert found(ours)["stale_lock"].detail.startswith("2 messages")


def test_files_set_aside(ours: Spool) -> None:
    lay(ours, "sent/a")
    ours.quarantine("sent", "a", "no_headers")
    assert (found(ours)["quarantined"].level, found(ours)["quarantined"].detail) == (
        "warning",
        "1 files lie in quarantine",
    )


def sent_at(moment: datetime) -> str:
    return f"To: 49172\nSent: {moment:%y-%m-%d %H:%M:%S}\n\nhello"


@pytest.mark.parametrize("folder", ["sent", "archive/2026-11-21/sent"])
def test_the_wrong_zone(ours: Spool, settings, folder: str) -> None:
    settings.SMSD_TIMEZONE = "UTC"
    lay(ours, f"{folder}/a", sent_at(datetime.now(UTC) + timedelta(hours=3)))
    assert "+3.0 hours" in found(ours)["zone"].detail
    settings.SMSD_TIMEZONE = "Africa/Nairobi"
    assert "zone" not in found(ours)


def test_files_without_a_time_say_nothing_of_the_zone(ours: Spool) -> None:
    lay(ours, "sent/a", "no header at all")
    lay(ours, "sent/b", "To: 49172\n\nhello")
    assert found(ours) == {}


def test_a_disk_with_another_clock(ours: Spool, monkeypatch) -> None:
    monkeypatch.setattr(disk.time, "time", lambda: datetime.now(UTC).timestamp() - 3600)
    assert "+3600 seconds" in found(ours)["clock"].detail


def test_a_disk_running_full(ours: Spool, monkeypatch) -> None:
    real = os.statvfs(ours.root)
    little = os.statvfs_result((real.f_bsize, 4096, real.f_blocks, 10, 10, 1000, 5, 5, 0, 255))
    monkeypatch.setattr(disk.os, "statvfs", lambda path: little)
    details = [f.detail for f in examine_spool(ours, stuck_after=300) if f.code == "disk_nearly_full"]
    assert details == ["0 MB are left on the spool's disk", "5 more files fit on the spool's disk"]


def test_a_full_disk(ours: Spool, monkeypatch) -> None:
    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(disk.os, "write", full)
    assert found(ours)["disk_full"].level == "error"
    assert os.listdir(ours.path("outgoing")) == []


def test_the_worst_counts() -> None:
    warning, error = Finding("warning", "x", ""), Finding("error", "x", "")
    assert [worst([]), worst([warning]), worst([error, warning])] == ["ok", "warning", "error"]


def test_the_document_lists_every_code() -> None:
    root = Path(__file__).resolve().parents[2]
    table = (root / "docs" / "smsbridge.md").read_text().partition("### Self-check")[2]
    listed = set(
        re.findall(r"`([a-z_]+)`", "".join(re.findall(r"^\| (`.*?) \| (?:error|warning)", table, re.M)))
    )
    sources = "".join(path.read_text() for path in (root / "smsbridge" / "spool").rglob("*.py"))
    found = set(re.findall(r'Finding\(\s*(?:level|"error"|"warning"), "([a-z_]+)"', sources))
    assert listed - found == {"disk_full", "read_only", "no_permission", "io_error"}
    assert found <= listed


# The system check


def test_the_system_check_warns_and_names_the_gateway(ours: Spool) -> None:
    os.rmdir(ours.path("sent"))
    [message] = [each for each in run_checks() if each.id == "smsbridge.missing"]
    assert message.msg == "SMS gateway sms: sent does not exist"
    assert not message.is_serious()  # migrations must run before smsd is set up


def test_the_system_check_touches_nothing(settings, tmp_path: Path) -> None:
    settings.SMS_GATEWAYS = {"sms": tmp_path / "later"}
    assert check_spools() == []
    assert list(tmp_path.iterdir()) == []


def test_a_spool_of_another_host_is_a_warning(settings) -> None:
    with ordinary_folder() as folder, ordinary_user():
        os.chmod(folder, 0o500)
        settings.SMS_GATEWAYS = {"sms": folder / "spool"}
        [message] = check_spools()
        os.chmod(folder, 0o700)
    assert (message.id, message.is_serious()) == ("smsbridge.missing", False)
    assert "where the gateway's smsd is" in message.hint


# The command


def run(*arguments: str) -> tuple[int, str]:
    out = StringIO()
    with pytest.raises(SystemExit) as left:
        call_command("check_spool", *arguments, stdout=out)
    return left.value.code, out.getvalue()


def test_all_is_well(ours: Spool) -> None:
    assert run() == (0, f"sms ({ours.root}): ok, 0 waiting\n")


def test_warnings_and_errors_have_exit_codes(ours: Spool) -> None:
    os.chmod(ours.path("outgoing"), 0o770)
    assert run()[0] == 1
    lay(ours, "outgoing/a", age=400)
    code, text = run()
    assert code == 2
    assert f"sms ({ours.root}): error, 1 waiting" in text
    assert "  error: 1 files wait in outgoing" in text
    assert run("--stuck-after", "500")[0] == 1


def test_programs_get_json(ours: Spool) -> None:
    lay(ours, "outgoing/a", age=400)
    code, text = run("--json")
    told = json.loads(text)["gateways"]["sms"]
    assert (code, told["spool"], told["status"], told["waiting"]) == (2, str(ours.root), "error", 1)
    assert told["findings"][0].keys() == {"level", "code", "detail", "hint"}
    assert told["findings"][0]["code"] == "stuck"


def test_missing_folders_are_made_when_asked(settings, tmp_path: Path) -> None:
    settings.SMS_GATEWAYS = {"sms": tmp_path / "spool"}
    assert run() == (
        1,
        f"sms ({tmp_path}/spool): warning, unknown waiting\n"
        "  warning: the spool does not exist yet\n    check_spool --create makes it.\n",
    )
    assert run("--create")[0] == 0
    assert (tmp_path / "spool" / "outgoing").is_dir()


def test_new_folders_belong_to_the_group_that_is_asked_for(settings, tmp_path: Path) -> None:
    settings.SMS_GATEWAYS = {"sms": tmp_path / "spool"}
    group = some_group()
    assert run("--create", "--group", grp.getgrgid(group).gr_name)[0] == 0
    made = [tmp_path / "spool", *(tmp_path / "spool").iterdir()]
    assert {path.stat().st_gid for path in made} == {group}
    assert {path.stat().st_mode & 0o7777 for path in made} == {0o2770}


def test_a_group_nobody_knows(ours: Spool) -> None:
    with pytest.raises(CommandError, match="no group klingons"):
        call_command("check_spool", "--create", "--group", "klingons")


def test_folders_that_cannot_be_made_are_an_error(settings) -> None:
    with ordinary_folder() as folder, ordinary_user():
        os.chmod(folder, 0o500)
        settings.SMS_GATEWAYS = {"sms": folder / "spool"}
        code, text = run("--create")
        os.chmod(folder, 0o700)
    assert code == 2
    assert "folders cannot be made: Permission denied" in text


def test_one_gateway_of_several(ours: Spool, settings, tmp_path: Path) -> None:
    settings.SMS_GATEWAYS |= {"north": tmp_path / "nowhere"}
    assert run("sms")[0] == 0
    assert run()[0] == 1


def test_a_gateway_nobody_knows(ours: Spool) -> None:
    with pytest.raises(CommandError, match="south"):
        call_command("check_spool", "south")
