"""The folders of one spool: what lies where, and the only code that moves files between them.

A message goes outgoing → checked (or a queue's folder) → sent or failed, moved
by smsd; from there the collector moves it to archive or quarantine. Its name
never changes, and is in two folders for a moment while smsd copies it. smsd
marks what it is working on with a file NAME.LOCK beside it.
"""

from smsbridge.spool.folders.names import FINISHED_KINDS, LIVE_FOLDERS, OWN_FOLDERS, is_name
from smsbridge.spool.folders.reading import Finished
from smsbridge.spool.folders.spool import Place, Spool, Stuck

__all__ = [
    "FINISHED_KINDS",
    "LIVE_FOLDERS",
    "OWN_FOLDERS",
    "Finished",
    "Place",
    "Spool",
    "Stuck",
    "is_name",
]
