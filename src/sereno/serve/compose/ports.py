"""What serving by Compose needs of the machine, as Protocols; `sereno.outside.docker` matches them by shape."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from ipaddress import IPv4Network
from typing import Protocol

from sereno.serve.ports import Finished


class Container(Protocol):
    """One container of our project, as the engine describes it."""

    @property
    def id(self) -> str: ...

    @property
    def service(self) -> str: ...

    @property
    def state(self) -> str:
        """The engine's word: created, running, restarting, exited, paused, dead."""
        ...

    @property
    def health(self) -> str:
        """healthy, unhealthy, starting; empty when its image has nothing to be asked with."""
        ...

    @property
    def since(self) -> datetime | None: ...

    @property
    def ended(self) -> datetime | None:
        """When it last ended; None when it never has."""
        ...

    @property
    def exit_code(self) -> int: ...

    @property
    def out_of_memory(self) -> bool: ...

    @property
    def restarts(self) -> int: ...

    @property
    def memory_limit(self) -> int | None:
        """In bytes; None when it has none."""
        ...

    @property
    def image(self) -> str: ...

    @property
    def folder(self) -> str:
        """The folder of the Compose file that it was made from."""
        ...

    @property
    def check(self) -> tuple[str, ...]:
        """The command of its health check, empty when it has none."""
        ...


class Running(Protocol):
    """A Compose command under way."""

    def finished(self) -> Finished | None:
        """Its end, or None while it runs."""
        ...

    def stop(self) -> None:
        """End it early; what it has started stays."""
        ...


class Engine(Protocol):
    """A Docker Engine and a Compose client, for one project in one folder."""

    def containers(self) -> Sequence[Container]:
        """Every container of the project, running or not. Raises SerenoError when the engine does not answer."""
        ...

    def compose(self, arguments: Sequence[str], *, timeout_seconds: float = 600) -> Finished:
        """Run a Compose command to its end."""
        ...

    def begin(self, arguments: Sequence[str]) -> Running:
        """Start a Compose command and come back at once."""
        ...

    def ask(self, container: str, argv: Sequence[str]) -> Finished:
        """Run a short command in a container."""
        ...

    def attach(self, container: str, argv: Sequence[str], environment: Sequence[str]) -> int:
        """Run a command in a container with this terminal; its exit code."""
        ...

    def has_image(self, tag: str) -> bool: ...

    def image_id(self, tag: str) -> str | None:
        """What the tag stands for now, None when it is not there."""
        ...

    def tag(self, image: str, tag: str) -> None:
        """Have `tag` stand for another image, by its id. Raises SerenoError when that is gone."""
        ...

    def pull(self, tag: str) -> Finished: ...

    def tail(self, container: str, lines: int) -> str:
        """The last lines of a container's log."""
        ...

    def logs(self, service: str | None, *, follow: bool, lines: int) -> Iterator[str]:
        """Lines of one service's log, or of all with the service's name before each."""
        ...

    def memory(self) -> dict[str, int]:
        """Service → bytes in use: proportional set size where this user may read it, else what the engine counts."""
        ...

    def networks_taken(self) -> list[IPv4Network]:
        """Every network that this machine already has a route to or the engine has made."""
        ...
