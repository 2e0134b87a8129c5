"""The newcomer's path on a fresh Debian: clone, `./sereno up`, and what it must and must not have done."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.equipment.fresh import FreshDebian
from tests.equipment.monitoring import free_port
from tests.equipment.stack import COMPONENTS, ROOT

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="a fresh root file system needs root"),
    pytest.mark.skipif(shutil.which("mmdebstrap") is None, reason="mmdebstrap is not installed"),
]


@pytest.fixture
def fresh() -> Iterator[FreshDebian]:
    machine = FreshDebian(Path(tempfile.mkdtemp(prefix="sereno-fresh-")))
    machine.clone(ROOT)
    yield machine
    machine.close()


def test_a_clone_on_a_fresh_debian_comes_up_by_one_command(fresh: FreshDebian) -> None:
    ports = {name: free_port() for name in COMPONENTS}
    environment = {
        "SERENO_PORTS": json.dumps({n: p for n, p in ports.items() if n not in ("nginx", "nginx-http", "mysql")}),
        "SERENO_SITE__HTTPS_PORT": str(ports["nginx"]),
        "SERENO_SITE__HTTP_PORT": str(ports["nginx-http"]),
        "SERENO_DATABASE__PORT": str(ports["mysql"]),
    }
    done = fresh.run(
        "SECONDS=0; ./sereno up --on native; echo cold $SECONDS s; "
        "SECONDS=0; ./sereno up; echo warm $SECONDS s; "
        "./sereno status --json > /status.json; "
        "./sereno doctor --live --json > /doctor.json || true; "
        "./sereno down",
        environment,
        seconds=500,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    print(done.stdout)
    rows = json.loads((fresh.root / "status.json").read_text())
    assert {row["health"] for row in rows if row["name"] != "grafana"} == {"healthy"}
    doctor = json.loads((fresh.root / "doctor.json").read_text())
    told = [finding for finding in doctor if finding["verdict"] == "wrong" and finding["subject"] != "disk"]
    assert not told

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
