"""Makes a root file system from Debian packages and imports it as an image; no registry has a part in it."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from tests.equipment.docker.engine import Engine
from tests.equipment.docker.packages import EquipmentError, need, say
from tests.equipment.images.catalogue import LABEL, Base

# What this machine trusts beside the public authorities; images must trust it too, or pip in a build fails.
_AUTHORITIES = Path("/usr/local/share/ca-certificates")
# The testing suites' release files expire when the mirror stands still for a while; their signatures still count.
_PATIENT = 'Acquire::Check-Valid-Until "false"'
_SECONDS = 600


def make(engine: Engine, base: Base, recipe: str) -> str:
    """Imports `base` into the engine under its tag and returns the suite that it came from.

    `recipe` is the label by which a later run knows that nothing changed. Raises EquipmentError with the last
    complaint when none of the suites gives the packages.
    """
    need({"mmdebstrap": "mmdebstrap"})
    complaint = ""
    for suite in base.suites:
        say(f"{base.tag}: {len(base.packages)} packages and what they need, from Debian {suite}")
        with tempfile.TemporaryDirectory(prefix="base-") as scratch:
            tar = Path(scratch) / "root.tar"
            done = _bootstrap(base, suite, tar)
            if done.returncode == 0:
                labels = {f"{LABEL}.recipe": recipe, f"{LABEL}.suite": suite}
                changes = [word for key, value in labels.items() for word in ("--change", f"LABEL {key}={value}")]
                engine.docker("import", *changes, str(tar), base.tag)
                return suite
            complaint = done.stderr.strip()
        say(f"{base.tag}: Debian {suite} does not give it")
    raise EquipmentError(f"{base.tag} can't be made from Debian {', '.join(base.suites)}:\n{complaint[-2000:]}")


def _bootstrap(base: Base, suite: str, tar: Path) -> subprocess.CompletedProcess[str]:
    hooks = []
    if any(_AUTHORITIES.glob("*.crt")):
        hooks = [
            f"--customize-hook=sync-in {_AUTHORITIES} {_AUTHORITIES}",
            '--customize-hook=chroot "$1" update-ca-certificates >/dev/null',
        ]
    return subprocess.run(
        [
            "nice",
            "mmdebstrap",
            "--quiet",
            "--variant=minbase",
            f"--aptopt={_PATIENT}",
            f"--include={','.join(base.packages)}",
            *hooks,
            suite,
            str(tar),
        ],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=_SECONDS,
    )
