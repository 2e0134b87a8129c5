"""The VM of the checked-in Vagrantfile, made once for all tests of this folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.equipment.docker import cache
from tests.equipment.docker.engine import engine
from tests.equipment.docker.packages import say
from tests.equipment.images import build
from tests.equipment.images.catalogue import published
from tests.equipment.vm import box
from tests.equipment.vm.host import host
from tests.equipment.vm.machine import Machine, prepare

ROOT = Path(__file__).parents[2]
# The profile `small` alone needs it, and the VM is `standard`.
_NOT_IN_THE_VM = "mariadb:11.8"


@pytest.fixture(scope="session")
def machine() -> Iterator[Machine]:
    """The VM of a clean clone, not yet started, on a host that has the box."""
    if os.geteuid() != 0:
        pytest.skip("a VM's host needs root: run with sudo")
    folder = Path(tempfile.mkdtemp(prefix="vm-", dir=cache.folder()))
    try:
        clone = folder / "sereno"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        made = _box(folder / "box", clone)
        (folder / "host").mkdir()
        with host(folder / "host") as running:
            prepare(running, made)
            shutil.rmtree(folder / "box")
            vm = Machine(running, clone)
            yield vm
            for words, seconds in vm.seconds.items():
                say(f"{seconds:6.0f} s  vagrant {words}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _box(folder: Path, clone: Path) -> box.Box:
    tags = [image.tag for image in published() if image.tag != _NOT_IN_THE_VM]
    with cache.claim("engine") as data, engine(data=data) as images:
        build.ensure(images, tags)
        return box.make(folder, images=images, tags=tags, project=clone)
