"""What Alertmanager tells by itself: that the desk is dead, by mail and by webhook, and each minute that it lives."""

from __future__ import annotations

from collections.abc import Iterator
from email.header import decode_header, make_header
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
import yaml
from tests.equipment import monitoring
from tests.equipment.monitoring import Monitoring, free_port, wait_until
from tests.equipment.receivers import Mailbox, Receiver

from sereno.serve.catalogue import BY_NAME, default_ports
from sereno.serve.place import Place
from sereno.settings import Settings
from sereno.watch.rules import render_rules
from sereno.wiring.watched import configuration_of

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(
        bool(monitoring.missing("prometheus", "alertmanager")), reason="this machine lacks Prometheus or Alertmanager"
    ),
]


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    found = Mailbox()
    yield found
    found.close()


@pytest.fixture
def hook() -> Iterator[Receiver]:
    found = Receiver()
    yield found
    found.close()


@pytest.fixture
def watcher() -> Iterator[Receiver]:
    found = Receiver()
    yield found
    found.close()


@pytest.fixture
def desk() -> Iterator[Receiver]:
    """Stands where the desk does: what Alertmanager tells it, it takes."""
    found = Receiver()
    yield found
    found.close()


def alertmanagers(settings: Settings, home: Path, webapp: int) -> dict[str, Any]:
    """The file that is rendered natively, with its waits of minutes cut to seconds."""
    ports = dict(default_ports()) | {"webapp": webapp}
    place = Place(
        platform="native",
        profile="small",
        settings=settings,
        home=PurePosixPath(home),
        hosts=dict.fromkeys(ports, "127.0.0.1"),
        ports=ports,
    )
    text = configuration_of(BY_NAME["alertmanager"], place)["alertmanager.yml"]
    for long, short in (
        ("group_wait: 2m", "group_wait: 2s"),
        ("group_interval: 5m", "group_interval: 2s"),
        ("group_interval: 1m", "group_interval: 2s"),
        ("repeat_interval: 30s", "repeat_interval: 1s"),
    ):
        assert long in text
        text = text.replace(long, short)
    tree: dict[str, Any] = yaml.safe_load(text)
    return tree


@pytest.fixture
def watched(
    tmp_path: Path, mailbox: Mailbox, hook: Receiver, watcher: Receiver, desk: Receiver
) -> Iterator[Monitoring]:
    """Prometheus with the real rules, and Alertmanager with what the settings make of its file."""
    secrets = tmp_path / "home/secrets"
    secrets.mkdir(parents=True)
    for name in ("alertmanager-token", "notify-heartbeat-token"):
        (secrets / name).write_text(f"the-{name}")
    settings = Settings.model_validate(
        {
            "notify": {
                "fallback_email": "ana@example.org",
                "smtp_host": f"127.0.0.1:{mailbox.port}",
                "smtp_from": "desk@example.org",
                "smtp_tls": False,
                "fallback_webhook": f"{hook.url}/hook",
                "heartbeat_url": f"{watcher.url}/beat",
                "heartbeat_token_file": "secret-token",
            }
        }
    )
    servers = Monitoring(tmp_path)
    servers.start_alertmanager(alertmanagers(settings, tmp_path / "home", desk.port))
    # The desk's own port is dead from the beginning: that is what is to be told.
    servers.start_prometheus({"webapp": [(f"127.0.0.1:{free_port()}", {"instance": "webapp"})]}, render_rules(settings))
    yield servers
    servers.close()


def told(receiver: Receiver) -> set[str]:
    return {alert["labels"]["alertname"] for call in receiver.calls for alert in call.json["alerts"]}


def test_the_dead_desk_is_told_by_mail_and_by_webhook_and_the_sign_of_life_goes_on_whatever_its_watcher_does(
    watched: Monitoring, mailbox: Mailbox, hook: Receiver, watcher: Receiver, desk: Receiver
) -> None:
    wait_until("the mail has come", lambda: bool(mailbox.mails), 60)
    wait_until("the webhook was called", lambda: bool(hook.calls), 60)
    subject = str(make_header(decode_header(mailbox.mails[0]["Subject"])))
    assert "InstanceDown" in subject and "webapp" in subject
    assert any("ana@example.org" in recipient for recipient in mailbox.recipients)
    assert told(hook) == {"InstanceDown"}, "only what the desk cannot tell of itself"
    # What Prometheus says before it knows its Alertmanager is lost, and said again after a minute.
    wait_until("the sign of life has come twice", lambda: len(watcher.calls) > 1, 120)
    assert told(watcher) == {"Watchdog"}
    assert watcher.calls[0].headers["Authorization"] == "Bearer the-notify-heartbeat-token"
    assert watcher.calls[0].path == "/beat"
    # The desk is told of everything all the same.
    wait_until("the desk is told both", lambda: {"InstanceDown", "Watchdog"} <= told(desk), 30)
    keys = {call.json["groupKey"] for call in desk.calls}
    assert all(key.startswith("{}/{}:{alertname=") for key in keys), keys
    watcher.status = 503
    before = len(watcher.calls)
    wait_until("it is refused", lambda: len(watcher.calls) > before, 60)
    watcher.status = 200
    before = len(watcher.calls)
    wait_until("it comes again", lambda: len(watcher.calls) > before + 1, 60)
