"""What serving natively needs of the machine, as Protocols; `sereno.outside` matches them by shape."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol


class Holder(Protocol):
    """Who listens on a port."""

    @property
    def pid(self) -> int | None: ...

    @property
    def program(self) -> str: ...


class Finished(Protocol):
    """A command that has ended."""

    @property
    def code(self) -> int: ...

    @property
    def output(self) -> str: ...


class Processes(Protocol):
    """Processes and ports of this machine."""

    def port_holder(self, port: int) -> Holder | None:
        """Who listens on TCP `port`, or None. `pid` is None when another user's process can't be seen."""
        ...

    def run(
        self, argv: Sequence[str], *, user: str = "", timeout_seconds: float = 120, low_ports: bool = False
    ) -> Finished:
        """Run a command to its end as `user` (empty: as we are), its output and errors together.

        With `low_ports` it may listen on the ports that the system keeps for root; then `user` must be given.
        """
        ...

    def spawn(
        self, argv: Sequence[str], *, user: str, log: Path, environment: Mapping[str, str], low_ports: bool = False
    ) -> int:
        """Start a process that outlives us, as `user` (empty: as we are); its pid. `low_ports` as in `run`."""
        ...

    def first_ordinary_port(self) -> int:
        """The lowest port on which everyone may listen: 1024, where nobody has set another."""
        ...

    def may_open_low_ports(self, pid: int) -> bool:
        """Whether a process may listen on the ports below that without being root, and hands this right on."""
        ...

    def memory_bytes(self, pids: Sequence[int], *, descendants: bool = True) -> int | None:
        """Proportional set size of the processes and all their descendants; None when it may not be read."""
        ...

    def descendants(self, pid: int) -> list[int]:
        """The pids of a process and of everything below it that is alive."""
        ...

    def uses(self, folder: Path) -> bool:
        """Whether any process was started from below `folder`, or with it in its environment's PYTHONPATH."""
        ...

    def left_in(self, home: Path) -> dict[int, str]:
        """Every process that a Supervisor of `home` has started: pid → component; that Supervisor's name is empty."""
        ...

    def end(self, pids: Sequence[int]) -> None:
        """Ask processes to end, then end by force those that do not. Raises SerenoError when one is still there."""
        ...


class Packages(Protocol):
    """The distribution's packages."""

    def unfinished(self, packages: Sequence[str]) -> bool:
        """Whether an installation of these packages, or any of ours, was ended half-way, or goes on right now."""
        ...

    def install(self, packages: Sequence[str], units: Sequence[str], log: Path, tell: Callable[[str], None]) -> None:
        """Install what is missing without letting it start services of its own; finish first what was interrupted.

        It is told whom it waits for. Raises SerenoError with the last lines of what the package manager said.
        """
        ...


class Supervisor(Protocol):
    """A running supervisord, by its socket."""

    def answers(self) -> bool:
        """Whether it is there."""
        ...

    def reread(self) -> None:
        """Read the configuration again; stop and forget programs that are gone or changed, add those that are new."""
        ...

    def info(self) -> dict[str, dict[str, Any]]:
        """Program → what Supervisor knows of it (`statename`, `start`, `stop`, `pid`, `spawnerr`; times in seconds)."""
        ...

    def start(self, name: str) -> None: ...

    def stop(self, name: str) -> None: ...

    def signal(self, name: str, signal: str) -> None:
        """Send a running program a signal, by its name without SIG."""
        ...

    def shutdown(self) -> None: ...


class Health(Protocol):
    """Asks a component whether it is healthy."""

    def http(self, url: str) -> str | None:
        """None when a GET answers 200, else what was wrong."""
        ...

    def read(self, url: str) -> tuple[int, str]:
        """Status and text that a GET answers; 0 and what was wrong where nothing answers."""
        ...


class ServiceManager(Protocol):
    """What starts this machine's services at boot."""

    def runs_here(self) -> bool:
        """Whether it is there and we may tell it what to do."""
        ...

    def install(self, name: str, text: str) -> None:
        """Have a unit started at each boot. Raises SerenoError when it refuses."""
        ...

    def start(self, name: str) -> None:
        """Begin to start a unit; one that runs is left alone."""
        ...

    def disable(self, name: str) -> None:
        """Start a unit at boot no longer; one that is not there is fine."""
        ...

    def remove(self, name: str) -> None:
        """Forget a unit."""
        ...


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Everything that the native platform needs of the machine."""

    processes: Processes
    packages: Packages
    supervisor: Supervisor
    health: Health
    services: ServiceManager
