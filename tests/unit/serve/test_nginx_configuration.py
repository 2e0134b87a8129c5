"""What stands in nginx.conf, for each platform and setting. That the real Nginx takes it is tested with that Nginx."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import PurePosixPath

import pytest

from sereno.serve.catalogue import default_ports
from sereno.serve.place import Place
from sereno.serve.render import compose_place, render
from sereno.settings import Settings
from sereno.settings.model import Site
from sereno.web.auth import SESSION_COOKIE
from sereno.web.headers import CONTENT_SECURITY_POLICY

NATIVE = Place(
    platform="native",
    profile="small",
    settings=Settings(),
    home=PurePosixPath("/home/ana/my clone/var"),
    hosts=dict.fromkeys(default_ports(), "127.0.0.1"),
    ports=default_ports(),
    versions={"nginx": (1, 22, 1)},
)


def text_of(place: Place) -> str:
    return render("nginx/nginx.conf.j2", place)


def native(**changes: object) -> str:
    return text_of(replace(NATIVE, **changes))  # type: ignore[arg-type]


def compose(**site: object) -> str:
    return text_of(compose_place(Settings(site=Site(**site))))  # type: ignore[arg-type]


def values(text: str, directive: str) -> list[str]:
    """The values of a directive, in the order in which they stand."""
    return re.findall(rf"^\s*{directive} (.+);$", text, re.MULTILINE)


def location(text: str, name: str) -> str:
    """The body of one location."""
    found = re.search(rf"^ {{8}}location {re.escape(name)} {{\n(.*?)^ {{8}}}}$", text, re.MULTILINE | re.DOTALL)
    assert found is not None, name
    return found[1]


# -- versions --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [(), (1, 22, 1), (1, 25, 0)])
def test_an_older_nginx_is_told_of_http_2_where_it_listens(version: tuple[int, ...]) -> None:
    text = native(versions={"nginx": version})
    assert "8443 ssl http2 default_server" in text
    assert not values(text, "http2")


@pytest.mark.parametrize("version", [(1, 25, 1), (1, 26, 3), (1, 31)])
def test_a_newer_one_by_a_directive_of_its_own(version: tuple[int, ...]) -> None:
    text = native(versions={"nginx": version})
    assert values(text, "http2") == ["on"]
    assert "8443 ssl default_server" in text
    assert values(compose(), "http2") == ["on"]


def test_the_post_quantum_exchange_is_offered_where_openssl_has_it() -> None:
    assert values(native(openssl=(3, 0, 19)), "ssl_ecdh_curve") == ["X25519:prime256v1:secp384r1"]
    assert values(native(openssl=(3, 5)), "ssl_ecdh_curve") == ["X25519MLKEM768:X25519:prime256v1:secp384r1"]
    assert values(compose(), "ssl_ecdh_curve") == ["X25519MLKEM768:X25519:prime256v1:secp384r1"]


# -- TLS -------------------------------------------------------------------------------------------------------------


def test_tls_is_mozillas_intermediate_configuration() -> None:
    text = compose()
    assert values(text, "ssl_protocols") == ["TLSv1.2 TLSv1.3"]
    assert values(text, "ssl_prefer_server_ciphers") == ["off"]
    assert values(text, "ssl_session_tickets") == ["off"]
    ciphers = values(text, "ssl_ciphers")[0].split(":")
    assert len(ciphers) == 6
    assert all(re.fullmatch(r"ECDHE-(ECDSA|RSA)-(AES(128|256)-GCM-SHA\d+|CHACHA20-POLY1305)", one) for one in ciphers)


@pytest.mark.parametrize("domain", ["", "localhost", "LOCALHOST", "app.localhost", "192.0.2.7"])
def test_hsts_is_never_sent_for_localhost_or_an_address(domain: str) -> None:
    assert "max-age=63072000" not in compose(domain=domain)


@pytest.mark.parametrize("domain", ["shop.example.org", "Server", "a.b-c.test"])
def test_hsts_is_sent_for_the_configured_name_alone(domain: str) -> None:
    assert values(compose(domain=domain), domain.lower()) == ["max-age=63072000"]


# -- where it listens, where it leads ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("site", "target"),
    [
        ({}, "https://$host:8443$request_uri"),
        ({"https_port": 9443}, "https://$host:9443$request_uri"),
        ({"https_port": 443}, "https://$host$request_uri"),
        ({"public_url": "https://status.example.org"}, "https://$host$request_uri"),
        ({"public_url": "https://status.example.org:444/"}, "https://$host:444$request_uri"),
        ({"public_url": "http://localhost:8080", "https_port": 9443}, "https://$host:9443$request_uri"),
    ],
)
def test_plain_http_leads_to_the_port_that_people_use(site: dict[str, object], target: str) -> None:
    assert f"return 301 {target};" in compose(**site)
    assert f"error_page 497 =301 {target};" in compose(**site)
    settings = Settings(site=Site(**site))  # type: ignore[arg-type]
    assert f"return 301 {target};" in native(settings=settings)


def test_natively_it_listens_on_the_settings_ports_and_on_ipv6_where_there_is_any() -> None:
    ports = {**default_ports(), "nginx": 443, "nginx-http": 80}
    assert values(native(ports=ports), "listen") == [
        "80 default_server",
        "443 ssl http2 default_server",
        "127.0.0.1:8081",
    ]
    assert values(native(ports=ports, ipv6=True), "listen") == [
        *("80 default_server", "[::]:80 default_server"),
        *("443 ssl http2 default_server", "[::]:443 ssl http2 default_server"),
        "127.0.0.1:8081",
    ]


def test_in_a_container_it_listens_on_its_own_ports_whatever_is_published() -> None:
    assert values(compose(https_port=443, http_port=80), "listen") == [
        "8080 default_server",
        "8443 ssl default_server",
        "8081",
    ]


# -- platforms -------------------------------------------------------------------------------------------------------


def test_natively_everything_lies_below_the_home_whose_name_may_have_spaces() -> None:
    text = native()
    for path in re.findall(r"\S*/home/ana.*", text):
        assert re.search(r'"/home/ana/my clone/var/[^"]+"', text), path
    outside = {path for path in re.findall(r'["\s](/[a-z][^;"\s]*)', text) if path.startswith(("/var", "/run", "/tmp"))}
    assert not outside
    assert "user " not in text.replace("user_agent", "")
    assert values(text, "daemon") == ["off"]


def test_in_a_container_neighbours_are_looked_up_again_and_again() -> None:
    text = compose()
    assert values(text, "resolver") == ["127.0.0.11 valid=5s ipv6=off"]
    assert values(text, "set") == [
        "$desk webapp:5000",
        "$neighbour grafana:3000",
        "$neighbour prometheus:9090",
        "$neighbour alertmanager:9093",
    ]
    assert set(values(text, "proxy_pass")) == {"http://$desk", "http://$neighbour"}
    assert "upstream desk" not in text


def test_natively_neighbours_are_on_loopback() -> None:
    targets = set(values(native(), "proxy_pass"))
    assert targets == {"http://desk", "http://127.0.0.1:3000", "http://127.0.0.1:9090", "http://127.0.0.1:9093"}
    assert "server 127.0.0.1:5000 max_fails=0;" in native()
    assert "resolver" not in native()


def test_debians_prometheus_page_is_rewritten_and_that_of_version_3_is_not() -> None:
    assert "sub_filter" in location(native(), "/prometheus/")
    assert "sub_filter" not in compose()


def test_debians_alertmanager_has_no_page_so_the_desks_is_shown() -> None:
    assert "location = /alertmanager/ { return 302 /alerts; }" in native()
    assert "location = /alertmanager { return 301 /alertmanager/; }" in compose()


def test_where_grafana_is_not_installed_its_port_is_not_asked() -> None:
    text = native(absent=frozenset({"grafana"}))
    assert "127.0.0.1:3000" not in text
    assert not values(location(text, "/grafana/"), "proxy_pass")
    assert values(location(text, "/grafana/"), "auth_request") == ["/_gate/grafana"]


# -- what every version has -------------------------------------------------------------------------------------------

BOTH = pytest.mark.parametrize("text", [native(), compose()], ids=["native", "compose"])


@BOTH
def test_nothing_is_left_unsaid_or_empty(text: str) -> None:
    assert "{{" not in text
    assert "None" not in text
    assert not re.search(r"\n\n\n", text)
    assert not [line for line in text.splitlines() if line != line.rstrip()]


@BOTH
def test_the_policy_of_nginx_own_pages_is_the_desks(text: str) -> None:
    assert f'"{CONTENT_SECURITY_POLICY}"' in text


@BOTH
def test_it_knows_the_cookie_of_the_session(text: str) -> None:
    assert f"$cookie_{SESSION_COOKIE}" in text


@BOTH
@pytest.mark.parametrize("tool", ["grafana", "prometheus", "alertmanager"])
def test_each_tool_is_behind_the_desk_and_told_nothing_of_the_readers(text: str, tool: str) -> None:
    body = location(text, f"/{tool}/")
    assert values(body, "auth_request") == [f"/_gate/{tool}"]
    for name, value in {"Cookie": '""', "Authorization": '""', "X-Forwarded-For": "$remote_addr"}.items():
        assert values(body, f"proxy_set_header {name}") == [value]
    assertion = "$assertion" if tool == "grafana" else '""'
    assert values(body, "proxy_set_header X-JWT-Assertion") == [assertion]


@BOTH
def test_no_variable_is_set_where_nginx_would_not_do_it_any_more(text: str) -> None:
    """After `rewrite … break` the rest of a location's `set` is passed over in silence."""
    for place in re.split(r"\n {8}(?=location )", text):
        assert " set $" not in place.partition(" break;")[2], place.splitlines()[0]


@BOTH
def test_wherever_headers_are_set_for_a_neighbour_all_are(text: str) -> None:
    """A place that sets one inherits none of those above it."""
    places = [place for place in re.split(r"\n {8}(?=location )", text) if "proxy_set_header" in place]
    assert len(places) >= 6
    for place in places:
        for name in ("X-Forwarded-For", "X-Forwarded-Proto", "X-JWT-Assertion", "X-Request-ID", "Upgrade", "Forwarded"):
            assert f"proxy_set_header {name} " in place, place.splitlines()[0]


@pytest.mark.parametrize("language", ["en", "es"])
def test_whoever_asks_for_neither_language_gets_the_settings(language: str) -> None:
    text = compose(language=language)
    assert f"map $http_accept_language $accepted_language {{\n        default {language};" in text


def test_further_names_are_answered_and_promised_https_too() -> None:
    text = compose(domain="example.org", aliases=("www.example.org", "192.0.2.7"))
    assert values(text, "server_name") == ["example.org www.example.org 192.0.2.7"] * 2
    assert values(text, "www.example.org") == ["max-age=63072000"]
    assert values(text, "192.0.2.7") == []
