"""What `up` says at its end: for each way in which people reach the server, in the classroom and out of it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sereno.cli import urls
from sereno.cli.here import Here
from sereno.cli.urls import USUAL_PORTS, Facts, told
from sereno.keep.certificates import record
from sereno.keep.certificates.model import Held, Kind, Report
from sereno.serve.native.home import Home, State
from sereno.settings import Settings

MOMENT = datetime(2026, 11, 2, tzinfo=UTC)
CERTIFICATE = Path("/home/sereno/cert.pem")


@pytest.fixture
def here(tmp_path: Path) -> Here:
    return Here(root=tmp_path, home=Home(tmp_path / "home"), settings=Settings())


@pytest.fixture(params=[True, False], ids=["with Grafana", "without Grafana"])
def grafana(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether Grafana is installed on this machine."""
    program = tmp_path / "grafana"
    if request.param:
        program.touch()
    monkeypatch.setattr(urls, "PROGRAM", program)
    return bool(request.param)


def said(settings: dict[str, Any], **facts: Any) -> str:
    """What `up` tells on the machine `vps-7`, to its user ana."""
    known: dict[str, Any] = {
        "machine": "vps-7",
        "account": "ana",
        "ports": USUAL_PORTS,
        "desk_login": "admin, password in FILE",
        "grafana": "http://localhost:3000/",
        "certificate": CERTIFICATE,
    }
    return "\n".join(told(Settings.model_validate(settings), Facts(**known | facts)))


def line(text: str, head: str) -> str:
    """The one line that begins with `head`."""
    found = [each for each in text.splitlines() if each.strip().startswith(head)]
    assert len(found) == 1, text
    return " ".join(found[0].split())


def test_with_no_settings_it_is_localhost_and_the_machines_name_at_8443() -> None:
    text = said({})
    assert line(text, "Status page") == ("Status page https://localhost:8443/ (from elsewhere: https://vps-7:8443/)")
    assert line(text, "Desk") == "Desk https://localhost:8443/desk admin, password in FILE"
    assert "only this machine has signed it" in text and str(CERTIFICATE) in text
    assert "open 8443 and 8080, nothing else" in text
    assert "ssh -L 3000:localhost:3000 -L 9090:localhost:9090 ana@vps-7" in text


def test_a_domain_on_443_is_named_without_a_port() -> None:
    text = said({"site": {"domain": "status.example.org", "http_port": 80, "https_port": 443}})
    assert line(text, "Status page") == (
        "Status page https://status.example.org/ (on this machine: https://localhost/)"
    )
    assert line(text, "Desk").startswith("Desk https://status.example.org/desk ")
    assert "open 443 and 80, nothing else" in text
    assert "ana@status.example.org" in text
    assert ":443" not in text and "8443" not in text and "8080" not in text


def test_behind_anothers_proxy_people_come_by_its_address_and_only_it_is_let_in() -> None:
    text = said({"site": {"public_url": "https://www.example.org/"}})
    assert line(text, "Status page") == (
        "Status page https://www.example.org/ (on this machine: https://localhost:8443/)"
    )
    assert line(text, "Desk").startswith("Desk https://www.example.org/desk ")
    assert "let what answers there reach port 8443" in text
    assert "open 8443 and 8080" not in text
    # The browser meets the proxy's certificate; the proxy meets ours.
    assert "import" not in text and f"has to accept {CERTIFICATE}" in text
    assert "ana@vps-7" in text, "the proxy's name does not lead to this machine's ssh"


def test_behind_anothers_proxy_a_certificate_of_ones_own_needs_no_word() -> None:
    site = {"public_url": "https://www.example.org", "domain": "origin.example.org", "certificate": "a", "key": "b"}
    text = said({"site": site})
    assert "has to accept" not in text and "only this machine" not in text


def test_an_authoritys_certificate_is_trusted_once_it_is_here() -> None:
    settings = {
        "site": {"domain": "status.example.org", "http_port": 80, "https_port": 443},
        "certificate": {"kind": "acme"},
    }
    waiting = said(settings)
    assert "acme-v02.api.letsencrypt.org; until it is here" in waiting
    assert "./sereno certificate show" in waiting
    there = said(settings, is_issued=True)
    for text in (waiting, there):
        assert "only this machine has signed it" not in text and str(CERTIFICATE) not in text
        assert "open 443 and 80, nothing else" in text and "The authority asks" not in text
    assert "browsers warn" not in there and "certificate show" not in there


def test_with_other_ports_the_authority_has_to_be_let_in_at_80() -> None:
    text = said({"site": {"domain": "status.example.org"}, "certificate": {"kind": "acme"}}, is_issued=True)
    assert "https://status.example.org:8443/" in text
    assert "The authority asks at port 80: have that lead to port 8080 here." in text


def test_a_certificate_of_ones_own_needs_no_word() -> None:
    text = said({"site": {"domain": "status.example.org", "https_port": 443, "certificate": "a.pem", "key": "a.key"}})
    assert "certificate" not in text and str(CERTIFICATE) not in text
    assert "open 443 and 8080, nothing else" in text


def test_the_tunnel_leads_to_the_ports_that_are_in_use() -> None:
    text = said({}, ports=USUAL_PORTS | {"prometheus": 19090})
    assert "-L 19090:localhost:19090" in text and "http://localhost:19090/" in text


def test_behind_sudo_the_tunnel_is_for_who_typed_it(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUDO_USER", "ana")
    assert " ana@" in urls.farewell(here, State(platform="native", profile="small"))


def test_the_classroom_is_told_to_be_one_with_its_login_and_the_way_out(here: Here, grafana: bool) -> None:
    said = urls.farewell(here, State(platform="native", profile="small", lab=True, ports={"grafana": 3300}))
    assert "classroom set-up (--lab)" in said
    assert "admin / admin123" in said
    assert "port 3300" in said
    assert "./sereno down --erase, then ./sereno up" in said
    assert ("not installed" in said) is not grafana
    assert "measured every 15s" in said and 'scrape_interval = "5s"' in said


def test_the_classrooms_virtual_machine_is_reached_from_the_one_around_it(
    here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = State(platform="compose", profile="standard", lab=True)
    assert "answers on this machine alone" in urls.farewell(here, state)
    monkeypatch.setenv("SERENO_LAB_VM", "1")
    assert "answers on the machine around this one alone" in urls.farewell(here, state)


@pytest.mark.usefixtures("grafana")
def test_elsewhere_no_known_password_is_named(here: Here) -> None:
    said = urls.farewell(here, State(platform="native", profile="small"))
    assert "admin123" not in said
    assert "classroom" not in said
    assert f"password in {here.home / 'secrets/first-admin-password'}" in said


def test_in_compose_it_is_the_same_classroom(here: Here) -> None:
    said = urls.farewell(here, State(platform="compose", profile="standard", lab=True))
    assert "classroom set-up (--lab)" in said
    assert "http://localhost:3000/           admin, password admin123 (classroom)" in said


@pytest.mark.parametrize(("kind", "issued"), [("self-signed", False), ("acme", True)])
def test_what_the_worker_holds_says_whether_the_authority_answered(tmp_path: Path, kind: Kind, issued: bool) -> None:
    settings = Settings.model_validate({"site": {"domain": "s.example.org"}, "certificate": {"kind": "acme"}})
    home = Home(tmp_path)
    (tmp_path / "www").mkdir()
    held = Held(kind, ("s.example.org",), "somebody", "01", "ab", MOMENT, MOMENT)
    report = Report(made_at=MOMENT, kind="acme", wanted=held.names, held=held, planned_at=None, why="lifetime")
    (tmp_path / "www/certificates.json").write_text(record.written(report))
    text = urls.farewell(Here(tmp_path, home, settings), State(platform="native", profile="small"))
    assert ("until it is here" in text) is not issued
