"""The real smsd on a temporary spool, with the configuration that is shipped."""

from __future__ import annotations

import grp
import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tests import servers
from tests.smsd.fakemodem import FakeModem

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ROOT / "docker" / "smsd.conf"
FOLDERS = ("outgoing", "checked", "sent", "failed", "incoming", "report", "saved", "stats")
#: A modem on a pseudo terminal answers at once: listening for noise before each command (0.1 s) and
#: asking for the network's state are left out so that hundreds of messages take seconds.
QUICK_MODEM = {
    "check_network": "0",
    "poll_faster": "50",
    "detect_unexpected_input": "no",
    "detect_message_routing": "no",
}


class Smsd:
    """One daemon. ``modems`` by name; ``queues`` maps a queue name to the modem that serves it."""

    def __init__(
        self,
        modems: Mapping[str, FakeModem],
        *,
        queues: Mapping[str, str] | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        # Not pytest's own temporary folder: that one keeps the daemon's user out.
        self.base = Path(tempfile.mkdtemp(prefix="smsd-"))
        self.spool = self.base / "spool"
        self.log = self.base / "smsd.log"
        self.pidfile = self.base / "smsd.pid"
        self._process: subprocess.Popen | None = None
        self._modems, self._queues = modems, queues or {}
        self._owner = _daemon_user()
        self._make_folders()
        self.config = self.base / "smsd.conf"
        self.config.write_text(self._configuration(settings or {}))

    def queue_folder(self, queue: str) -> Path:
        return self.spool / f"queue-{queue}"

    def _make_folders(self) -> None:
        os.chmod(self.base, 0o755)
        for folder in [
            self.spool,
            *(self.spool / name for name in FOLDERS),
            *map(self.queue_folder, self._queues),
        ]:
            folder.mkdir()
            if self._owner:
                os.chown(folder, 0, self._owner.pw_gid)
            os.chmod(folder, 0o2775)
        if self._owner:
            os.chown(self.base, self._owner.pw_uid, self._owner.pw_gid)
            for modem in self._modems.values():
                os.chown(modem.device, self._owner.pw_uid, self._owner.pw_gid)

    def _configuration(self, settings: Mapping[str, str]) -> str:
        shipped, _, modem = SHIPPED.read_text().partition("[GSM1]")
        changes = {
            "devices": ", ".join(self._modems),
            "logfile": str(self.log),
            "loglevel": "info",
            "infofile": str(self.base / "smsd.working"),
            "pidfile": str(self.pidfile),
            "eventhandler": str(ROOT / "smsbridge" / "eventhandler"),
            # Waiting times only: polling for messages, and between tries of a refused one.
            "delaytime": "1",
            "delaytime_mainprocess": "1",
            "errorsleeptime": "1",
        } | dict(settings)
        if not self._owner:
            changes |= {"user": "", "group": ""}
        text = _replaced(shipped.replace("/var/spool/sms", str(self.spool)), changes)
        if self._queues:
            text += "\n[queues]\n" + "".join(f"{q} = {self.queue_folder(q)}\n" for q in self._queues)
        for name, device in self._modems.items():
            own = QUICK_MODEM | {
                "device": device.device,
                "queues": ",".join(q for q, m in self._queues.items() if m == name),
            }
            text += f"\n[{name}]\n" + _replaced(modem, own)
        return text

    # --- life --------------------------------------------------------------------------

    def start(self) -> None:
        earlier = len(self.output())
        self._process = subprocess.Popen(
            [str(servers.find_smsd()), "-t", f"-c{self.config}"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self.base,
            env=os.environ | {"LC_ALL": "C.UTF-8", "TMPDIR": "/tmp", "SMS_SPOOL": str(self.spool)},
            start_new_session=True,
        )
        servers.wait_until(lambda: self._settled(earlier), seconds=10, what="smsd's start")

    def _settled(self, earlier: int) -> bool:
        assert self._process
        assert self._process.poll() is None, f"smsd ended: {self.output()}"
        return self.pidfile.exists() and "Outgoing file checker has started" in self.output()[earlier:]

    def output(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def stop(self, timeout: float = 20) -> None:
        """SIGTERM to the main process, which ends its modems in good order."""
        if self._process and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(timeout)

    def kill(self) -> None:
        """SIGKILL to the daemon with all its processes, as in a crash."""
        if self._process and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(5)

    def remove(self) -> None:
        try:
            self.stop()
        finally:
            self.kill()
            shutil.rmtree(self.base, ignore_errors=True)


def _daemon_user() -> pwd.struct_passwd | None:
    """The account smsd changes to: only root can make it do so."""
    try:
        return pwd.getpwnam("smsd") if os.geteuid() == 0 and grp.getgrnam("smsd") else None
    except KeyError:
        return None


def _replaced(text: str, changes: Mapping[str, str]) -> str:
    """The configuration with these settings changed or added; an empty value takes the line out."""
    kept = [line for line in text.splitlines() if re.split(r"\s*=", line)[0] not in changes]
    return "\n".join(kept + [f"{name} = {value}" for name, value in changes.items() if value]) + "\n"
