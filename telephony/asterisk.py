"""Copies of recordings for an Asterisk server's own voicemail folder.

Our store is what counts; this export is for installations whose telephones
listen through Asterisk's VoiceMail application (file storage). Layout, file
names and lock are those of ``app_voicemail``: a message is the pair
``msgNNNN.wav`` and ``msgNNNN.txt``; numbers have no holes; the text file makes
it exist, so it is renamed into place last. Asterisk notices by
``pollmailboxes=yes``.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

from telephony.models import VoicemailMessage
from telephony.recordings import Recording, narrow

FOLDERS = {"new": "INBOX", "old": "Old", "urgent": "Urgent"}
#: Asterisk numbers messages with four digits.
MOST_NUMBER = 9999
LOCK_WAIT = 5.0


class FolderLocked(OSError):
    """Asterisk holds the folder longer than it usually does."""


def export(message: VoicemailMessage, recording: Recording, spool: Path) -> Path:
    """Write the message into ``spool`` as Asterisk would; returns the text file. Raises OSError."""
    mailbox = message.voicemail.mailbox
    if not re.fullmatch(r"[0-9]{1,40}", mailbox):
        raise ValueError("A mailbox is named by digits.")
    root = spool / settings.ASTERISK_VOICEMAIL_CONTEXT / mailbox
    folder, scratch = root / FOLDERS[message.folder], root / "tmp"
    for path in (folder, scratch):
        path.mkdir(parents=True, exist_ok=True)
    audio, text = (scratch / f"{message.pk}{suffix}" for suffix in (".wav", ".txt"))
    try:
        # A message without this format has no sound for most servers, whatever else lies beside it.
        audio.write_bytes(narrow(recording).content)
        text.write_text(_description(message), encoding="utf-8")
        with _lock(folder):
            stem = folder / f"msg{_next_number(folder):04d}"
            audio.rename(stem.with_suffix(".wav"))
            return text.rename(stem.with_suffix(".txt"))
    finally:
        for draft in (audio, text):
            draft.unlink(missing_ok=True)


def _next_number(folder: Path) -> int:
    taken = [int(name[3:7]) for name in os.listdir(folder) if re.fullmatch(r"msg[0-9]{4}\.txt", name)]
    number = max(taken, default=-1) + 1
    if number > MOST_NUMBER:
        raise OSError("The Asterisk folder is full.")
    return number


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
    """Asterisk's folder lock: a hard link named ``.lock`` to a file of one's own."""
    own = folder / f".lock-{os.getpid()}-{time.monotonic_ns()}"
    own.touch()
    try:
        _wait_for_link(own, folder / ".lock")
        try:
            yield
        finally:
            (folder / ".lock").unlink(missing_ok=True)
    finally:
        own.unlink(missing_ok=True)


def _wait_for_link(own: Path, lock: Path) -> None:
    give_up = time.monotonic() + LOCK_WAIT
    while True:
        try:
            os.link(own, lock)
        except FileExistsError:
            if time.monotonic() > give_up:
                raise FolderLocked(f"{lock.parent.name} stays locked") from None
            time.sleep(0.05)
        else:
            return


def _description(message: VoicemailMessage) -> str:
    """The key=value file; ``duration`` comes last, as Asterisk writes it."""
    name, number = _plain(message.caller_id_name), _plain(message.caller_id_num)
    caller = f'"{name}" <{number}>' if number else name or "Unknown"
    lines = {
        "origmailbox": message.voicemail.mailbox,
        "context": settings.ASTERISK_VOICEMAIL_CONTEXT,
        "callerid": caller,
        "origdate": f"{message.received_at:%a %b %d %I:%M:%S %p UTC %Y}",
        "origtime": int(message.received_at.timestamp()),
        "msg_id": f"{int(message.received_at.timestamp())}-{message.pk.hex[:8]}",
        "flag": "Urgent" if message.folder == VoicemailMessage.Folder.URGENT else "",
        "duration": message.duration,
    }
    body = "\n".join(f"{key}={value}" for key, value in lines.items())
    return f";\n; Message Information file\n;\n[message]\n{body}\n"


def _plain(text: str) -> str:
    """One line without quotes: nothing in it can begin another key."""
    return re.sub(r'[^\x20-\x7e]|["<>;]', "", text)
