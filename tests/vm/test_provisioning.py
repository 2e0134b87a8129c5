"""What the VM's test takes for granted about the checked-in files, told within a second."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from tests.equipment.vm import box

ROOT = Path(__file__).parents[2]
VAGRANTFILE = (ROOT / "Vagrantfile").read_text()
PROVISIONING = ROOT / "provision" / "vm.sh"


def test_the_test_box_takes_the_place_of_the_box_that_the_vagrantfile_names() -> None:
    assert f'config.vm.box = "{box.NAME}"' in VAGRANTFILE


def test_the_test_box_has_what_the_provisioning_would_download() -> None:
    wanted = re.search(r"^wanted=\((.*)\)$", PROVISIONING.read_text(), re.MULTILINE)
    assert wanted is not None
    assert sorted(wanted[1].split()) == sorted(box.PROVISIONED)


def test_the_provisioning_is_a_script_that_bash_can_read() -> None:
    assert subprocess.run(["bash", "-n", str(PROVISIONING)], check=False).returncode == 0
    assert PROVISIONING.stat().st_mode & 0o111


def test_every_forwarded_port_opens_on_the_hosts_loopback_alone() -> None:
    forwarded = re.findall(r"forwarded_port.*", VAGRANTFILE)
    assert forwarded
    assert all('host_ip: "127.0.0.1"' in line for line in forwarded)


def test_copies_leave_alone_what_git_ignores_in_the_compose_folder() -> None:
    """Rsync deletes in the VM what the host does not have, unless the Vagrantfile excludes it."""
    ignored = [
        line.strip("/") for line in (ROOT / ".gitignore").read_text().splitlines() if line.startswith("/docker/")
    ]
    assert ignored
    assert [name for name in ignored if f'"{name}"' not in VAGRANTFILE] == []
