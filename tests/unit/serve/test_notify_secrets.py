"""How what `[notify]` names reaches the desk and Alertmanager, on both platforms, and nobody else."""

from __future__ import annotations

import os
import stat
from pathlib import Path, PurePosixPath

import pytest
import yaml

from sereno import prepare
from sereno.core.errors import SettingsError
from sereno.serve.catalogue import BY_NAME, default_ports
from sereno.serve.native import files
from sereno.serve.native.home import Home
from sereno.serve.place import Place
from sereno.serve.render import compose_place, render
from sereno.settings import Settings, load_settings

TEXT = """\
[notify]
fallback_email = "ana@example.org"
fallback_webhook = "https://hooks.example.org/s3cret-word"
smtp_host = "mail.example.org:587"
smtp_user = "ana"
smtp_password_file = "secret-smtp"
heartbeat_url = "https://other.example/api/v1/heartbeats/here"
heartbeat_token_file = "secret-token"
[[notify.channels]]
name = "mail"
url_file = "secret-mail"
"""


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    folder = tmp_path / "clone"
    folder.mkdir()
    (folder / "sereno.toml").write_text(TEXT)
    (folder / "secret-smtp").write_text("mail password\n")
    (folder / "secret-token").write_text("srn_abc\n")
    (folder / "secret-mail").write_text("mailto://ana:x@mail.example.org\n")
    return folder


def test_natively_they_lie_among_the_secrets_until_they_are_named_no_more(clone: Path, tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    files.bring_notify_secrets(home, clone, load_settings(clone / "sereno.toml", {}))
    found = {file.name: file.read_text() for file in (home / "secrets").iterdir()}
    assert found["notify-channel-mail"] == "mailto://ana:x@mail.example.org"
    assert found["notify-smtp-password"] == "mail password"
    assert {stat.S_IMODE(file.stat().st_mode) for file in (home / "secrets").iterdir()} == {0o600}
    files.bring_notify_secrets(home, clone, Settings())
    assert list((home / "secrets").iterdir()) == []


def test_in_compose_each_reader_gets_its_own(clone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.chown", lambda *_: None)
    monkeypatch.setattr("os.fchown", lambda *_: None)
    monkeypatch.setattr(prepare, "READERS", dict.fromkeys(prepare.READERS, os.getuid()))
    secrets = tmp_path / "secrets"
    for reader in ("desk", "alertmanager"):
        (secrets / reader).mkdir(parents=True)
    settings = load_settings(clone / "sereno.toml", {})
    assert len(list(prepare._notify(clone, secrets, settings))) == 5
    assert [file.name for file in (secrets / "desk").iterdir()] == ["notify-channel-mail"]
    assert sorted(file.name for file in (secrets / "alertmanager").iterdir()) == [
        "notify-fallback-webhook",
        "notify-heartbeat-token",
        "notify-heartbeat-url",
        "notify-smtp-password",
    ]
    outside = settings.model_copy(
        update={"notify": settings.notify.model_copy(update={"smtp_password_file": "/etc/passwd"})}
    )
    with pytest.raises(SettingsError, match="outside of the clone"):
        list(prepare._notify(clone, secrets, outside))


def test_in_compose_alertmanagers_file_holds_no_secret(clone: Path) -> None:
    settings = load_settings(clone / "sereno.toml", {})
    text = render("alertmanager/alertmanager.yml.j2", compose_place(settings), component=BY_NAME["alertmanager"])
    assert "s3cret-word" not in text
    assert "other.example" not in text


def test_every_alert_reaches_the_desk_whatever_else_it_reaches(clone: Path) -> None:
    ports = dict(default_ports())
    place = Place(
        platform="native",
        profile="small",
        settings=load_settings(clone / "sereno.toml", {}),
        home=PurePosixPath("/home"),
        hosts=dict.fromkeys(ports, "127.0.0.1"),
        ports=ports,
    )
    tree = yaml.safe_load(render("alertmanager/alertmanager.yml.j2", place, component=BY_NAME["alertmanager"]))
    *special, last = tree["route"]["routes"]
    assert all(route["continue"] for route in special)
    assert last == {"receiver": "desk"}
    receivers = {receiver["name"]: receiver for receiver in tree["receivers"]}
    assert receivers["fallback"]["email_configs"][0]["auth_password_file"] == "/home/secrets/notify-smtp-password"
    heartbeat = receivers["heartbeat"]["webhook_configs"][0]
    assert heartbeat["http_config"]["authorization"]["credentials_file"] == "/home/secrets/notify-heartbeat-token"
    bare = yaml.safe_load(
        render("alertmanager/alertmanager.yml.j2", compose_place(), component=BY_NAME["alertmanager"])
    )
    assert "routes" not in bare["route"]
