"""What is wrong with a spool: permissions, the daemon, the clock, what lies about.

Permission trouble is what new installations meet first, and a stopped smsd
what old ones do; both show only as messages that never arrive.
"""

from smsbridge.spool.health.contents import quarantined, stale_locks, unreadable_files
from smsbridge.spool.health.daemon import daemon_findings
from smsbridge.spool.health.disk import disk_findings, write_findings
from smsbridge.spool.health.findings import Finding, worst
from smsbridge.spool.health.permissions import folder_findings
from smsbridge.spool.health.zone import zone_findings

__all__ = [
    "Finding",
    "daemon_findings",
    "disk_findings",
    "folder_findings",
    "quarantined",
    "stale_locks",
    "unreadable_files",
    "worst",
    "write_findings",
    "zone_findings",
]
