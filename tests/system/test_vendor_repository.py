"""Installing from a vendor's signed repository: a real one, made and signed here, into a file system of its own."""

from __future__ import annotations

import functools
import http.server
import os
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sereno.core.errors import SerenoError
from sereno.outside.vendor_repository import VendorRepository, install_from

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="apt and dpkg install as root only")


class Vendor:
    """A key, and a repository that it signs, served on loopback."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.keys = folder / "keys"
        self.site = folder / "site"
        folder.mkdir()
        self.keys.mkdir(mode=0o700)
        self.site.mkdir()
        self.fingerprint = self._new_key("vendor@example.test")
        self._build_package("12.4.7")
        self.publish(self.fingerprint)
        handler = functools.partial(_Quiet, directory=str(self.site))
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def repository(self) -> VendorRepository:
        url = f"http://127.0.0.1:{self.server.server_port}"
        return VendorRepository(
            name="vendor",
            url=url,
            suite="stable",
            key_url=f"{url}/gpg.key",
            fingerprint=self.fingerprint,
            package="grafana",
            version="12.4.*",
            unit="grafana-server.service",
        )

    def another_key(self) -> str:
        return self._new_key("stranger@example.test")

    def publish(self, signer: str) -> None:
        """Write the indexes and sign them with `signer`."""
        index = self.site / "dists/stable/main/binary-amd64"
        index.mkdir(parents=True, exist_ok=True)
        packages = self._run("apt-ftparchive", "packages", "pool", cwd=self.site)
        (index / "Packages").write_text(packages)
        release = self._run(
            *("apt-ftparchive", "-o", "APT::FTPArchive::Release::Suite=stable"),
            *("-o", "APT::FTPArchive::Release::Components=main", "-o", "APT::FTPArchive::Release::Architectures=amd64"),
            *("release", "dists/stable"),
            cwd=self.site,
        )
        (self.site / "dists/stable/Release").write_text(release)
        self._gpg(
            "--yes", "--local-user", signer, "--clearsign", "-o", "dists/stable/InRelease", "dists/stable/Release"
        )
        self._gpg("--yes", "--armor", "-o", "gpg.key", "--export")

    def tamper(self) -> None:
        """Change the package after it was signed for."""
        (package,) = (self.site / "pool").glob("*.deb")
        package.write_bytes(package.read_bytes() + b"more")

    def _build_package(self, version: str) -> None:
        tree = self.folder / "tree"
        (tree / "DEBIAN").mkdir(parents=True)
        (tree / "DEBIAN/control").write_text(
            f"Package: grafana\nVersion: {version}\nArchitecture: amd64\nMaintainer: a test <vendor@example.test>\n"
            "Description: stands where Grafana would\n"
        )
        (tree / "usr/share/grafana/bin").mkdir(parents=True)
        (tree / "usr/share/grafana/bin/grafana").write_text("#!/bin/sh\n")
        (self.site / "pool").mkdir()
        self._run("dpkg-deb", "--root-owner-group", "--build", str(tree), str(self.site / "pool"), cwd=self.folder)

    def _new_key(self, address: str) -> str:
        self._gpg("--passphrase", "", "--quick-generate-key", address, "rsa2048", "sign", "1d")
        listed = self._gpg("--with-colons", "--list-keys", address)
        return next(line.split(":")[9] for line in listed.splitlines() if line.startswith("fpr"))

    def _gpg(self, *arguments: str) -> str:
        return self._run("gpg", "--batch", "--homedir", str(self.keys), *arguments, cwd=self.site)

    @staticmethod
    def _run(*argv: str, cwd: Path) -> str:
        done = subprocess.run(argv, cwd=cwd, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        subprocess.run(["gpgconf", "--homedir", str(self.keys), "--kill", "all"], check=False)


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments: object) -> None:
        """A test has no use for a server's log."""


@pytest.fixture
def vendor(tmp_path: Path) -> Iterator[Vendor]:
    made = Vendor(tmp_path / "vendor")
    yield made
    made.close()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An empty file system with dpkg's and apt's own folders and nothing else."""
    top = tmp_path / "root"
    for folder in (
        "var/lib/dpkg/updates",
        "var/lib/dpkg/info",
        "var/lib/apt/lists/partial",
        "var/cache/apt/archives/partial",
    ):
        (top / folder).mkdir(parents=True)
    for folder in ("etc/apt/preferences.d", "etc/apt/apt.conf.d", "var/log/apt", "usr/bin"):
        (top / folder).mkdir(parents=True)
    (top / "var/lib/dpkg/status").touch()
    return top


def installed(root: Path) -> bool:
    return (root / "usr/share/grafana/bin/grafana").exists()


def test_with_the_right_key_it_is_installed_and_does_not_start(vendor: Vendor, root: Path, tmp_path: Path) -> None:
    install_from(vendor.repository, tmp_path / "log", print, root=root)
    assert installed(root)
    assert (root / "etc/systemd/system/grafana-server.service").readlink() == Path("/dev/null")
    assert not (root / "usr/sbin/policy-rc.d").exists()


def test_another_key_than_the_pinned_one_is_refused(vendor: Vendor, root: Path, tmp_path: Path) -> None:
    stranger = replace(vendor.repository, fingerprint="0" * 40)
    with pytest.raises(SerenoError, match="is not the pinned one"):
        install_from(stranger, tmp_path / "log", print, root=root)
    assert not installed(root)


def test_a_repository_signed_by_another_key_of_the_bundle_is_refused(
    vendor: Vendor, root: Path, tmp_path: Path
) -> None:
    vendor.publish(vendor.another_key())
    with pytest.raises(SerenoError, match="was not installed") as refusal:
        install_from(vendor.repository, tmp_path / "log", print, root=root)
    assert "NO_PUBKEY" in refusal.value.log_tail or "not signed" in refusal.value.log_tail
    assert not installed(root)
    assert not (root / "etc/apt/sources.list.d/sereno-vendor.list").exists()


def test_a_package_changed_after_signing_is_refused(vendor: Vendor, root: Path, tmp_path: Path) -> None:
    vendor.tamper()
    with pytest.raises(SerenoError, match="was not installed") as refusal:
        install_from(vendor.repository, tmp_path / "log", print, root=root)
    assert "mismatch" in refusal.value.log_tail.lower() or "unexpected size" in refusal.value.log_tail.lower()
    assert not installed(root)


def test_without_network_it_says_what_cannot_be_reached(vendor: Vendor, root: Path, tmp_path: Path) -> None:
    away = replace(vendor.repository, key_url="http://127.0.0.1:1/gpg.key")
    with pytest.raises(SerenoError, match="cannot be fetched") as refusal:
        install_from(away, tmp_path / "log", print, root=root)
    assert "127.0.0.1:1" in refusal.value.next_step
