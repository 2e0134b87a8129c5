"""Supervisor's own process in one home: starting it, ending it, and ending what one that is no more has left."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from pathlib import Path

from sereno.core.errors import SerenoError
from sereno.serve.native import boot_unit
from sereno.serve.native.boot_unit import BootUnit
from sereno.serve.native.home import Home, write_whole
from sereno.serve.native.logs import tail
from sereno.serve.place import Place
from sereno.serve.platforms import Narrator
from sereno.serve.ports import Neighbours

_POLL_SECONDS = 0.25
_START_SECONDS = 15
_END_SECONDS = 60


def command(place: Place) -> list[str]:
    """The command that runs Supervisor in the foreground."""
    conf = str(place.config("supervisord.conf"))
    return [str(place.environment / "bin/python"), "-m", "sereno.outside.supervisord", "--nodaemon", "-c", conf]


def environment(place: Place) -> dict[str, str]:
    """All that it, and what it starts, has of an environment."""
    return {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": str(place.home),
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(place.program),
    }


_NOT_AFTER_A_REBOOT = """\
nothing starts it after a reboot, since this is not systemd's machine, or root did not start it; cron can: {line}"""


class Daemon:
    """The supervisord of one home."""

    def __init__(
        self, home: Home, root: Path, user: str, *, neighbours: Neighbours, overriding: Mapping[str, str]
    ) -> None:
        self._home = home
        self._root = root
        self._user = user
        self._overriding = overriding
        self._services = neighbours.services
        self._processes = neighbours.processes
        self._supervisor = neighbours.supervisor

    def pid(self) -> int | None:
        """What it has written of itself; it may be an old one's while none answers."""
        try:
            return int((self._home / "run/supervisord.pid").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None

    def start(self, place: Place, narrator: Narrator, *, low_ports: bool) -> None:
        """Make sure that one runs with the present configuration and, with `low_ports`, the right to open those.

        Raises SerenoError with its last words when it does not answer.
        """
        unit = self._unit(place, low_ports=low_ports)
        if self._services.runs_here():
            write_whole(unit.environment_file, unit.environment_text(), 0o600)
            self._services.install(unit.name, unit.text())
        if self._supervisor.answers():
            if self._processes.may_open_low_ports(self.pid() or 0) == low_ports:
                self._supervisor.reread()
                return
            narrator.say("starting the supervisor anew: ports below 1024 need a right that it is given at its start")
            self._end(narrator)
        narrator.step("starting the supervisor")
        if self._services.runs_here():
            narrator.say(f"systemd's {unit.name} does it, now and after each reboot")
            self._services.start(unit.name)
        else:
            narrator.say(_NOT_AFTER_A_REBOOT.format(line=f"@reboot SERENO_HOME={unit.home} {unit.root / 'sereno'} up"))
            self._processes.spawn(
                command(place),
                user=self._user,
                log=unit.log,
                environment=environment(place),
                low_ports=low_ports,
            )
        if not self._answers_soon():
            raise SerenoError(
                f"the supervisor does not answer after {_START_SECONDS} s",
                next_step="read the lines above; then run this again",
                log_tail=tail(unit.log),
            )

    def _answers_soon(self) -> bool:
        """Whether it answers, given the time that it needs to start."""
        deadline = time.monotonic() + _START_SECONDS
        while not self._supervisor.answers():
            if time.monotonic() > deadline:
                return False
            time.sleep(_POLL_SECONDS)
        return True

    def end(self, narrator: Narrator, *, for_good: bool = False) -> bool:
        """End it with everything below it, and look that nothing is left; False when nothing ran.

        It then does not come back at the next boot; `for_good`: nothing at all is left of it in this machine's system.
        Raises SerenoError naming the processes that do not end.
        """
        if self._services.runs_here():
            name = boot_unit.name_of(self._home.path)
            (self._services.remove if for_good else self._services.disable)(name)
        return self._end(narrator)

    def _end(self, narrator: Narrator) -> bool:
        ran = self._supervisor.answers()
        if ran:
            narrator.step("stopping every component")
            family = self._processes.descendants(self.pid() or 0)
            self._supervisor.shutdown()
            self._wait_until_gone(family)
        ran = self.end_leftovers(narrator) or ran
        for leftover in ("run/supervisor.sock", "run/supervisord.pid"):
            (self._home / leftover).unlink(missing_ok=True)
        return ran

    def _unit(self, place: Place, *, low_ports: bool) -> BootUnit:
        return BootUnit(
            root=self._root,
            home=self._home.path,
            user=self._user,
            supervisor=command(place),
            low_ports=low_ports,
            supervisor_environment=environment(place),
            environment=self._overriding,
        )

    def end_leftovers(self, narrator: Narrator) -> bool:
        """End what a Supervisor of this home has left that was killed itself; False when there is nothing.

        A Supervisor that has only just been started, as by systemd after a reboot, does not answer at once: it is given
        its time, since it has left nothing.
        """
        left = self._processes.left_in(self._home.path)
        if "" in left.values() and self._answers_soon():
            return False
        if left:
            names = ", ".join(sorted({name or "supervisor" for name in left.values()}))
            narrator.step(f"ending what an earlier supervisor has left: {names}")
            self._processes.end(list(left))
        return bool(left)

    def _wait_until_gone(self, pids: Collection[int]) -> None:
        deadline = time.monotonic() + _END_SECONDS
        while alive := [pid for pid in pids if pid in self._processes.descendants(pid)]:
            if time.monotonic() > deadline:
                raise SerenoError(
                    f"these processes do not end: {alive}", next_step="look at them with ps, then end them"
                )
            time.sleep(_POLL_SECONDS)
