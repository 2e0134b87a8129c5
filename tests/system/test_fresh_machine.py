"""The newcomer's path on a fresh Debian: clone, `./sereno up`, and what it must and must not have done."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.equipment.fresh import INSIDE, FreshDebian, SuiteMissing
from tests.equipment.monitoring import free_port
from tests.equipment.stack import COMPONENTS, ROOT

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="a fresh root file system needs root"),
    pytest.mark.skipif(shutil.which("mmdebstrap") is None, reason="mmdebstrap is not installed"),
]


@pytest.fixture
def suite() -> str:
    """The Debian that most of these tests run on; those of both have their own parameter."""
    return "bookworm"


@pytest.fixture
def fresh(suite: str) -> Iterator[FreshDebian]:
    folder = Path(tempfile.mkdtemp(prefix="sereno-fresh-"))
    try:
        machine = FreshDebian(folder, suite)
        machine.clone(ROOT)
        yield machine
    except SuiteMissing as missing:
        pytest.skip(str(missing))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def free_ports() -> dict[str, str]:
    """The environment that keeps the fresh machine's system off this machine's ports."""
    ports = {name: free_port() for name in COMPONENTS}
    return {
        "SERENO_PORTS": json.dumps({n: p for n, p in ports.items() if n not in ("nginx", "nginx-http", "mysql")}),
        "SERENO_SITE__HTTPS_PORT": str(ports["nginx"]),
        "SERENO_SITE__HTTP_PORT": str(ports["nginx-http"]),
        "SERENO_DATABASE__PORT": str(ports["mysql"]),
    }


LOOK = """
import json, os, ssl, time, urllib.request
def get(path):
    url = f"https://localhost:{os.environ['SERENO_SITE__HTTPS_PORT']}{path}"
    return urllib.request.urlopen(url, context=ssl._create_unverified_context()).read().decode()
deadline = time.monotonic() + 60
while time.monotonic() < deadline:
    numbers = json.loads(get("/status.json"))
    if numbers["measurements"] and all(each["state"] == "up" for each in numbers["components"]):
        break
    time.sleep(1)
print(json.dumps({"numbers": numbers, "page": get("/")}), file=open("/seen.json", "w"))
"""
"""What a reader sees once every target has been scraped, fetched by what the fresh machine has: python3 alone."""


@pytest.mark.parametrize("suite", ["bookworm", "trixie"])
def test_a_clone_on_a_fresh_debian_comes_up_by_one_command(fresh: FreshDebian) -> None:
    done = fresh.run(
        "SECONDS=0; ./sereno up --on native; echo cold $SECONDS s; "
        "SECONDS=0; ./sereno up; echo warm $SECONDS s; "
        "./sereno status --json > /status.json; "
        "./sereno doctor --live --json > /doctor.json || true; "
        f"python3 -c {shlex.quote(LOOK)}; "
        "./sereno down; ps -eo args= > /left",
        free_ports(),
        seconds=500,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    print(done.stdout)
    rows = json.loads((fresh.root / "status.json").read_text())
    assert {row["health"] for row in rows if row["name"] != "grafana"} == {"healthy"}
    doctor = json.loads((fresh.root / "doctor.json").read_text())
    told = [finding for finding in doctor if finding["verdict"] == "wrong" and finding["subject"] != "disk"]
    assert not told
    seen = json.loads((fresh.root / "seen.json").read_text())
    measured = {each["kind"]: each["percent"] for each in seen["numbers"]["measurements"]}
    assert set(measured) == {"cpu", "memory", "disk"}
    assert {each["state"] for each in seen["numbers"]["components"]} == {"up"}
    disk = shutil.disk_usage(fresh.root)
    assert measured["disk"] == pytest.approx(100 * disk.free / disk.total, abs=5)
    assert f"{measured['disk']:.0f}" in seen["page"]
    # The shell of the script, and what looks.
    assert len((fresh.root / "left").read_text().splitlines()) <= 2

    # The packages' own services would take the same ports at the next boot.
    masked = fresh.root / "etc/systemd/system"
    for unit in ("nginx", "mariadb", "prometheus", "prometheus-node-exporter", "prometheus-alertmanager"):
        assert (masked / f"{unit}.service").readlink() == Path("/dev/null"), unit
    assert not (fresh.root / "usr/sbin/policy-rc.d").exists()
    # A home of its own, owned by a user of its own.
    home = fresh.root / "var/lib/sereno"
    owner = (home / "secrets").stat().st_uid
    assert owner != 0
    assert (home / "data/mysql").stat().st_uid == owner


def test_an_ordinary_user_with_sudo_needs_to_type_nothing_more(fresh: FreshDebian) -> None:
    done = fresh.run(
        "apt-get -qq update >&2; apt-get -qq install --yes --no-install-recommends sudo >&2; "
        "useradd --create-home alice; echo 'alice ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/alice; chown -R alice .; "
        'as_alice() { setpriv --reuid alice --regid alice --init-groups env HOME=/home/alice "$@"; }; '
        "as_alice ./sereno up --on native; as_alice ./sereno status --json > /status.json; "
        "ps -eo user:20,args > /processes; as_alice ./sereno down",
        free_ports(),
        seconds=500,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    rows = json.loads((fresh.root / "status.json").read_text())
    assert {row["health"] for row in rows if row["name"] != "grafana"} == {"healthy"}
    servers = [line for line in (fresh.root / "processes").read_text().splitlines() if f"{INSIDE}/var/" in line]
    assert len(servers) > 9
    assert {line.split()[0] for line in servers} == {"alice"}
    assert (fresh.root / "etc/systemd/system/nginx.service").readlink() == Path("/dev/null")


KILLED_THRICE = """
log=/var/lib/sereno/log/apt.log
up() { ./sereno up --on native 2>"/narration-$1" & }
wait_for() {  # until a file says it
    for _ in $(seq 6000); do if grep -q -e "$1" "$2" 2>/dev/null; then return; fi; sleep 0.02; done
    echo "never: $1"; cat /narration-*; return 1
}
packagers() {  # the pids of apt and dpkg
    local each name
    for each in /proc/[0-9]*; do
        { read -r name <"$each/comm"; } 2>/dev/null || continue
        case $name in apt-get | dpkg) echo "${each#/proc/}" ;; esac
    done
}
end_all() { kill -9 -1; wait; ls /usr/sbin/policy-rc.d; }

# Everything at once, as when the power goes, while a package is unpacked.
up 1; wait_for "Unpacking mariadb-server " $log; end_all
[ -n "$(dpkg --audit)" ]

# The command alone: what it has started goes on (slowly here), and the next one waits for it.
mv $log $log.1
up 2; wait_for "Setting up" $log; kill -STOP $(packagers); kill -9 $!; wait
up 3; wait_for "waiting until it has finished" /narration-3; kill -CONT $(packagers)

# Everything again, while a package is configured.
wait_for "Setting up mariadb-server" $log; end_all

up 4; wait $!
./sereno status --json > /status.json
dpkg --audit > /audit
./sereno down
"""


@pytest.mark.parametrize("suite", ["bookworm", "trixie"])
def test_killed_while_packages_are_installed_it_comes_up_when_run_again(fresh: FreshDebian) -> None:
    done = fresh.run(KILLED_THRICE, free_ports(), seconds=500)
    told = "".join(file.read_text() for file in sorted(fresh.root.glob("narration-*")))
    assert done.returncode == 0, done.stdout + done.stderr + told
    rows = json.loads((fresh.root / "status.json").read_text())
    assert {row["health"] for row in rows if row["name"] != "grafana"} == {"healthy"}
    assert (fresh.root / "audit").read_text() == ""
    assert "finishing the installation of packages that was interrupted" in (fresh.root / "narration-4").read_text()
    assert not (fresh.root / "usr/sbin/policy-rc.d").exists()
    assert (fresh.root / "etc/systemd/system/mariadb.service").readlink() == Path("/dev/null")


def test_without_root_it_lists_what_to_install_and_stops(fresh: FreshDebian) -> None:
    done = fresh.run(
        "useradd --create-home alice; chown -R alice .; "
        "setpriv --reuid alice --regid alice --clear-groups env HOME=/home/alice ./sereno up --on native",
        {},
        seconds=120,
    )
    assert done.returncode == 1
    assert "sudo apt-get install" in done.stderr
    assert "python3-venv" in done.stderr
