"""Homes that begin with what the launcher would make in them first, which takes it a quarter of a minute each time.

Tests of the launcher itself begin with an empty home.
"""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from sereno.core.files import replace_file

ROOT = Path(__file__).parents[2]


def prepare(home: Path) -> None:
    """Put the virtual environment of this working tree's lock file into `home`, as the launcher makes it there."""
    folder = home / "environments"
    folder.mkdir(parents=True)
    home.chmod(0o755)
    for made in _made_once().iterdir():
        # Links, since the files are read and nothing writes into them; but scripts name the folder that they lie in.
        subprocess.run(["cp", "--archive", "--link", str(made), str(folder)], check=True)
        for script in (folder / made.name / "bin").iterdir():
            if not script.is_symlink():
                text = script.read_bytes().replace(os.fsencode(made), os.fsencode(folder / made.name))
                replace_file(script, text, script.stat().st_mode & 0o777)


@functools.cache
def _made_once() -> Path:
    """The folder of environments in a home that lasts as long as this process."""
    folder = Path(tempfile.mkdtemp(prefix="sereno-test-environment-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    folder.chmod(0o755)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SERENO_", "PYTHON"))}
    done = subprocess.run(
        [str(ROOT / "sereno"), "--version"],
        env=kept | {"SERENO_HOME": str(folder / "home")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "home/environments"
