from __future__ import annotations

import pytest

from sereno.settings import Settings
from sereno.settings.model import Site
from sereno.settings.own import Service
from sereno.watch.probes.model import Probe, Source
from sereno.watch.probes.services import service_probes


def probe(site: Site | None = None, **fields: object) -> Probe:
    service = Service.model_validate({"name": "shop", "upstream": "127.0.0.1:3001"} | fields)
    (found,) = service_probes(Settings(site=site or Site(), services=(service,)), nginx="nginx:8443", inside="nginx:81")
    return found


@pytest.mark.parametrize(
    ("fields", "target", "hostname"),
    [
        ({}, "https://nginx:8443/shop/", "status.example.org"),
        ({"health_path": "/well"}, "https://nginx:8443/shop/well", "status.example.org"),
        (
            {"path": "/a/b", "keep_path": True, "health_path": "/well"},
            "https://nginx:8443/a/b/well",
            "status.example.org",
        ),
        ({"domain": "shop.example.org", "health_path": "/well"}, "https://nginx:8443/well", "shop.example.org"),
        ({"access": "operators", "health_path": "/well"}, "http://nginx:81/health/shop", ""),
    ],
)
def test_a_service_is_asked_as_its_readers_ask(fields: dict[str, object], target: str, hostname: str) -> None:
    found = probe(Site(domain="status.example.org"), **fields)
    assert (found.target, found.hostname, found.source) == (target, hostname, Source.SERVICE)


def test_the_certificate_is_the_desks_affair() -> None:
    found = probe()
    assert (found.certificate_days, found.verify) == (0, False)


def test_it_is_shown_where_the_service_says_so_under_its_title() -> None:
    assert probe(title="Shop", title_es="Tienda").title.es == "Tienda"
    assert (probe().public, probe(status_page=False).public) == (True, False)
