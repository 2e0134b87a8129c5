"""The platforms, introduced to this machine. Apart from the desk's wiring, so that the desk loads none of it."""

from __future__ import annotations

import getpass
import os
import platform
from collections.abc import Mapping
from pathlib import Path

from sereno.outside.by_sudo import PackagesBySudo
from sereno.outside.docker import Docker, engine_state
from sereno.outside.health import Health
from sereno.outside.packages import Packages
from sereno.outside.processes import Processes
from sereno.outside.supervisor import Supervisor
from sereno.outside.systemd import Systemd
from sereno.outside.tls_folder import ensure_pair, ensure_served
from sereno.serve.compose import environment
from sereno.serve.native.boot_unit import overriding
from sereno.serve.native.home import Home, State
from sereno.serve.platforms.compose import PROJECT, ComposePlatform, Machine
from sereno.serve.platforms.native import NativePlatform, native_ports
from sereno.serve.ports import Neighbours
from sereno.settings import Settings, overridden
from sereno.wiring.configuration import mounted_files
from sereno.wiring.watched import configuration_beside

__all__ = ["compose_platform", "engine_state", "native_platform", "project_engine"]


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
            packages=Packages() if os.geteuid() == 0 else PackagesBySudo(),
            supervisor=Supervisor(home / "run/supervisor.sock"),
            health=Health(),
            services=Systemd(),
        ),
        configuration_of=configuration_beside(home / "etc/blackbox-exporter/blackbox.yml"),
        certificate=lambda folder: ensure_served(folder, root, settings),
        overriding=overriding(os.environ),
    )


def project_engine(root: Path) -> Docker:
    """This machine's engine, for the project in `root`/docker."""
    return Docker(root / "docker", _environment(root).get("COMPOSE_PROJECT_NAME", PROJECT))


def _environment(root: Path) -> dict[str, str]:
    file = root / "docker/.env"
    return dict(environment.read(file.read_text(encoding="utf-8"))) if file.exists() else {}


def compose_platform(*, root: Path, home: Home, settings: Settings, state: State) -> ComposePlatform:
    """The platform Docker Compose with this machine's engine, for the project in `root`/docker."""
    here = _environment(root)
    return ComposePlatform(
        root=root,
        home=home,
        settings=settings,
        state=state,
        engine=project_engine(root),
        processes=Processes(),
        machine=Machine(
            hostname=platform.node(),
            lab_machine="1" in (os.environ.get("SERENO_LAB_VM"), here.get("SERENO_LAB_VM")),
            overrides=tuple(overridden(os.environ)),
            caller=os.environ.get("SUDO_USER") or getpass.getuser(),
        ),
        files=lambda: mounted_files(settings, root),
        certificate=lambda target: ensure_pair(target, root, settings),
    )
