"""Whether the disk takes files, and tells the same time as we do."""

from __future__ import annotations

import os
import time

from smsbridge.spool.errors import SpoolUnavailable
from smsbridge.spool.folders import Spool
from smsbridge.spool.folders.disk import unavailable
from smsbridge.spool.health.findings import Finding

#: Below this many bytes or files left, a day's messages may not fit.
_SCARCE_BYTES, _SCARCE_FILES = 100_000_000, 10_000
_LARGEST_DRIFT_SECONDS = 60


def disk_findings(spool: Spool) -> list[Finding]:
    """Whether space is running out, in bytes or in files."""
    try:
        status = os.statvfs(spool.root)
    except OSError as error:
        return [Finding("error", "not_readable", f"{spool.root}: {error.strerror}")]
    free = status.f_bavail * status.f_frsize
    findings = []
    if free < _SCARCE_BYTES:
        detail = f"{free // 1_000_000} MB are left on the spool's disk"
        findings.append(Finding("warning", "disk_nearly_full", detail, "Old days below archive/ may go."))
    # Some file systems count no files and report none at all.
    if status.f_files and status.f_favail < _SCARCE_FILES:
        detail = f"{status.f_favail} more files fit on the spool's disk"
        findings.append(Finding("warning", "disk_nearly_full", detail, "Old days below archive/ may go."))
    return findings


def write_findings(spool: Spool) -> list[Finding]:
    """Write a hidden file into outgoing and take it away again."""
    try:
        written_at = _written_and_removed(spool)
    except SpoolUnavailable as trouble:
        return [Finding("error", trouble.code, f"outgoing takes no file: {trouble.detail}")]
    drift = written_at - time.time()
    if abs(drift) <= _LARGEST_DRIFT_SECONDS:
        return []
    detail = f"the spool's disk is {drift:+.0f} seconds off this machine's clock"
    return [Finding("warning", "clock", detail, "Synchronise both clocks.")]


def _written_and_removed(spool: Spool) -> float:
    hidden = spool.path(f"outgoing/.check-{os.getpid()}")
    try:
        descriptor = os.open(hidden, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o660)
        try:
            os.write(descriptor, b"self-check\n")
            return os.fstat(descriptor).st_mtime
        finally:
            os.close(descriptor)
            os.unlink(hidden)
    except OSError as error:
        raise unavailable(error) from error
