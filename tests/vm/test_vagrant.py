"""The classroom's way, as the seed has it: `vagrant up`, then the steps typed by hand; and a reboot.

The Vagrantfile and its provisioning run unmodified, in an emulated VM without a network, whose box (test equipment)
holds the packages, wheels and images that they would download. The tests build on one another, top to bottom.
"""

from __future__ import annotations

import http.client
import ssl
import time
import urllib.error
import urllib.request

import pytest
from tests.equipment.vm.machine import Machine

pytestmark = pytest.mark.vm

# Emulation is some ten times slower than the machine below it.
UP_SECONDS = 1500
HEALTH_SECONDS = 420
OPERATORS_PORTS = {
    "Grafana": "http://localhost:3000/api/health",
    "Prometheus": "http://localhost:9090/-/ready",
    "Node Exporter": "http://localhost:9100/metrics",
}
SEED_STEP_4 = "cd /vagrant/docker/nginx/ssl && bash generate-ssl.sh"
SEED_STEP_5 = "cd /vagrant/docker && sudo docker-compose up -d"
SEED_STEP_6 = "sudo docker ps"


@pytest.fixture(scope="module")
def up(machine: Machine) -> Machine:
    """The VM after `vagrant up`."""
    done = machine.vagrant("up", timeout=UP_SECONDS)
    assert done.returncode == 0, f"{done.stdout[-4000:]}\n{_state(machine)}"
    return machine


def test_up_ends_with_every_component_healthy(up: Machine) -> None:
    assert _unwell(up) == []


def test_the_service_answers_over_https_on_the_host(up: Machine) -> None:
    status, headers, body = _get(up, "https://localhost:8443/")
    assert status == 200
    assert "text/html" in headers["Content-Type"]
    assert "Sereno" in body


def test_plain_http_leads_to_https(up: Machine) -> None:
    status, headers, _ = _get(up, "http://localhost:8080/")
    assert status == 301
    assert headers["Location"] == "https://localhost:8443/"


@pytest.mark.parametrize("name", OPERATORS_PORTS)
def test_the_operators_ports_answer_on_the_host(up: Machine, name: str) -> None:
    status, _, body = _get(up, OPERATORS_PORTS[name])
    assert status == 200
    assert body


def test_nothing_is_forwarded_from_beyond_the_hosts_loopback(up: Machine) -> None:
    listening = up.host.run(["ss", "--no-header", "--listening", "--numeric", "--tcp"]).stdout
    addresses = {line.split()[3] for line in listening.splitlines()}
    forwarded = {address for address in addresses if address.rpartition(":")[2] != "53"}
    assert forwarded == {f"127.0.0.1:{port}" for port in (8080, 8443, 3000, 9090, 9100)}


def test_the_guest_keeps_its_own_name_server(up: Machine) -> None:
    assert up.ssh("cat /etc/resolv.conf").stdout.split() == ["nameserver", "192.168.121.1"]


def test_home_and_sockets_lie_outside_the_shared_folder(up: Machine) -> None:
    assert up.ssh("ls -d /vagrant/var").returncode != 0
    assert up.ssh("sudo find /vagrant -type s").stdout.strip() == ""
    assert up.ssh("sudo sh -c 'test -x /var/lib/sereno/environments/*/bin/python'").returncode == 0


def test_the_seeds_own_steps_succeed_and_recreate_nothing(up: Machine) -> None:
    before = _containers(up)
    for step in (SEED_STEP_4, SEED_STEP_5, SEED_STEP_6):
        done = up.ssh(step, timeout=HEALTH_SECONDS)
        assert done.returncode == 0, f"{step}\n{done.stdout}"
    assert _containers(up) == before


def test_provisioning_again_is_harmless(up: Machine) -> None:
    before = _containers(up)
    done = up.vagrant("provision", timeout=UP_SECONDS)
    assert done.returncode == 0, done.stdout[-4000:]
    assert _containers(up) == before
    assert _unwell(up) == []


def test_after_a_reboot_everything_is_healthy_again(up: Machine) -> None:
    services = set(_containers(up))
    done = up.vagrant("reload", timeout=UP_SECONDS)
    assert done.returncode == 0, done.stdout[-4000:]
    deadline = time.monotonic() + HEALTH_SECONDS
    while (unwell := _unwell(up)) and time.monotonic() < deadline:
        time.sleep(5)
    assert unwell == [], _state(up)
    assert set(_containers(up)) == services
    for url in ("https://localhost:8443/", *OPERATORS_PORTS.values()):
        assert _get(up, url)[0] == 200, url


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: object, **kwargs: object) -> None:
        return None


def _get(machine: Machine, url: str) -> tuple[int, http.client.HTTPMessage, str]:
    """Asks from the VM's host; the certificate is the VM's own, so nobody vouches for it."""
    unverified = ssl.create_default_context()
    unverified.check_hostname = False
    unverified.verify_mode = ssl.CERT_NONE
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=unverified), _NoRedirect()
    )
    with machine.host.network():
        try:
            answer = opener.open(url, timeout=30)
        except urllib.error.HTTPError as refused:
            answer = refused
        with answer:
            return answer.status, answer.headers, answer.read().decode(errors="replace")


def _containers(machine: Machine) -> dict[str, str]:
    """Identity of each container by its name; another identity means that it was made anew."""
    listing = machine.ssh("sudo docker ps --all --no-trunc --format '{{.Names}} {{.ID}}'").stdout
    return dict(line.split() for line in listing.splitlines() if line.strip())


def _unwell(machine: Machine) -> list[str]:
    """Containers that are not as they should be: running and, where they have a check, healthy; the one-shot, ended."""
    listing = machine.ssh("sudo docker ps --all --format '{{.Names}}: {{.Status}}'").stdout.splitlines()
    assert listing, "no container at all"
    return [line for line in listing if not _well(*line.split(": ", 1))]


def _well(name: str, status: str) -> bool:
    if "prepare" in name:
        return status.startswith("Exited (0)")
    return status.startswith("Up") and "unhealthy" not in status and "health: starting" not in status


def _state(machine: Machine) -> str:
    """What to look at when something went wrong: the containers and the last words of those that are unwell."""
    script = (
        "sudo docker ps -a; free -m; for c in $(sudo docker ps -aq); do "
        "sudo docker inspect -f '{{.Name}} {{.State.Status}} {{if .State.Health}}{{json .State.Health}}{{end}}' $c; "
        "sudo docker logs --tail 15 $c 2>&1; done"
    )
    return machine.ssh(script).stdout[-12000:]
