"""Services, probes and hosts of the user's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from sereno.core.errors import SettingsError
from sereno.settings import Settings, load_settings
from sereno.settings.consistency import check_own

SHOP = '[[services]]\nname = "shop"\nupstream = "127.0.0.1:3001"\n'
SITE = '[[probes]]\nname = "site"\ntarget = "https://example.org/"\n'


def loaded(tmp_path: Path, text: str) -> Settings:
    file = tmp_path / "sereno.toml"
    file.write_text(text)
    return load_settings(file, {})


def test_a_few_lines_are_a_service_and_a_probe(tmp_path: Path) -> None:
    settings = loaded(tmp_path, SHOP + SITE)
    assert settings.services[0].location == "/shop/"
    assert (settings.probes[0].kind, settings.probes[0].interval) == ("http", "15s")


@pytest.mark.parametrize(
    ("more", "location"),
    [("", "/shop/"), ('path = "/tienda"', "/tienda/"), ('domain = "shop.example.org"', "/"),
     ('domain = "shop.example.org"\npath = "/v2/"', "/v2/"), ('path = "/"\ndomain = "a.example"', "/")],
)  # fmt: skip
def test_where_a_service_is(tmp_path: Path, more: str, location: str) -> None:
    settings = loaded(tmp_path, SHOP + more + "\n")
    assert settings.services[0].location == location


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('[[services]]\nname = "shop"\n', "services[1] (shop).upstream is missing"),
        (SHOP + "upstram = 1\n", "services[1] (shop).upstram is not a setting; did you mean services.upstream?"),
        (SHOP.replace("127.0.0.1:3001", "http://x"), "services[1] (shop).upstream = 'http://x': write host:port"),
        (SHOP.replace("3001", "70000"), "the port is between 1 and 65535"),
        (SHOP.replace("127.0.0.1:3001", "a:1; return 200"), "write host:port"),
        (SHOP + 'path = "/x; }"\n', "services[1] (shop).path = '/x; }'"),
        (SHOP + 'body_limit = "lots"\n', "services[1] (shop).body_limit = 'lots'"),
        (SHOP + SHOP, "2 services or probes are named 'shop'"),
        (SHOP + SITE.replace('"site"', '"shop"'), "2 services or probes are named 'shop'"),
        (SHOP + SHOP.replace('"shop"', '"two"') + 'path = "/shop/"\n', "'shop' and 'two' are both at /shop/"),
        (SHOP + 'path = "/grafana/x"\n', "the service 'shop' would be at /grafana/x/, which is the desk's own"),
        (SHOP + 'path = "/"\n', "the service 'shop' would be at /, which is the desk's own"),
        (SHOP.replace('"shop"', '"status"'), "'status' would be at /status/"),
        ('[site]\ndomain = "a.example"\n' + SHOP + 'domain = "A.example"\n', "which is the status page's"),
        (
            '[site]\ndomain = "a.example"\naliases = ["b.example"]\n' + SHOP + 'domain = "b.example"\n',
            "which is the status page's",
        ),
        (SHOP + 'domain = "shop.example"\naccess = "operators"\n', "where nobody can sign in"),
        (SITE + 'interval = "4s"\n', "probes[1] (site).interval = '4s': between 5s and 2m"),
        (SITE + 'interval = "121s"\n', "between 5s and 2m"),
        (SITE + 'kind = "tcp"\n', "the target of a tcp probe is host:port"),
        (SITE + 'kind = "icmp"\n', "the target of an icmp probe is a host"),
        (SITE + 'kind = "dns"\n', "the target of a dns probe is NAME@SERVER"),
        (SITE.replace("https://example.org/", "ftp://example.org"), "begins with http:// or https://"),
        (SITE.replace("https://example.org/", "a.example:25") + 'kind = "tcp"\ncontains = "x"\n', "belong to http"),
        ('[[hosts]]\nname = "b"\naddress = "192.0.2.1"\n', "hosts[1] (b).address = '192.0.2.1'"),
        ('[[hosts]]\nname = "b"\naddress = "h:9100"\n' * 2, "2 hosts are named 'b'"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        loaded(tmp_path, text)
    assert complaint in str(refusal.value)


@pytest.mark.parametrize("target", ["192.0.2.1", "example.org", "2001:db8::1", "[2001:db8::1]"])
def test_addresses_that_can_be_pinged(tmp_path: Path, target: str) -> None:
    text = SITE.replace("https://example.org/", target) + 'kind = "icmp"\n'
    assert loaded(tmp_path, text).probes[0].target == target


def test_names_of_components_are_kept_for_them(tmp_path: Path) -> None:
    settings = loaded(tmp_path, SHOP)
    with pytest.raises(SettingsError, match="'shop' is the name of a component"):
        check_own(settings, ["shop"])


def test_the_environment_can_not_name_one_entry_of_a_list(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="services"):
        load_settings(None, {"SERENO_SERVICES__NAME": "x"})
