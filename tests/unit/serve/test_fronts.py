from __future__ import annotations

from pathlib import Path

import pytest

from sereno.serve.fronts import Front, domains, on_the_machine_itself
from sereno.serve.native.names import name_servers
from sereno.settings import Settings
from sereno.settings.own import Service


def front(**fields: object) -> Front:
    return Front(Service.model_validate({"name": "shop", "upstream": "127.0.0.1:3001"} | fields))


@pytest.mark.parametrize(
    ("upstream", "looked_up"),
    [
        ("127.0.0.1:80", False),
        ("[::1]:80", False),
        ("localhost:80", False),
        ("unix:/run/shop.sock", False),
        ("shop:80", True),
        ("shop.example.org:80", True),
        ("127.example.org:80", True),
    ],
)
def test_a_name_is_looked_up_again_and_an_address_is_not(upstream: str, looked_up: bool) -> None:
    assert front(upstream=upstream).is_looked_up is looked_up


@pytest.mark.parametrize(
    ("fields", "cut"),
    [
        ({}, "/shop"),
        ({"path": "/a/b.c/"}, "/a/b.c"),
        ({"keep_path": True}, ""),
        ({"domain": "shop.example.org"}, ""),
        ({"domain": "shop.example.org", "path": "/v1"}, "/v1"),
    ],
)
def test_its_path_is_cut_off_where_it_does_not_expect_it(fields: dict[str, object], cut: str) -> None:
    assert front(**fields).cut == cut


def test_a_dot_in_its_path_is_a_dot() -> None:
    assert front(path="/a/b.c-d~e").cut_pattern == r"/a/b\.c-d~e"


@pytest.mark.parametrize(
    ("fields", "hidden"),
    [
        ({}, ""),
        ({"metrics_path": "/metrics"}, "/shop/metrics"),
        ({"metrics_path": "/m", "domain": "shop.example.org"}, "/m"),
        ({"metrics_path": "/"}, ""),
        ({"metrics_path": "/status", "health_path": "/status"}, ""),
    ],
)
def test_measurements_are_hidden_unless_that_would_hide_the_service(fields: dict[str, object], hidden: str) -> None:
    assert front(**fields).hidden_path == hidden


def test_services_that_share_a_domain_share_a_server() -> None:
    services = (
        Service(name="a", upstream="a:1", domain="One.example.org"),
        Service(name="b", upstream="b:1", domain="one.example.org", path="/b"),
        Service(name="c", upstream="c:1"),
    )
    found = domains(Settings(services=services))
    assert {name: [each.service.name for each in own] for name, own in found.items()} == {"one.example.org": ["a", "b"]}


def test_in_a_container_the_loopback_is_the_containers() -> None:
    upstreams = {
        "a": "127.0.0.1:1", "b": "localhost:1", "c": "[::1]:1", "d": "10.213.41.1:1", "e": "shop:1", "f": "unix:/x",
    }  # fmt: skip
    services = tuple(Service(name=name, upstream=upstream) for name, upstream in upstreams.items())
    assert [each.name for each in on_the_machine_itself(Settings(services=services))] == ["a", "b", "c"]


def test_name_servers_are_written_as_nginx_writes_addresses(tmp_path: Path) -> None:
    file = tmp_path / "resolv.conf"
    file.write_text("# nameserver 9.9.9.9\nsearch lan\nnameserver 192.0.2.1\nnameserver fe80::1%eth0\nnameserver ::1\n")
    assert name_servers(file) == ("192.0.2.1", "[::1]")
    assert name_servers(tmp_path / "missing") == ()
