"""The wheels that a guest without a network installs from, on the machine itself and inside image builds."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.equipment.docker.engine import Engine
from tests.equipment.docker.packages import EquipmentError, say

CONFIGURATION = Path(__file__).parent / "pip.conf"
_SHELF = "usr/local/share/wheels"
# Debian 12's Python; the machine that runs the test may have another one.
_GUEST_PYTHON = "3.11"
_PLATFORMS = ("manylinux_2_34_x86_64", "manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64")


def collect(lock: Path, shelf: Path, *, images: Engine, image: str) -> None:
    """Downloads into `shelf` what `lock` names, for the guest's Python and for the Python in `image`.

    Raises EquipmentError with pip's last words.
    """
    shelf.mkdir(parents=True, exist_ok=True)
    say("wheels for the guest and for the desk's image")
    download = ["download", "--quiet", "--no-deps", "--only-binary=:all:", "--dest"]
    platforms = [f"--platform={name}" for name in _PLATFORMS]
    here = [sys.executable, "-m", "pip", *download, str(shelf), f"--python-version={_GUEST_PYTHON}", *platforms]
    done = subprocess.run(
        [*here, "--requirement", str(lock)],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        env=_environment(),
    )
    if done.returncode != 0:
        raise EquipmentError(f"{' '.join(here)} failed:\n{done.stderr.strip()[-2000:]}")
    images.docker(
        *("run", "--rm", "--volume", f"{lock}:/requirements.lock:ro", "--volume", f"{shelf}:/wheels"),
        *(image, "pip", *download, "/wheels", "--requirement", "/requirements.lock"),
    )


def install(shelf: Path, tree: Path) -> None:
    """Puts the wheels into the root file system `tree` and tells its pip to look there and nowhere else."""
    shutil.copytree(shelf, tree / _SHELF)
    shutil.copy(CONFIGURATION, tree / "etc" / "pip.conf")


def dockerfile(image: str) -> str:
    """A recipe that lays the folder `wheels` and `pip.conf` beside it over `image`, to the same effect."""
    return f"FROM {image}\nCOPY wheels /{_SHELF}\nCOPY pip.conf /etc/pip.conf\n"


def _environment() -> dict[str, str]:
    return {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"}
