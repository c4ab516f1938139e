"""A child process of the platform: its log, its end, and that it never outlives us; and that we ourselves are asked to end."""

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from deploy.local.places import ROOT, dying_with_parent

KEPT = ("PATH", "LANG", "LC_ALL", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR", "INTAKE_GATEWAY_SLIPS")
"""What a service sees of our own environment; all else comes from its settings. The last is a setting that only who runs it can choose."""
LOG_LIMIT = 20 * 1024 * 1024


class AskedToStop(Exception):
    """Ctrl-C, SIGTERM or SIGHUP came. Raised where we wait, never in the middle of a step: an exception out of a signal handler could be
    swallowed by a destructor, or leave a lock held for ever."""


_asked = False


def heed_signals() -> None:
    """From now on Ctrl-C, SIGTERM and SIGHUP make `pause` raise."""

    def ask(_: int, __: object) -> None:
        global _asked  # noqa: PLW0603 - a signal is the process's, not an object's
        _asked = True

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, ask)


def asked_to_stop() -> bool:
    """Whether a signal came."""
    return _asked


def pause(seconds: float) -> None:
    """Wait, a few seconds at most. Raises `AskedToStop`."""
    if not _asked:
        time.sleep(seconds)
    if _asked:
        raise AskedToStop


class Child:
    """One process: `start`, `stop` (SIGTERM, then SIGKILL), `kill`, `pause`, `resume`."""

    def __init__(self, name: str, arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        self.name, self.arguments, self.log = name, list(arguments), log
        own = {key: os.environ[key] for key in KEPT if key in os.environ}
        self.environment = {
            **own,
            "PYTHONPATH": str(ROOT),
            "PYTHONUNBUFFERED": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            **environment,
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; its output goes to its log, which begins anew when it grew too long."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        mode = "wb" if self.log.exists() and self.log.stat().st_size > LOG_LIMIT else "ab"
        with self.log.open(mode) as log:
            self.process = subprocess.Popen(
                self.arguments,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=ROOT,
                start_new_session=True,
                preexec_fn=dying_with_parent(signal.SIGKILL),  # noqa: PLW1509 - one prctl call, before any thread matters
            )

    def alive(self) -> bool:
        """Whether it runs."""
        return self.process is not None and self.process.poll() is None

    def ask_to_stop(self) -> None:
        """SIGTERM, without waiting."""
        if self.process is not None and self.alive():
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()

    def stop(self, timeout: float = 30) -> None:
        """SIGTERM, wait, SIGKILL."""
        if self.process is not None:
            self.ask_to_stop()
            try:
                self.process.wait(timeout)
            except subprocess.TimeoutExpired:
                self.kill()
            self.process = None

    def kill(self) -> None:
        """SIGKILL."""
        self.signal(signal.SIGKILL)
        if self.process is not None:
            self.process.wait()

    def signal(self, number: signal.Signals) -> None:
        """Any signal (SIGSTOP, SIGCONT …)."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)

    def tail(self, size: int = 1500) -> str:
        """The end of its log."""
        return self.log.read_text("utf-8", "replace")[-size:] if self.log.exists() else ""
