"""`nginx -t` on every variant of the configuration that this machine's Nginx can be asked about."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.equipment.nginx import Nginx, every_kind_of_service, installed_version, is_missing

from sereno.settings import Settings
from sereno.settings.model import Site

pytestmark = [pytest.mark.system, pytest.mark.skipif(is_missing(), reason="this machine has no Nginx")]

SITES = {
    "all defaults": Site(),
    "a domain": Site(domain="shop.example.org"),
    "a domain that is an address": Site(domain="192.0.2.7"),
    "a long domain": Site(domain=f"{'a' * 60}.{'b' * 60}.{'c' * 60}.example.org"),
    "a public address": Site(domain="shop.example.org", public_url="https://status.example.org"),
    "Spanish": Site(language="es"),
}


@pytest.fixture(params=SITES.values(), ids=SITES.keys())
def nginx(request: pytest.FixtureRequest) -> Iterator[Nginx]:
    server = Nginx(settings=Settings(site=request.param))
    yield server
    server.close()


def test_it_has_nothing_to_say_against_the_configuration(nginx: Nginx) -> None:
    assert nginx.check() == ""


def test_nor_with_fifty_services_of_every_kind() -> None:
    server = Nginx(settings=Settings(services=every_kind_of_service()))
    try:
        server.render(name_servers=("192.0.2.1", "[2001:db8::1]"))
        assert server.check() == ""
    finally:
        server.close()


def test_nor_with_ipv6(nginx: Nginx) -> None:
    nginx.render(ipv6=True)
    assert nginx.check() == ""


def test_nor_spelled_for_its_own_generation_only(nginx: Nginx) -> None:
    """An Nginx whose version could not be found out is told of HTTP/2 in the old way, which the newer one takes too."""
    nginx.render(versions={})
    said = nginx.check()
    assert said == "" or (installed_version() >= (1, 25, 1) and "deprecated" in said)
