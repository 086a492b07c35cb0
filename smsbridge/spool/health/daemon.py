"""Whether smsd is there and takes what is given to it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

from smsbridge.spool.folders import Spool, Stuck
from smsbridge.spool.health.findings import Finding

#: Where Debian's package keeps the number of smsd's main process, and for which spool.
_DEBIAN_SPOOL, _DEBIAN_PIDFILE = Path("/var/spool/sms"), Path("/run/smstools/smsd.pid")

#: smsd's ``status_interval`` is 60 seconds unless configured.
_LONGEST_SILENCE_SECONDS = 300


def daemon_findings(spool: Spool, *, stuck_after: float, pidfile: Path | None = None) -> list[Finding]:
    """What is wrong with smsd, as far as it shows from outside.

    Files older than ``stuck_after`` seconds in outgoing are an error. A
    process that is gone is one too when the caller names the ``pidfile``, or
    files are stuck; else a warning, because a daemon in another container
    cannot be seen. Silence is told by the file that smsd with a
    ``stats`` folder in the spool rewrites each minute.
    """
    stuck = spool.stuck(stuck_after)
    file = pidfile or _usual_pidfile(spool.root)
    running = _running(file) if file else None
    findings = list(_process_findings(file, running, certain=bool(stuck or pidfile)))
    findings += _silence_findings(spool)
    if stuck:
        findings.append(_stuck_finding(spool, stuck, running=running is not False))
    return findings


def _usual_pidfile(root: Path) -> Path | None:
    candidates = [root / "smsd.pid"] + ([_DEBIAN_PIDFILE] if root == _DEBIAN_SPOOL else [])
    return next((candidate for candidate in candidates if candidate.exists()), None)


def _running(pidfile: Path) -> bool:
    try:
        os.kill(int(pidfile.read_text()), 0)
    except PermissionError:
        return True  # somebody else's, but there
    except (OSError, ValueError, OverflowError):
        return False
    return True


def _process_findings(pidfile: Path | None, running: bool | None, *, certain: bool) -> Iterator[Finding]:
    if running is False:
        level = "error" if certain else "warning"
        yield Finding(level, "smsd_not_running", f"{pidfile} names no running process", "Start smsd.")


def _silence_findings(spool: Spool) -> Iterator[Finding]:
    try:
        silent = time.time() - os.stat(spool.path("stats/status")).st_mtime
    except OSError:
        return  # smsd is configured to keep it elsewhere, or not at all
    if silent > _LONGEST_SILENCE_SECONDS:
        yield Finding(
            "error", "smsd_silent", f"smsd last wrote its status {silent:.0f} seconds ago", "Start smsd."
        )


def _stuck_finding(spool: Spool, stuck: list[Stuck], *, running: bool) -> Finding:
    detail = f"{len(stuck)} files wait in outgoing, the oldest for {stuck[0].seconds:.0f} seconds"
    if not running:
        return Finding("error", "stuck", detail, "Start smsd.")
    hint = f"smsd is stopped or slow, or may not read them ({_ownership(spool, stuck[0].name)}); see its log."
    return Finding("error", "stuck", detail, hint)


def _ownership(spool: Spool, name: str) -> str:
    try:
        status = os.stat(spool.path(f"outgoing/{name}"), follow_symlinks=False)
    except OSError:
        return "gone meanwhile"
    return f"user {status.st_uid}, group {status.st_gid}, mode {status.st_mode & 0o7777:04o}"
