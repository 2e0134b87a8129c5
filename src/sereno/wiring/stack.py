"""The platforms, introduced to this machine. Apart from the desk's wiring, so that the desk loads none of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sereno.outside.certificate import ensure_certificate
from sereno.outside.health import Health
from sereno.outside.packages import Packages
from sereno.outside.processes import Processes
from sereno.outside.supervisor import Supervisor
from sereno.serve.native.home import Home, State
from sereno.serve.platforms.native import NativePlatform, native_ports
from sereno.serve.ports import Neighbours
from sereno.settings import Settings
from sereno.wiring.watched import configuration_of


def native_platform(
    *, root: Path, home: Home, settings: Settings, state: State, user: str, ports: Mapping[str, int]
) -> NativePlatform:
    """The native platform with this machine's processes, packages and Supervisor."""
    return NativePlatform(
        home=home,
        root=root,
        settings=settings,
        state=state,
        user=user,
        wanted_ports=native_ports(settings, ports),
        neighbours=Neighbours(
            processes=Processes(),
            packages=Packages(),
            supervisor=Supervisor(home / "run/supervisor.sock"),
            health=Health(),
        ),
        configuration_of=configuration_of,
        certificate=lambda folder: ensure_certificate(folder, root, settings),
    )


@dataclass(frozen=True, slots=True)
class EngineState:
    """Whether a Docker Engine can be used; `problem` says in words why not."""

    answers: bool
    denied: bool = False
    problem: str = ""


def engine_state() -> EngineState:
    return EngineState(False, problem="not looked for")


def compose_platform(*, root: Path, home: Home, settings: Settings, state: State) -> NativePlatform:
    raise NotImplementedError
