"""What Docker's and the kernel's answers mean."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from ipaddress import IPv4Network
from typing import Any

import pytest

from sereno.outside.ask import ask
from sereno.outside.compose_client import _numbers
from sereno.outside.docker_says import Container, networks_in, read_routes, read_size


def told(**state: Any) -> dict[str, Any]:
    return {
        "Id": "abc",
        "RestartCount": 2,
        "HostConfig": {"Memory": 67108864},
        "Config": {
            "Image": "nginx:1",
            "Labels": {
                "com.docker.compose.service": "nginx",
                "com.docker.compose.project.working_dir": "/srv/sereno/docker",
            },
            "Healthcheck": {"Test": ["CMD-SHELL", "ping || pong"]},
        },
        "State": {
            "Status": "running",
            "Running": True,
            "OOMKilled": False,
            "ExitCode": 0,
            "Pid": 12,
            "StartedAt": "2026-11-24T12:28:35.432791123Z",
            "FinishedAt": "0001-01-01T00:00:00Z",
            "Health": {"Status": "healthy"},
            **state,
        },
    }


def test_a_container_as_the_engine_describes_it() -> None:
    container = Container.of(told())
    assert (container.service, container.state, container.health) == ("nginx", "running", "healthy")
    assert container.since == datetime(2026, 11, 24, 12, 28, 35, 432791, tzinfo=UTC)
    assert container.check == ("/bin/sh", "-c", "ping || pong")
    assert container.memory_limit == 64 * 1024 * 1024
    assert container.folder == "/srv/sereno/docker"


def test_one_that_was_never_started_has_no_beginning() -> None:
    assert Container.of(told(Status="created", Running=False, StartedAt="0001-01-01T00:00:00Z")).since is None


def test_one_without_a_check_has_no_health() -> None:
    plain = told()
    del plain["State"]["Health"], plain["Config"]["Healthcheck"]
    assert (Container.of(plain).health, Container.of(plain).check) == ("", ())


@pytest.mark.parametrize(
    ("text", "size"), [("5.5MiB", 5767168), ("187MiB", 196083712), ("1.5GB", 1500000000), ("0B", 0), ("12kB", 12000)]
)
def test_sizes_as_docker_writes_them(text: str, size: int) -> None:
    assert read_size(text) == size


def test_what_is_no_size_is_refused() -> None:
    with pytest.raises(ValueError, match="no size"):
        read_size("--")


def test_routes_of_the_kernel_without_the_default_one() -> None:
    table = (
        "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"
        "eth0\t00000000\t010011AC\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
        "eth0\t0029D50A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
    )
    assert read_routes(table) == [IPv4Network("10.213.41.0/24")]


@pytest.mark.parametrize(("text", "numbers"), [("1.29.2", (1, 29, 2)), ("v2.26.1-4", (2, 26, 1)), ("dev", (0,))])
def test_versions_of_compose(text: str, numbers: tuple[int, ...]) -> None:
    assert _numbers(text) == numbers


class Answers(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/healthz" else 503)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing to the test's output."""


@pytest.fixture
def port() -> Iterator[int]:
    server = http.server.HTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_health_check_is_true_for_200_alone(port: int) -> None:
    assert ask(port, "/healthz")[0]
    assert not ask(port, "/readyz")[0]


def test_a_health_check_is_false_when_nobody_listens(port: int) -> None:
    assert not ask(1, "/healthz")[0]


def test_networks_are_told_apart_by_whose_they_are() -> None:
    told = [
        {"Labels": {"com.docker.compose.project": "docker"}, "IPAM": {"Config": [{"Subnet": "10.213.41.0/24"}]}},
        {"Labels": {"com.docker.compose.project": "shop"}, "IPAM": {"Config": [{"Subnet": "10.213.42.0/24"}]}},
        {"Labels": None, "IPAM": {"Config": [{"Subnet": "172.17.0.0/16"}, {"Subnet": "fd00::/64"}]}},
        {"Labels": {}, "IPAM": {"Config": None}},
    ]
    ours, others = networks_in(told, "docker")
    assert ours == [IPv4Network("10.213.41.0/24")]
    assert others == [IPv4Network("10.213.42.0/24"), IPv4Network("172.17.0.0/16")]
