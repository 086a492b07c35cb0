"""What can be done with broadcasts; the only place that writes them."""

from broadcasts.operations.steering import cancel, pause, pause_all, prepare, resend_failures, resume, start
from broadcasts.operations.writing import check, remove, save

__all__ = [
    "cancel",
    "check",
    "pause",
    "pause_all",
    "prepare",
    "remove",
    "resend_failures",
    "resume",
    "save",
    "start",
]
