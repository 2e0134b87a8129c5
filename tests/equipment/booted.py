"""A fresh Debian that has been booted: its own systemd as the first process, in a container of systemd-nspawn.

It shares this machine's kernel and network, so the system in it gets free ports; it can be rebooted.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from tests.equipment.fresh import INSIDE, FreshDebian

_PATIENCE_SECONDS = 90


class BootedDebian(FreshDebian):
    """See `FreshDebian`; `boot` it before `type`."""

    def __init__(self, folder: Path, suite: str = "bookworm") -> None:
        super().__init__(folder, suite)
        self._log = folder / "console.log"
        self._container: subprocess.Popen[bytes] | None = None

    def boot(self) -> None:
        """Install what a machine that boots has, and boot it until its services have been started."""
        install = "apt-get -qq update && apt-get -qq install --yes --no-install-recommends systemd-sysv dbus"
        done = self.run(f"{{ {install}; }} >&2", {}, seconds=180)
        if done.returncode != 0:
            raise RuntimeError(done.stderr[-2000:])
        self._start()

    def _start(self) -> None:
        with self._log.open("ab") as log:
            self._container = subprocess.Popen(
                [
                    *("systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--boot", "--resolv-conf=off"),
                    *("--timezone=off", "--machine=sereno-test", f"--directory={self.root}"),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self._wait_until_up()

    def reboot(self) -> None:
        """As `reboot` typed in it; back when its services have been started again."""
        assert self._container is not None
        self.type("systemctl reboot", {}, seconds=30, check=False)
        # The container ends of it, asking to be started again.
        self._container.wait(_PATIENCE_SECONDS)
        self._start()

    def type(
        self, script: str, environment: Mapping[str, str], *, seconds: float = 120, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """A script of bash, in the clone, as root in the running system."""
        done = self._enter(["bash", "-c", f"cd {INSIDE} && {script}"], environment, seconds)
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done

    def close(self) -> None:
        """End it, with everything in it."""
        if self._container is not None:
            self._container.terminate()
            try:
                self._container.wait(60)
            except subprocess.TimeoutExpired:
                self._container.kill()
                self._container.wait(10)

    def _enter(
        self, argv: list[str], environment: Mapping[str, str], seconds: float
    ) -> subprocess.CompletedProcess[str]:
        variables = [f"{name}={value}" for name, value in (self.surroundings() | dict(environment)).items()]
        return subprocess.run(
            [
                *("nsenter", f"--target={self._first_process()}", "--mount", "--uts", "--ipc", "--pid", "--cgroup"),
                *("--wd=/", "env", "-i", *variables, *argv),
            ],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )

    def _first_process(self) -> int:
        """The pid, on this machine, of the container's first process; 0 when there is none."""
        assert self._container is not None
        file = Path(f"/proc/{self._container.pid}/task/{self._container.pid}/children")
        children = file.read_text().split() if file.exists() else []
        return int(children[0]) if children else 0

    def _wait_until_up(self) -> None:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < deadline:
            if self._first_process():
                asked = self._enter(["systemctl", "is-system-running"], {}, 20)
                if asked.stdout.strip() in ("running", "degraded", "starting"):
                    return
            time.sleep(0.5)
        raise RuntimeError(f"it does not boot: {self._log.read_text(errors='replace')[-2000:]}")
