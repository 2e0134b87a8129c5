"""The clients that the compose file must pass on: docker-compose 1.29.2 and Compose 2, both Debian's builds.

Debian 12 packages 1.29.2 and no Compose 2; Debian 13 packages Compose 2 and its build plugin as files that
run on Debian 12 as well. They are unpacked beside the engine, never installed over what the machine has.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.equipment.docker import cache
from tests.equipment.docker.engine import Engine
from tests.equipment.docker.packages import EquipmentError, need, say

_SUITE = "trixie"
_PLUGINS = ("docker-compose", "docker-buildx")
_UNPACKED_PATH = "usr/libexec/docker/cli-plugins"


def install_plugins(engine: Engine) -> None:
    """Makes `docker compose` (Compose 2) and `docker buildx` work in the engine's environment.

    Raises EquipmentError when the packages can't be had.
    """
    target = Path(engine.env["DOCKER_CONFIG"]) / "cli-plugins"
    target.mkdir(parents=True, exist_ok=True)
    source = _unpacked()
    for plugin in _PLUGINS:
        link = target / plugin
        link.unlink(missing_ok=True)
        link.symlink_to(source / plugin)


def compose_v1() -> list[str]:
    """The command of docker-compose 1.29, installed from the distribution if it is missing.

    Raises EquipmentError on a distribution that no longer has it.
    """
    need({"docker-compose": "docker-compose"})
    version = subprocess.run(
        ["docker-compose", "version", "--short"], capture_output=True, text=True, check=False
    ).stdout.strip()
    if not version.startswith("1.29"):
        raise EquipmentError(
            f"The docker-compose of this machine is {version or 'broken'}, not 1.29: Debian 12 is the last to have it."
        )
    return ["docker-compose"]


def compose_v2(engine: Engine) -> list[str]:
    """The command of Compose 2, made available in the engine's environment if it is not yet.

    Raises EquipmentError when its package can't be had.
    """
    install_plugins(engine)
    return ["docker", "compose"]


def _unpacked() -> Path:
    folder = cache.folder() / f"plugins-{_SUITE}"
    if all((folder / plugin).exists() for plugin in _PLUGINS):
        return folder
    need({"mmdebstrap": "mmdebstrap"})
    say(f"unpacking {' and '.join(_PLUGINS)} of Debian {_SUITE}")
    with tempfile.TemporaryDirectory(dir=cache.folder()) as scratch:
        tree = Path(scratch) / "tree"
        command = ["mmdebstrap", "--quiet", "--variant=extract", f"--include={','.join(_PLUGINS)}", _SUITE, str(tree)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise EquipmentError(f"{' '.join(command)} failed:\n{done.stderr.strip()}")
        folder.mkdir(exist_ok=True)
        for plugin in _PLUGINS:
            shutil.move(tree / _UNPACKED_PATH / plugin, folder / plugin)
    return folder
