"""Taking in what smsd has finished with: fates of messages, status reports, received messages.

Each file counts once. A batch of files is read, recorded in one transaction,
and only then moved to the archive; a crash in between leaves the files where
they are, and reading them again changes nothing.
"""

from smsbridge.collector.sweep import collect

__all__ = ["collect"]
