"""Installing packages: in which order what is asked of dpkg and apt-get, and what of an interrupted run is noticed."""

from __future__ import annotations

from pathlib import Path

import pytest

from sereno.core.errors import SerenoError
from sereno.outside import apt, packages
from sereno.outside.packages import Packages

# Each writes what it was asked; `dpkg --audit` speaks until `dpkg --configure` has run.
PROGRAMS = {
    "apt-get": 'echo "apt-get $*" >> {asked}; exit {apt}',
    "dpkg": 'case "$*" in *--audit*) [ -e {broken} ] && echo "mariadb-server is half configured" ;; '
    '*) echo "dpkg $*" >> {asked}; rm -f {broken} ;; esac; exit 0',
    "dpkg-query": "echo '{status}'",
}


class Machine:
    """A machine whose apt and dpkg are scripts."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root = folder / "root"
        self.asked = folder / "asked"
        self.broken = folder / "broken"
        self.programs = folder / "bin"
        self.programs.mkdir()
        self.told: list[str] = []
        self.behave()
        monkeypatch.setenv("PATH", f"{self.programs}:/usr/bin:/bin")
        monkeypatch.setattr(packages.os, "geteuid", lambda: 0)

    def behave(self, *, status: str = "installed ok", apt: int = 0) -> None:
        for name, text in PROGRAMS.items():
            program = self.programs / name
            said = text.format(asked=self.asked, broken=self.broken, status=status, apt=apt)
            program.write_text(f"#!/bin/sh\n{said}\n")
            program.chmod(0o755)

    def install(self, *names: str, units: tuple[str, ...] = ()) -> list[str]:
        """Install, and return what was asked of dpkg and apt-get."""
        Packages(self.root).install(names, units, self.root.parent / "log", self.told.append)
        return self.asked.read_text().splitlines() if self.asked.exists() else []


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, monkeypatch)


def test_the_lists_come_first_and_nothing_is_ever_removed(machine: Machine) -> None:
    update, install = machine.install("nginx", "prometheus", units=("nginx.service",))
    assert update.endswith(" update")
    assert install.endswith(" install --fix-broken nginx prometheus")
    assert "--no-remove" in install
    assert "--no-install-recommends" in install
    assert (machine.root / "etc/systemd/system/nginx.service").readlink() == Path("/dev/null")
    assert machine.told == []


def test_what_was_interrupted_is_finished_before_anything_else(machine: Machine) -> None:
    machine.broken.touch()
    first, *rest = machine.install("nginx")
    assert first.startswith("dpkg ")
    assert first.endswith(" --configure -a")
    assert [line.split()[0] for line in rest] == ["apt-get", "apt-get"]
    assert machine.told == ["finishing the installation of packages that was interrupted"]


def test_where_only_that_was_to_do_apt_is_not_asked(machine: Machine) -> None:
    machine.broken.touch()
    (only,) = machine.install()
    assert only.endswith(" --configure -a")


def test_a_failure_removes_the_policy_too(machine: Machine) -> None:
    machine.behave(apt=100)
    with pytest.raises(SerenoError, match="apt-get update failed"):
        machine.install("nginx")
    assert not apt.is_left(machine.root)


@pytest.mark.parametrize(
    ("status", "unfinished"),
    [
        ("installed ok", False),
        ("not-installed ok", False),
        ("config-files ok", False),
        ("unpacked ok", True),
        ("half-configured ok", True),
        ("triggers-pending ok", True),
        ("half-installed reinstreq", True),
        ("installed reinstreq", True),
    ],
)
def test_what_dpkg_knows_says_whether_an_installation_was_interrupted(
    machine: Machine, status: str, unfinished: bool
) -> None:
    machine.behave(status=status)
    assert Packages(machine.root).unfinished(["nginx"]) is unfinished


def test_a_policy_of_ours_says_so_as_well(machine: Machine) -> None:
    policy = machine.root / "usr/sbin/policy-rc.d"
    policy.parent.mkdir(parents=True)
    policy.write_text(apt.POLICY)
    assert Packages(machine.root).unfinished(["nginx"])
    policy.write_text("#!/bin/sh\nexit 101\n")
    assert not Packages(machine.root).unfinished(["nginx"])


@pytest.mark.parametrize(
    ("names", "said", "typed"),
    [
        (("nginx",), "these packages are missing: nginx", "apt-get install --no-install-recommends nginx"),
        ((), "packages are being installed", "dpkg --configure -a"),
    ],
)
def test_without_root_the_lines_to_type_are_told(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, names: tuple[str, ...], said: str, typed: str
) -> None:
    monkeypatch.setattr(packages.os, "geteuid", lambda: 1000)
    with pytest.raises(SerenoError, match=said) as refusal:
        machine.install(*names, units=("nginx.service",))
    assert typed in refusal.value.next_step
    assert not machine.asked.exists()


def test_a_unit_that_is_there_already_is_left_alone(tmp_path: Path) -> None:
    there = tmp_path / "usr/lib/systemd/system/nginx.service"
    there.parent.mkdir(parents=True)
    there.touch()
    assert not packages.mask("nginx.service", tmp_path)
    assert packages.mask("mariadb.service", tmp_path)
    assert not packages.mask("mariadb.service", tmp_path)
