"""A service, probes and further machines of the settings file in Compose: at the desk, killed, and after a reboot."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.equipment.compose import CommandLine, Stack, eventually
from tests.equipment.docker import clients
from tests.equipment.docker.engine import Engine
from tests.equipment.docker.packages import EquipmentError
from tests.equipment.guides import blocks

pytestmark = pytest.mark.compose

GATEWAY = "10.213.41.1"
"""Of the network `ops`: this machine, as containers see it."""

SETTINGS = f"""\
[[services]]
name = "bakery"
title = "The bakery"
title_es = "La panadería"
upstream = "bakery:80"

[[probes]]
name = "bread"
title = "Fresh bread"
target = "http://bakery/"
contains = "Fresh bread"
interval = "5s"

[[probes]]
name = "cake"
title = "Cake"
target = "http://bakery/cake"
interval = "5s"

[[probes]]
name = "port"
kind = "tcp"
target = "bakery:81"
interval = "5s"

[[hosts]]
name = "second"
address = "{GATEWAY}:9101"

[[hosts]]
name = "third"
address = "{GATEWAY}:9199"
"""
(OVERRIDE,) = (block.text for block in blocks("your-first-service.md") if block.language == "yaml")
"""The container `bakery`, as the guide has it."""


@dataclass
class Server:
    """The stack, and someone who is signed in at its desk."""

    line: CommandLine
    cookies: str = field(default="", init=False)

    @property
    def stack(self) -> Stack:
        return self.line.stack

    def status(self) -> dict[str, Any]:
        """What the public page tells programs."""
        answer = self.stack.get("https://127.0.0.1:8443/status.json")
        told: dict[str, Any] = json.loads(answer.body) if answer.status == 200 else {}
        return told

    def state(self, name: str) -> str:
        """What the public page says of one component, service or probe."""
        return next((each["state"] for each in self.status().get("components", []) if each["name"] == name), "")

    def firing(self) -> set[tuple[str, str]]:
        """The alerts that the desk has taken and shows: name and instance."""
        answer = self.stack.get("https://127.0.0.1:8443/api/v1/alerts?state=firing", Cookie=self.cookies)
        listed = json.loads(answer.body)["alerts"] if answer.status == 200 else []
        return {(each["name"], each["labels"].get("instance", "")) for each in listed}


@pytest.fixture(scope="module")
def server(docker: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    try:
        client = clients.compose_v1()
    except EquipmentError:
        client = clients.compose_v2(docker)
    stack = Stack(docker, client)
    running = Server(CommandLine(stack, tmp_path_factory.mktemp("home")))
    (stack.clone / "sereno.toml").write_text(SETTINGS)
    (stack.folder / "docker-compose.override.yml").write_text(OVERRIDE)
    (stack.folder / "site").mkdir()
    (stack.folder / "site/index.html").write_text("<h1>Fresh bread</h1>")
    try:
        running.line.must("up", "--on", "compose", "--yes")
        running.cookies = stack.sign_in()
        yield running
    finally:
        stack.close()


def test_probes_of_the_file_are_asked_and_shown(server: Server) -> None:
    assert eventually(lambda: server.state("bread") == "up", 60)
    assert eventually(lambda: (server.state("cake"), server.state("port")) == ("down", "down"), 60)
    assert "La panadería" in server.stack.get("https://127.0.0.1:8443/", Accept_Language="es").body


def test_what_does_not_answer_as_it_should_is_an_alert_at_the_desk_by_its_name(server: Server) -> None:
    wanted = {("ProbeFailed", "cake"), ("ProbeFailed", "port"), ("InstanceDown", "third")}
    assert eventually(lambda: wanted <= server.firing(), 90), server.firing()
    assert not {("ProbeFailed", "bread"), ("InstanceDown", "second")} & server.firing()


def test_each_further_machine_is_measured_under_its_name(server: Server) -> None:
    measured = {each["name"]: each for each in server.status()["machines"]}
    assert set(measured) == {"second", "third"}
    assert server.stack.targets()["second"] is True


def test_a_wrong_rule_of_the_users_own_is_refused_by_file_and_nothing_changes(server: Server) -> None:
    rule = server.stack.clone / "prometheus/rules/custom/mine.yml"
    rule.write_text("groups: [{name: mine, rules: [{alert: Broken, expr: 'up ='}]}]\n")
    before = server.stack.lives()
    refused = server.line.run("up")
    assert refused.returncode == 1
    assert "prometheus refuses its configuration" in refused.stderr
    assert "rules/custom/mine.yml" in refused.stderr and "parse error" in refused.stderr
    assert server.stack.lives() == before
    rule.write_text("groups: [{name: mine, rules: [{record: mine:one, expr: vector(1)}]}]\n")
    server.line.must("up")
    assert '"mine"' in server.stack.get("http://127.0.0.1:9090/api/v1/rules").body
    assert {name for name, life in server.stack.lives().items() if life != before[name]} == {"prometheus"}


def test_who_is_killed_is_told_on_its_page_on_the_status_page_and_at_the_desk_within_a_minute(server: Server) -> None:
    assert eventually(lambda: server.state("bakery") == "up", 60)
    began = time.monotonic()
    server.stack.docker("rm", "--force", server.stack.id("bakery"))
    assert eventually(lambda: "does not answer" in server.stack.get("https://127.0.0.1:8443/bakery/").body, 15)
    left = began + 60 - time.monotonic()
    assert eventually(lambda: server.state("bakery") == "down", left)
    assert eventually(lambda: ("ProbeFailed", "bakery") in server.firing(), began + 60 - time.monotonic())
    server.stack.compose("up", "-d", "--no-deps", "bakery")
    assert eventually(lambda: server.state("bakery") == "up", 60)


def test_after_a_reboot_everything_is_back_without_anybody(server: Server) -> None:
    stack = server.stack
    before = stack.lives()
    stack.engine.restart()
    assert eventually(lambda: {row["health"] for row in server.line.status().values()} == {"healthy"}, 240)
    now = stack.lives()
    assert {name: identity for name, (identity, _) in now.items()} == {name: each[0] for name, each in before.items()}
    assert all(now[name][1] > before[name][1] for name in before)
    assert eventually(lambda: stack.get("https://127.0.0.1:8443/bakery/").body == "<h1>Fresh bread</h1>", 30)
    assert eventually(lambda: server.state("bakery") == "up", 90)
    # Who was signed in still is, and an alert that goes on is still known.
    assert eventually(lambda: ("InstanceDown", "third") in server.firing(), 120)
