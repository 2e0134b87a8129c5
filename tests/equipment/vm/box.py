"""Makes the box: what the VM starts from, in place of the public box of the same name.

A guest on a test machine reaches no network, so the box carries what a provisioning would otherwise download: Debian's
packages are installed already, pip finds its wheels in a folder, and the Docker Engine has the images under
their pinned names. All of it is the guest's own state; neither Vagrantfile nor provisioning knows of it.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.equipment.docker.engine import Engine
from tests.equipment.docker.packages import EquipmentError, need, say
from tests.equipment.vm import stock, wheels

HERE = Path(__file__).parent
NAME = "debian/bookworm64"

_SUITE = "bookworm"
_DISK = "8G"
# Vagrant's package brings the key that the box lets in.
_PROGRAMS = {"mmdebstrap": "mmdebstrap", "mke2fs": "e2fsprogs", "qemu-img": "qemu-utils", "vagrant": "vagrant"}
# What the public box has and a bare root file system has not.
_SYSTEM = (
    "ca-certificates",
    "curl",
    "dbus",
    "ifupdown",
    "iproute2",
    "isc-dhcp-client",
    "libpam-systemd",
    "linux-image-cloud-amd64",
    "openssh-server",
    "procps",
    "rsync",
    "sudo",
    "systemd-sysv",
    "udev",
)
# What the provisioning installs; a test holds this list against it.
PROVISIONED = (
    "apparmor",
    "ca-certificates",
    "docker.io",
    "docker-compose",
    "openssl",
    "python3",
    "python3-venv",
)


@dataclass(frozen=True)
class Box:
    """A box for Vagrant and, since its disk has no boot loader, the kernel to start it with."""

    file: Path
    kernel: Path
    initrd: Path


def make(folder: Path, *, images: Engine, tags: Sequence[str], project: Path) -> Box:
    """Makes a box in `folder` for the clone `project` and returns it; takes a few minutes and some gigabytes.

    `images` is an engine that has the images `tags`, the Python image among them. Raises EquipmentError when a step
    fails, with its last words.
    """
    need(_PROGRAMS)
    folder.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="box-", dir=folder) as scratch:
        tree = Path(scratch) / "tree"
        shelf = Path(scratch) / "wheels"
        _bootstrap(tree)
        wheels.collect(project / "requirements.lock", shelf, images=images, image=stock.PYTHON_IMAGE)
        wheels.install(shelf, tree)
        stock.fill(tree, Path(scratch), shelf=shelf, images=images, tags=tags, project=project)
        kernel = shutil.copy(next(iter(sorted(tree.glob("boot/vmlinuz-*")))), folder / "vmlinuz")
        initrd = shutil.copy(next(iter(sorted(tree.glob("boot/initrd.img-*")))), folder / "initrd.img")
        file = _pack(tree, Path(scratch), folder / "debian.box")
    say(f"box of {file.stat().st_size / 1e6:.0f} MB made in {time.monotonic() - started:.0f} s")
    return Box(file, kernel, initrd)


def _bootstrap(tree: Path) -> None:
    say(f"root file system of Debian {_SUITE}, {len(_SYSTEM) + len(PROVISIONED)} packages and what they need")
    packages = ",".join(sorted({*_SYSTEM, *PROVISIONED}))
    customize = f'--customize-hook={HERE / "guest.sh"} "$1" {_insecure_key()}'
    _run(["mmdebstrap", "--quiet", "--variant=minbase", f"--include={packages}", customize, _SUITE, str(tree)])


def _insecure_key() -> Path:
    """The public key that every box lets in; Vagrant replaces it at the first start."""
    listing = _run(["dpkg-query", "--listfiles", "vagrant"]).split()
    return next(Path(path) for path in listing if path.endswith("/keys/vagrant.pub"))


def _pack(tree: Path, scratch: Path, file: Path) -> Path:
    raw = scratch / "disk.img"
    parts = scratch / "box"
    parts.mkdir()
    _run(["mke2fs", "-q", "-t", "ext4", "-d", str(tree), str(raw), _DISK])
    shutil.rmtree(tree)
    # Packed, since Vagrant copies the whole file twice, at some 40 MB/s.
    packed = ["-c", "-W", "-O", "qcow2", "-o", "compression_type=zstd"]
    _run(["qemu-img", "convert", *packed, str(raw), str(parts / "box.img")])
    raw.unlink()
    description = {"provider": "libvirt", "format": "qcow2", "virtual_size": int(_DISK.rstrip("G"))}
    (parts / "metadata.json").write_text(json.dumps(description))
    (parts / "Vagrantfile").write_text('Vagrant.configure("2") { |config| }\n')
    _run(["tar", "--create", "--file", str(file), "--directory", str(parts), *sorted(p.name for p in parts.iterdir())])
    return file


def _run(command: Sequence[str]) -> str:
    done = subprocess.run(
        ["nice", *command], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=600
    )
    if done.returncode != 0:
        raise EquipmentError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr.strip()[-2000:]}")
    return done.stdout
