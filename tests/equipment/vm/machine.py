"""A project's virtual machine, driven by the commands that a user would type on the VM's host."""

from __future__ import annotations

import shutil
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.equipment.docker.packages import EquipmentError, say
from tests.equipment.vm.box import NAME, Box
from tests.equipment.vm.host import Host

_EMULATION = Path(__file__).parent / "emulation.rb"


@dataclass
class Machine:
    """The VM of the Vagrantfile in `project`, on `host`."""

    host: Host
    project: Path
    seconds: dict[str, float] = field(default_factory=dict)
    """How long each Vagrant command took, by its words."""

    def vagrant(self, *words: str, timeout: float = 900) -> subprocess.CompletedProcess[str]:
        """Runs one Vagrant command and returns its exit code and output, which is also kept in a log file.

        Raises EquipmentError when it takes longer than `timeout` seconds.
        """
        name = " ".join(words)
        log = self.host.root / f"vagrant-{words[0]}.log"
        started = time.monotonic()
        try:
            done = self.host.run(["vagrant", *words], cwd=self.project, timeout=timeout, log=log)
        except subprocess.TimeoutExpired as error:
            said = log.read_text(errors="replace")[-3000:]
            raise EquipmentError(f"vagrant {name} did not end within {timeout:.0f} s:\n{said}") from error
        self.seconds[name] = time.monotonic() - started
        say(f"vagrant {name}: exit code {done.returncode} after {self.seconds[name]:.0f} s")
        return done

    def ssh(self, command: str, *, timeout: float = 300) -> subprocess.CompletedProcess[str]:
        """Runs one line in the guest's shell as a user who came by `vagrant ssh`."""
        return self.host.run(["vagrant", "ssh", "--command", command], cwd=self.project, timeout=timeout)


def prepare(host: Host, box: Box) -> None:
    """Tells the host how to emulate, and adds the box under the public box's name."""
    host.images.mkdir(parents=True, exist_ok=True)
    shutil.copy(box.kernel, host.images / "vmlinuz")
    shutil.copy(box.initrd, host.images / "initrd.img")
    shutil.copy(_EMULATION, host.vagrant_home / "Vagrantfile")
    # Vagrant leaves with an error here when it meets no Vagrantfile, after the box has been added all the same.
    host.run(["vagrant", "box", "add", "--name", NAME, str(box.file)], timeout=300)
    listed = host.run(["vagrant", "box", "list"])
    if NAME not in listed.stdout:
        raise EquipmentError(f"Vagrant did not take the box:\n{listed.stdout}")
