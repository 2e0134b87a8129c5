"""A vendor's own signed package repository, trusted for exactly one key, whose fingerprint stands in the code.

Grafana is not in Debian. Its vendor's key file also carries expired and revoked predecessors; only the pinned key is
kept, in a keyring that apt uses for this repository alone. What is not signed by it is not installed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import urllib3

from sereno.core.errors import SerenoError
from sereno.outside.apt import Tell, no_service_starts
from sereno.outside.packages import Packages, apt_get, finish_unfinished, mask


@dataclass(frozen=True, slots=True)
class VendorRepository:
    """Where a vendor's packages are, and the key that must have signed them."""

    name: str
    url: str
    suite: str
    key_url: str
    fingerprint: str
    package: str
    version: str
    """A version as `apt-get install PACKAGE=VERSION` takes it; `*` stands for the rest."""
    unit: str
    """The systemd unit that the package would start."""


GRAFANA = VendorRepository(
    name="grafana",
    url="https://apt.grafana.com",
    suite="stable",
    key_url="https://apt.grafana.com/gpg.key",
    # As published by the vendor after its key change of August 2023.
    fingerprint="B53AE77BADB630A683046005963FA27710458545",
    package="grafana",
    version="12.4.*",
    unit="grafana-server.service",
)


def install_from(repository: VendorRepository, log: Path, tell: Tell, *, root: Path = Path("/")) -> None:
    """Trust the repository, install its package without letting it start, or leave nothing behind.

    `root` is another file system than this machine's (for tests). Raises SerenoError without root, when the key is
    not the pinned one, when a signature or checksum is wrong, and without network.
    """
    if os.geteuid() != 0:
        raise SerenoError(f"installing {repository.package} needs root", next_step="sudo ./sereno up --yes")
    if shutil.which("gpg") is None:
        Packages().install(["gnupg"], [], log, tell)
    keyring = root / f"usr/share/keyrings/sereno-{repository.name}.gpg"
    source = root / f"etc/apt/sources.list.d/sereno-{repository.name}.list"
    key = _pinned_key(repository, _download(repository))
    for file in (keyring, source):
        file.parent.mkdir(parents=True, exist_ok=True)
    keyring.write_bytes(key)
    source.write_text(f"deb [signed-by={keyring}] {repository.url} {repository.suite} main\n", encoding="utf-8")
    try:
        # Its signature and nobody else's: a warning from any other source of this machine is not our matter.
        alone = ["-o", f"Dir::Etc::SourceList={source}", "-o", "Dir::Etc::SourceParts=-"]
        _apt(repository, ["-o", "APT::Update::Error-Mode=any", *alone, "update"], log, tell, root)
        mask(repository.unit, root)
        with no_service_starts(tell, root):
            finish_unfinished(log, tell, root)
            _apt(repository, ["install", f"{repository.package}={repository.version}"], log, tell, root)
    except SerenoError:
        # A repository that can't be trusted would also break every later update of this machine.
        source.unlink(missing_ok=True)
        keyring.unlink(missing_ok=True)
        raise


def _download(repository: VendorRepository) -> bytes:
    try:
        answer = urllib3.request("GET", repository.key_url, timeout=20, retries=urllib3.Retry(2, redirect=2))
    except urllib3.exceptions.HTTPError as error:
        raise SerenoError(
            f"the key of {repository.name}'s package repository cannot be fetched: {error.__class__.__name__}",
            next_step=f"check that {repository.key_url} can be reached from here; everything else runs without it",
        ) from error
    if answer.status != 200:
        raise SerenoError(f"{repository.key_url} answers {answer.status}", next_step="try again later")
    return answer.data


def _pinned_key(repository: VendorRepository, bundle: bytes) -> bytes:
    """The one key of the bundle that has the pinned fingerprint. Raises SerenoError when it is not there."""
    with tempfile.TemporaryDirectory() as home:
        gpg = ["gpg", "--batch", "--quiet", "--homedir", home]
        subprocess.run([*gpg, "--import"], input=bundle, capture_output=True, check=False)
        exported = subprocess.run([*gpg, "--export", repository.fingerprint], capture_output=True, check=False)
    if not exported.stdout:
        raise SerenoError(
            f"the key at {repository.key_url} is not the pinned one ({repository.fingerprint}); nothing was installed",
            next_step="look whether the vendor has announced a new key; an update of Sereno brings it",
        )
    return exported.stdout


def _apt(repository: VendorRepository, arguments: list[str], log: Path, tell: Tell, root: Path) -> None:
    apt_get(
        [*_within(root), *arguments],
        log,
        tell,
        failure=f"{repository.package} was not installed: apt-get failed",
        next_step="a wrong signature or checksum is never overridden; without network, try again later",
    )


def _within(root: Path) -> list[str]:
    if root == Path("/"):
        return []
    options = {
        "Dir": f"{root}/",
        "Dir::State::Status": f"{root}/var/lib/dpkg/status",
        "DPkg::Options::": f"--root={root}",
        # A test's file system has no users of apt's own.
        "APT::Sandbox::User": "root",
    }
    return [part for key, value in options.items() for part in ("-o", f"{key}={value}")]
