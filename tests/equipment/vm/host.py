"""The machine that runs the VM: libvirt and Vagrant in network, mount and process namespaces of their own.

Nothing of it is seen outside: libvirt's folders are bound over the machine's, the VM's bridge and the forwarded
ports exist in the network namespace alone, and when the first process of the process namespace ends, the
kernel ends all others with it: libvirt, the emulator, the tunnels of the forwarded ports.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.equipment.docker import network
from tests.equipment.docker.packages import EquipmentError, need, say

_PROGRAMS = {
    "/usr/share/vagrant-plugins/plugins.d/vagrant-libvirt.json": "vagrant-libvirt",
    "dnsmasq": "dnsmasq-base",
    "ip": "iproute2",
    "libvirtd": "libvirt-daemon-system",
    "nsenter": "util-linux",
    "qemu-img": "qemu-utils",
    "qemu-system-x86_64": "qemu-system-x86",
    "rsync": "rsync",
    "ssh": "openssh-client",
    "vagrant": "vagrant",
    "virsh": "libvirt-clients",
    "virtlogd": "libvirt-daemon-system",
}
_START_SECONDS = 30.0

_UNSHARE = ("unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")
# Runs as the first process of the new namespaces. It must be a shell: it also collects the processes whose parents
# have gone, and libvirt waits twenty seconds for each emulator it has ended and that nobody collects. It lives
# until its input ends, which happens at the latest when the process that started it dies.
_STORY = """
set -eu
mount --make-rprivate /
if [ -e /dev/kvm ]; then
    # A KVM that is there and does not work costs libvirt two minutes of probes; emulation needs none.
    mount --bind /dev/null /dev/kvm
fi
mount --bind "$1/etc" /etc/libvirt
mount --bind "$1/lib" /var/lib/libvirt
mount --bind "$1/cache" /var/cache/libvirt
mount --bind "$1/log" /var/log/libvirt
mount --bind "$1/run" /run
ip link set lo up
virtlogd --daemon </dev/null
libvirtd --daemon </dev/null
echo ready
read -r _ || true
"""


@dataclass
class Host:
    """A running host; `run` executes commands on it."""

    root: Path
    _holder: subprocess.Popen[str]
    _first: int

    @property
    def images(self) -> Path:
        """The folder of libvirt's storage pool, as seen from outside."""
        return self.root / "lib" / "images"

    @property
    def vagrant_home(self) -> Path:
        """Vagrant's own folder: boxes, keys and a Vagrantfile that is read before any project's."""
        return self.root / "vagrant"

    def run(
        self,
        command: Sequence[str],
        *,
        cwd: Path = Path("/"),
        timeout: float = 120,
        log: Path | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Runs a command on the host and returns its exit code and output, both streams in one.

        With `log` the output also grows there while the command runs. Raises subprocess.TimeoutExpired after
        `timeout` seconds.
        """
        file = log or self.root / "last.log"
        with file.open("w+") as stream:
            done = subprocess.run(
                [*self._entrance(cwd), *command],
                env=_environment(self.vagrant_home),
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
                timeout=timeout,
            )
        # Percentages of the upload come by the thousand, each over the one before.
        lines = file.read_text(errors="replace").replace("\r", "\n").splitlines()
        done.stdout = "\n".join(line for line in lines if "Progress: " not in line)
        return done

    @contextlib.contextmanager
    def network(self) -> Iterator[None]:
        """Moves the calling thread to where the forwarded ports are."""
        with network.entered(self._first):
            yield

    def stop(self) -> None:
        """Ends the host with everything that runs on it."""
        if self._holder.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._first, signal.SIGKILL)
            self._holder.wait(timeout=20)
        for stream in (self._holder.stdin, self._holder.stdout):
            if stream is not None:
                stream.close()

    def _entrance(self, cwd: Path) -> list[str]:
        # nsenter's own change of folder happens before the mounts are entered; env's happens after.
        enter = ["nsenter", f"--target={self._first}", "--net", "--mount", "--pid"]
        return [*enter, "env", f"--chdir={cwd}", "nice"]


@contextlib.contextmanager
def host(root: Path | None = None) -> Iterator[Host]:
    """Gives a running host for the length of a `with` block; without `root` its folder is made and removed."""
    folder = root or Path(tempfile.mkdtemp(prefix="vm-host-"))
    try:
        running = start(folder)
        try:
            yield running
        finally:
            running.stop()
    finally:
        if root is None:
            shutil.rmtree(folder, ignore_errors=True)


def start(root: Path) -> Host:
    """Starts a host whose files lie below `root` and returns once libvirt answers.

    Raises EquipmentError when not root, when packages are missing and can't be installed, or when libvirt
    does not answer within half a minute.
    """
    if os.geteuid() != 0:
        raise EquipmentError("A VM's host needs root for its namespaces: run these tests with sudo.")
    need(_PROGRAMS)
    _lay_out(root)
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    holder = subprocess.Popen(
        [*_UNSHARE, "bash", "-c", _STORY, "host", str(root)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=(root / "host.log").open("w"),
        env={**os.environ, "PATH": path},
        text=True,
        start_new_session=True,
    )
    try:
        first = _first_process(holder)
        running = Host(root, holder, first)
        _await_libvirt(running)
    except BaseException:
        holder.kill()
        holder.wait(timeout=20)
        raise
    say(f"libvirt answers in namespaces of its own (first process {first})")
    return running


def _lay_out(root: Path) -> None:
    for name in ("cache", "log", "run", "vagrant", "lib/images", "lib/qemu", "lib/dnsmasq"):
        (root / name).mkdir(parents=True, exist_ok=True)
    shutil.copytree("/etc/libvirt", root / "etc", dirs_exist_ok=True, symlinks=True)


def _environment(vagrant_home: Path) -> Mapping[str, str]:
    foreign = ("VAGRANT_", "LIBVIRT_", "SERENO_", "DOCKER_", "COMPOSE_")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(foreign)}
    return {
        **kept,
        "LC_ALL": "C.UTF-8",
        "VAGRANT_HOME": str(vagrant_home),
        "VAGRANT_DEFAULT_PROVIDER": "libvirt",
        "VAGRANT_CHECKPOINT_DISABLE": "1",
        "VAGRANT_NO_COLOR": "1",
    }


def _first_process(holder: subprocess.Popen[str]) -> int:
    """The number, as seen from outside, of the namespaces' first process, once libvirt has been started."""
    assert holder.stdout is not None
    if holder.stdout.readline().strip() != "ready":
        raise EquipmentError(f"The VM's host did not start:\n{_last_words(holder)}")
    children = Path(f"/proc/{holder.pid}/task/{holder.pid}/children").read_text().split()
    return int(children[0])


def _last_words(holder: subprocess.Popen[str]) -> str:
    holder.wait(timeout=20)
    command = holder.args
    assert isinstance(command, list)
    return (Path(str(command[-1])) / "host.log").read_text(errors="replace")[-2000:]


def _await_libvirt(running: Host) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        asked = running.run(["virsh", "--connect=qemu:///system", "version"], timeout=_START_SECONDS)
        if asked.returncode == 0:
            return
        time.sleep(0.2)
    raise EquipmentError(f"libvirt does not answer within {_START_SECONDS:.0f} s:\n{asked.stdout}")
