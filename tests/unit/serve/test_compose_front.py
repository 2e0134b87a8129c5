"""Nginx's container is asked before it is given new files, and then takes them over without a pause."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.unit.serve.test_compose_platform import Box, FakeEngine, Scene

from sereno.core.errors import SerenoError, UsageError
from sereno.outside.processes import Finished
from sereno.serve.catalogue import CATALOGUE
from sereno.settings import Settings
from sereno.settings.own import Service

STARTED = datetime.now(UTC) - timedelta(hours=1)
RUN = ("run", "--rm", "--no-deps", "-T")
CHECK = (*RUN, "nginx", "nginx", "-t", "-q")


@dataclass
class NginxEngine(FakeEngine):
    """Its Nginx reloads, unless it is told not to, and finds fault with its files when it is told to."""

    fault: str = ""
    reloads: bool = True
    serving: int = 1
    mark: int = 0
    told: list[str] = field(default_factory=list)

    def compose(self, arguments: Sequence[str], *, timeout_seconds: float = 600) -> Finished:
        super().compose(arguments, timeout_seconds=timeout_seconds)
        return Finished(1, self.fault) if self.fault and tuple(arguments) == CHECK else Finished(0, "")

    def ask(self, container: str, argv: Sequence[str]) -> Finished:
        if container != "id-of-nginx" or argv[0] == "ask":
            return Finished(0, "")
        self.told.append(argv[0])
        if argv[0] == "/bin/sh":
            return Finished(0, f"{self.serving}\n")
        if argv[0] == "stat":
            return Finished(0, f"{self.mark}\n") if self.mark else Finished(1, "no such file")
        if argv[0] == "nginx" and self.reloads:
            self.serving += 1
        if argv[0] == "touch":
            self.mark = int(datetime.now(UTC).timestamp()) + 1
        return Finished(0, "")


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """A stack that runs, whose settings make another nginx.conf than the one it has."""
    (tmp_path / "docker/rendered/docker/nginx").mkdir(parents=True)
    (tmp_path / "docker/rendered/docker/nginx/nginx.conf").write_text("old\n")
    os.utime(tmp_path / "docker/rendered/docker/nginx/nginx.conf", (0, 0))
    (tmp_path / "docker/.env").write_text("SERENO_RENDERED=./rendered\n")
    folder = str(tmp_path / "docker")
    boxes = {each.name: Box(each.name, folder=folder) for each in CATALOGUE}
    boxes["nginx"] = replace(boxes["nginx"], since=STARTED)
    engine = NginxEngine(boxes=boxes, after_up=lambda: boxes)
    return Scene(tmp_path, engine, files={"docker/nginx/nginx.conf": "new\n"})


def engine(scene: Scene) -> NginxEngine:
    assert isinstance(scene.engine, NginxEngine)
    return scene.engine


def conf(scene: Scene) -> str:
    return (scene.root / "docker/rendered/docker/nginx/nginx.conf").read_text()


def test_it_is_asked_first_and_then_takes_them_over_without_a_restart(scene: Scene) -> None:
    scene.up()
    asked = engine(scene).asked
    assert asked.index((*RUN, "prepare")) < asked.index(CHECK) < asked.index(("up", "-d", "--remove-orphans"))
    assert ("restart", "nginx") not in asked
    assert (engine(scene).serving, conf(scene)) == (2, "new\n")


def test_the_second_time_nothing_is_left_to_do(scene: Scene) -> None:
    scene.up()
    engine(scene).asked.clear()
    engine(scene).told.clear()
    scene.up()
    assert CHECK not in engine(scene).asked
    assert "nginx" not in engine(scene).told
    assert ("restart", "nginx") not in engine(scene).asked


def test_a_mistake_is_told_in_its_words_and_what_runs_stays_as_it_was(scene: Scene) -> None:
    engine(scene).fault = 'nginx: [emerg] unknown directive "nonsense" in /etc/nginx/conf.d/shop.conf:3\n'
    scene.files["docker/nginx/nginx.conf"] = "wrong\n"
    scene.settings = Settings(site=scene.settings.site.model_copy(update={"https_port": 9443}))
    with pytest.raises(SerenoError) as refusal:
        scene.up()
    assert "/etc/nginx/conf.d/shop.conf:3" in refusal.value.log_tail
    assert "what runs goes on as it was" in refusal.value.next_step
    assert (conf(scene), scene.environment) == ("old\n", "SERENO_RENDERED=./rendered\n")
    assert ("up", "-d", "--remove-orphans") not in engine(scene).asked


def test_a_snippet_of_the_users_own_is_checked_and_taken_over_as_well(scene: Scene) -> None:
    scene.up()
    engine(scene).asked.clear()
    own = scene.root / "docker/nginx/conf.d/shop.conf"
    own.parent.mkdir(parents=True)
    own.write_text("# mine\n")
    later = datetime.now(UTC).timestamp() + 10
    os.utime(own, (later, later))
    scene.up()
    assert CHECK in engine(scene).asked
    assert engine(scene).serving == 3


def test_one_that_does_not_change_over_is_restarted(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sereno.serve.compose.front._TAKEOVER_SECONDS", 0.1)
    engine(scene).reloads = False
    scene.up()
    assert ("restart", "nginx") in engine(scene).asked


def test_where_nothing_runs_yet_nobody_is_asked(scene: Scene) -> None:
    engine(scene).boxes = {}
    engine(scene).after_up = lambda: {each.name: Box(each.name) for each in CATALOGUE}
    scene.up()
    assert CHECK not in engine(scene).asked


def test_a_service_at_the_loopback_is_refused_with_the_way_out(scene: Scene) -> None:
    (scene.root / "docker/.env").write_text("SERENO_OPS_GATEWAY=10.9.8.1\n")
    scene.settings = Settings(services=(Service(name="shop", upstream="127.0.0.1:3001"),))
    with pytest.raises(UsageError) as refusal:
        scene.up()
    assert "'shop' is at 127.0.0.1:3001" in refusal.value.message
    assert "have it listen at 10.9.8.1" in refusal.value.next_step
    assert engine(scene).asked == []
