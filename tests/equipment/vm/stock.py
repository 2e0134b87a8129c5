"""Stocks the Docker Engine of a guest that has no network, while the guest is still a folder."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.equipment.docker.engine import Engine
from tests.equipment.docker.engine import engine as private_engine
from tests.equipment.docker.packages import EquipmentError, say
from tests.equipment.vm import wheels

PYTHON_IMAGE = "python:3.13-slim-trixie"

_GUEST_USER = 1000
# The guest's own Compose, in the guest's own tree: the engine takes a step of an earlier build only for a context whose
# files have the same owners, by number and by name. `$1` is the tree, `$2` the engine's socket.
_BUILD = """
set -eu
touch "$1/run/docker.sock"
mount --bind "$2" "$1/run/docker.sock"
exec chroot "$1" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 DOCKER_HOST=unix:///run/docker.sock \
    docker-compose --file /vagrant/docker/docker-compose.yml build prepare
"""


def fill(tree: Path, scratch: Path, *, shelf: Path, images: Engine, tags: Sequence[str], project: Path) -> None:
    """Gives the engine of the root file system `tree` the images `tags` and the steps of the desk's image.

    The Python image learns to find the wheels of `shelf`. The desk's image is built once with the guest's own
    Compose, so that the guest's build finds each step done whose input has not changed: emulated, it would take four
    minutes. Raises EquipmentError with a command's last words.
    """
    archive = scratch / "images.tar"
    say(f"{len(tags)} images into the box")
    images.docker("save", "--output", str(archive), *tags)
    with private_engine(data=tree / "var/lib/docker") as inside:
        inside.docker("load", "--input", str(archive))
        archive.unlink()
        _teach_python(inside, scratch / "python", shelf)
        _build_desk(inside, tree, project)


def _teach_python(inside: Engine, context: Path, shelf: Path) -> None:
    context.mkdir()
    shutil.copytree(shelf, context / "wheels")
    shutil.copy(wheels.CONFIGURATION, context)
    (context / "Dockerfile").write_text(wheels.dockerfile(PYTHON_IMAGE))
    inside.docker("build", "--tag", PYTHON_IMAGE, str(context))


def _build_desk(inside: Engine, tree: Path, project: Path) -> None:
    say("the desk's image, as the guest will build it")
    there = tree / "vagrant"
    shutil.copytree(project, there, ignore=shutil.ignore_patterns(".git"), symlinks=True)
    for path in (there, *there.rglob("*")):
        os.chown(path, _GUEST_USER, _GUEST_USER, follow_symlinks=False)
    command = ["unshare", "--mount", "sh", "-c", _BUILD, "sh", str(tree), str(inside.socket)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=600)
    if done.returncode != 0:
        raise EquipmentError(f"The desk's image can't be built:\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
    # Its steps stay; that the guest builds the image, and under which name, is for the guest to show.
    inside.docker("rmi", "--no-prune", done.stdout.split("Successfully tagged ")[-1].strip().splitlines()[0])
    shutil.rmtree(there)
    (tree / "run/docker.sock").unlink()
