"""systemd, where it is what started this machine."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from sereno.core.errors import SerenoError
from sereno.core.files import replace_file

UNITS = Path("/etc/systemd/system")
_RUNNING = Path("/run/systemd/system")
_SECONDS = 30


class Systemd:
    """See `sereno.serve.ports.ServiceManager`."""

    def runs_here(self) -> bool:
        """Whether systemd is this machine's first process and may be told what to do."""
        return self.is_first_process() and os.geteuid() == 0

    @staticmethod
    def is_first_process() -> bool:
        """Whether systemd is this machine's first process."""
        return _RUNNING.is_dir()

    @staticmethod
    def is_enabled(name: str) -> bool:
        """Whether a unit is started at each boot; any user may ask."""
        try:
            _systemctl("--quiet", "is-enabled", name)
        except SerenoError:
            return False
        return True

    def install(self, name: str, text: str) -> None:
        """Write a unit, have systemd read it, and have it started at each boot. Raises SerenoError when it refuses."""
        file = UNITS / name
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            replace_file(file, text.encode(), 0o644)
            _systemctl("daemon-reload")
        _systemctl("--quiet", "enable", name)

    def start(self, name: str) -> None:
        """Begin to start a unit; one that runs is left alone."""
        _systemctl("--no-block", "start", name)

    def disable(self, name: str) -> None:
        """Start a unit at boot no longer; one that is not there is fine."""
        if (UNITS / name).exists():
            _systemctl("--quiet", "disable", name)

    def remove(self, name: str) -> None:
        """Forget a unit."""
        self.disable(name)
        if (UNITS / name).exists():
            (UNITS / name).unlink()
            _systemctl("daemon-reload")


def _systemctl(*words: str) -> None:
    try:
        done = subprocess.run(
            ["systemctl", *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SerenoError(f"systemctl {' '.join(words)}: {error}", next_step="look at systemctl status") from error
    if done.returncode != 0:
        raise SerenoError(
            f"systemctl {' '.join(words)} failed", next_step="look at systemctl status", log_tail=done.stdout.strip()
        )
