"""The platform Compose against an engine that only remembers what it was asked."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Network
from pathlib import Path

import pytest

from sereno.core.errors import SerenoError, UsageError
from sereno.outside.processes import Finished, Holder
from sereno.serve.catalogue import BY_NAME, CATALOGUE
from sereno.serve.catalogue.desk import IMAGE
from sereno.serve.compose import stale, watch
from sereno.serve.compose.health import health_of, words_for
from sereno.serve.native.home import Home, State
from sereno.serve.platforms.compose import ComposePlatform, Machine
from sereno.serve.render import compose_place
from sereno.settings import Settings

LATER = datetime(2100, 1, 1, tzinfo=UTC)
"""After every file of these tests was written."""
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Box:
    """A container as the engine would describe it."""

    service: str
    state: str = "running"
    health: str = "healthy"
    exit_code: int = 0
    restarts: int = 0
    out_of_memory: bool = False
    image: str = "mysql:8.4.11"
    folder: str = ""
    check: tuple[str, ...] = ("ask",)
    since: datetime | None = LATER
    ended: datetime | None = None
    memory_limit: int | None = 64 * 1024 * 1024

    @property
    def id(self) -> str:
        return f"id-of-{self.service}"


@dataclass
class Done:
    """A Compose command that has ended already."""

    end: Finished

    def finished(self) -> Finished:
        return self.end

    def stop(self) -> None:
        raise AssertionError("it has ended")


@dataclass
class FakeEngine:
    """Everything is well unless a test says otherwise."""

    boxes: dict[str, Box] = field(default_factory=dict)
    after_up: Callable[[], dict[str, Box]] = field(default=lambda: {each.name: Box(each.name) for each in CATALOGUE})
    up_code: int = 0
    asked: list[tuple[str, ...]] = field(default_factory=list)
    answers: dict[str, int] = field(default_factory=dict)
    """Container's id → what a question in it ends with."""
    startable: bool = True
    readiness: Finished = field(default_factory=lambda: Finished(0, ""))
    images: dict[str, str] = field(default_factory=dict)
    builds: str = ""
    """The id of the image that `build` makes; empty: the one that is there."""
    after_return: Callable[[], dict[str, Box]] = field(
        default=lambda: {each.name: Box(each.name) for each in CATALOGUE}
    )
    missing_images: set[str] = field(default_factory=set)
    faults: dict[tuple[str, ...], str] = field(default_factory=dict)
    """How a Compose command begins that fails → what it says."""
    taken: list[IPv4Network] = field(default_factory=list)

    def containers(self) -> list[Box]:
        return list(self.boxes.values())

    def compose(self, arguments: Sequence[str], *, timeout_seconds: float = 600) -> Finished:
        self.asked.append(tuple(arguments))
        if arguments[0] == "build" and self.builds:
            self.images[IMAGE] = self.builds
        if arguments[0] == "up":
            self.boxes = self.after_return()
        if arguments[0] == "start" and self.startable:
            self.boxes |= {name: replace(self.boxes[name], state="running") for name in arguments[1:]}
        said = [words for begins, words in self.faults.items() if tuple(arguments[: len(begins)]) == begins]
        return Finished(1, said[0]) if said else Finished(0, "")

    def begin(self, arguments: Sequence[str]) -> Done:
        self.asked.append(tuple(arguments))
        self.boxes = self.after_up()
        return Done(Finished(self.up_code, "compose's own words"))

    def ask(self, container: str, argv: Sequence[str]) -> Finished:
        if "/readyz" in argv:
            return self.readiness
        return Finished(self.answers.get(container, 0), "")

    def attach(self, container: str, argv: Sequence[str], environment: Sequence[str]) -> int:
        self.asked.append((container, *argv, *environment))
        return 7

    def has_image(self, tag: str) -> bool:
        return tag not in self.missing_images

    def image_id(self, tag: str) -> str | None:
        return self.images.get(tag)

    def tag(self, image: str, tag: str) -> None:
        self.asked.append(("tag", image, tag))
        self.images[tag] = image

    def pull(self, tag: str) -> Finished:
        self.asked.append(("pull", tag))
        return Finished(0, "")

    def tail(self, container: str, lines: int) -> str:
        return f"the last words of {container}"

    def logs(self, service: str | None, *, follow: bool, lines: int) -> Iterator[str]:
        yield from ()

    def memory(self) -> dict[str, int]:
        return {"mysql": 5}

    def networks_taken(self) -> list[IPv4Network]:
        return self.taken


class Ports:
    """Only what the platform asks of the machine's processes."""

    def __init__(self, taken: dict[int, Holder] | None = None) -> None:
        self.taken = taken or {}

    def port_holder(self, port: int) -> Holder | None:
        return self.taken.get(port)


class Words:
    def __init__(self) -> None:
        self.said: list[str] = []

    def step(self, words: str) -> None:
        self.said.append(words)

    say = step

    def tell(self, error: SerenoError) -> None:
        self.said.append(error.message)


@dataclass
class Scene:
    """A clone in a folder with a platform over it."""

    root: Path
    engine: FakeEngine
    state: State = field(default_factory=lambda: State(platform="compose", profile="standard"))
    settings: Settings = field(default_factory=Settings)
    overrides: tuple[str, ...] = ()
    lab_machine: bool = False
    ports: Ports = field(default_factory=Ports)
    words: Words = field(default_factory=Words)
    files: dict[str, str] = field(default_factory=lambda: {"prometheus/prometheus.yml": "text\n"})

    @property
    def platform(self) -> ComposePlatform:
        return ComposePlatform(
            root=self.root,
            home=Home(self.root / "home"),
            settings=self.settings,
            state=self.state,
            engine=self.engine,
            processes=self.ports,  # type: ignore[arg-type]
            machine=Machine("box", self.lab_machine, self.overrides, "alice"),
            files=lambda: self.files,
            certificate=lambda folder: folder.mkdir(parents=True, exist_ok=True),
        )

    def up(self) -> None:
        self.platform.up(self.words)

    @property
    def environment(self) -> str:
        return (self.root / "docker/.env").read_text()


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    (tmp_path / "docker").mkdir()
    return Scene(tmp_path, FakeEngine())


def all_up(scene: Scene, **changed: Box) -> dict[str, Box]:
    boxes = {each.name: Box(each.name, folder=str(scene.root / "docker")) for each in CATALOGUE}
    return boxes | {name.replace("_", "-"): box for name, box in changed.items()}


def test_up_writes_builds_and_starts(scene: Scene) -> None:
    scene.up()
    assert (scene.root / "docker/rendered/prometheus/prometheus.yml").read_text() == "text\n"
    assert not (scene.root / "prometheus/prometheus.yml").exists()
    assert "SERENO_PROFILE=standard" in scene.environment
    assert "SERENO_RENDERED=./rendered" in scene.environment
    assert scene.engine.asked == [("build", "prepare"), ("up", "-d", "--remove-orphans")]


def test_what_is_as_it_is_checked_in_is_used_from_there(scene: Scene) -> None:
    (scene.root / "prometheus").mkdir()
    (scene.root / "prometheus/prometheus.yml").write_text("text\n")
    scene.up()
    assert "SERENO_RENDERED" not in scene.environment
    assert not (scene.root / "docker/rendered").exists()


def test_what_earlier_settings_wanted_and_these_do_not_is_removed(scene: Scene) -> None:
    scene.files = {"prometheus/prometheus.yml": "text\n", "prometheus/rules/gone.yml": "old\n"}
    scene.up()
    scene.files.pop("prometheus/rules/gone.yml")
    scene.up()
    assert [path.name for path in (scene.root / "docker/rendered").rglob("*.yml")] == ["prometheus.yml"]
    assert (scene.root / "docker/rendered/prometheus/targets").is_dir()


def test_settings_of_the_compose_file_go_into_the_environment(scene: Scene) -> None:
    scene.settings = Settings.model_validate({"site": {"https_port": 443}, "prometheus": {"retention": "7d"}})
    scene.up()
    assert "SERENO_HTTPS_PORT=443" in scene.environment and "SERENO_RETENTION=7d" in scene.environment
    scene.settings = Settings()
    scene.up()
    assert "SERENO_HTTPS_PORT" not in scene.environment and "SERENO_RETENTION" not in scene.environment


def test_up_fetches_what_is_missing_and_nothing_else(scene: Scene) -> None:
    scene.engine.missing_images = {BY_NAME["nginx"].image}
    scene.up()
    assert [each for each in scene.engine.asked if each[0] == "pull"] == [("pull", BY_NAME["nginx"].image)]


def test_a_small_machine_fetches_mariadb(scene: Scene) -> None:
    scene.state.profile = "small"
    scene.engine.missing_images = {"mariadb:11.8", BY_NAME["mysql"].image}
    scene.up()
    assert [each for each in scene.engine.asked if each[0] == "pull"] == [("pull", "mariadb:11.8")]


def test_the_profile_follows_the_database_that_is_there(scene: Scene) -> None:
    scene.engine.boxes = all_up(scene, mysql=Box("mysql", image="mariadb:11.8", folder=str(scene.root / "docker")))
    scene.up()
    assert "SERENO_DATABASE_IMAGE=mariadb:11.8" in scene.environment
    remembered = Home(scene.root / "home").state()
    assert remembered is not None and remembered.profile == "small"


def test_what_hand_typed_steps_have_chosen_stays_also_when_nothing_runs_now(scene: Scene) -> None:
    (scene.root / "docker/.env").write_text("SERENO_DATABASE_IMAGE=mariadb:11.8\nSERENO_LAB=1\n")
    scene.up()
    remembered = Home(scene.root / "home").state()
    assert remembered is not None and (remembered.profile, remembered.lab) == ("small", True)
    assert "SERENO_DATABASE_MEMORY=192m" in scene.environment and "SERENO_LAB=1" in scene.environment


def test_settings_in_the_environment_are_refused(scene: Scene) -> None:
    scene.overrides = ("SERENO_SITE__HTTPS_PORT",)
    with pytest.raises(UsageError, match="SERENO_SITE__HTTPS_PORT"):
        scene.up()
    assert scene.engine.asked == []


def test_another_clone_under_the_same_name_is_left_alone(scene: Scene) -> None:
    scene.engine.boxes = {"mysql": Box("mysql", folder="/srv/other/docker")}
    with pytest.raises(SerenoError, match="/srv/other/docker"):
        scene.up()


def test_a_taken_port_is_told_with_its_holder(scene: Scene) -> None:
    scene.ports = Ports({9090: Holder(4242, "prometheus")})
    with pytest.raises(SerenoError, match=r"9090.*prometheus \(pid 4242\)"):
        scene.up()


def test_ports_of_our_own_containers_are_not_taken(scene: Scene) -> None:
    scene.ports = Ports({port: Holder(1, "docker-proxy") for port in (8080, 8443, 9090, 9093, 9100, 3000)})
    scene.engine.boxes = all_up(scene)
    scene.up()


def test_a_second_network_is_chosen_when_the_first_is_taken_and_then_kept(scene: Scene) -> None:
    scene.engine.taken = [IPv4Network("10.213.0.0/16")]
    scene.up()
    assert "SERENO_OPS_SUBNET=10.197.86.0/24" in scene.environment or "SERENO_OPS_SUBNET=192.168" in scene.environment
    chosen = scene.environment
    scene.engine.taken = []
    scene.up()
    assert scene.environment == chosen


def test_a_failed_one_shot_is_named_with_its_last_words(scene: Scene) -> None:
    scene.engine.up_code = 1
    scene.engine.after_up = lambda: {"prepare": Box("prepare", state="exited", exit_code=2, health="")}
    with pytest.raises(SerenoError, match="prepare is not healthy") as failure:
        scene.up()
    assert failure.value.log_tail == "the last words of id-of-prepare"


def test_the_first_unhealthy_component_in_order_is_named(scene: Scene) -> None:
    scene.engine.up_code = 1
    sick = {"webapp": Box("webapp", health="unhealthy"), "mysql": Box("mysql", health="unhealthy")}
    scene.engine.after_up = lambda: all_up(scene) | sick
    with pytest.raises(SerenoError, match="mysql is not healthy: its health check says unhealthy"):
        scene.up()


def test_one_that_ends_again_and_again_is_named_also_while_it_runs_for_a_moment(scene: Scene) -> None:
    scene.engine.up_code = 1
    scene.engine.after_up = lambda: all_up(scene, mysql=Box("mysql", health="starting", restarts=2))
    scene.engine.answers = {"id-of-mysql": 1}
    with pytest.raises(SerenoError, match="mysql is not healthy") as failure:
        scene.up()
    assert failure.value.log_tail == "the last words of id-of-mysql"


def test_a_refusal_of_compose_itself_is_passed_on(scene: Scene) -> None:
    scene.engine.up_code = 1
    with pytest.raises(SerenoError) as failure:
        scene.up()
    assert failure.value.log_tail == "compose's own words"


def test_what_the_engine_asks_seldom_is_asked_at_once(scene: Scene) -> None:
    scene.engine.after_up = lambda: all_up(scene, blackbox_exporter=Box("blackbox-exporter", health="starting"))
    scene.up()


def test_a_component_that_never_gets_well_is_named(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "HEALTH_SECONDS", 0)
    scene.engine.after_up = lambda: all_up(scene, nginx=Box("nginx", health="starting"))
    scene.engine.answers = {"id-of-nginx": 1}
    with pytest.raises(SerenoError, match="nginx is not healthy: its health check says starting"):
        scene.up()


def test_a_new_image_that_does_not_become_healthy_gives_way_to_the_one_before(scene: Scene) -> None:
    scene.engine.images = {IMAGE: "sha256:old"}
    scene.engine.builds = "sha256:new"
    scene.engine.up_code = 1
    scene.engine.after_up = lambda: all_up(scene, webapp=Box("webapp", health="unhealthy"))
    with pytest.raises(SerenoError, match="the program was not upgraded: the state before it runs again"):
        scene.up()
    assert scene.engine.asked[-2:] == [("tag", "sha256:old", IMAGE), ("up", "-d", "--remove-orphans")]
    assert "webapp is not healthy: its health check says unhealthy" in scene.words.said


def test_when_the_one_before_fails_too_that_is_said(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "HEALTH_SECONDS", 0)
    scene.engine.images = {IMAGE: "sha256:old"}
    scene.engine.builds = "sha256:new"
    scene.engine.up_code = 1
    scene.engine.after_up = lambda: all_up(scene, webapp=Box("webapp", health="unhealthy"))
    scene.engine.after_return = scene.engine.after_up
    scene.engine.answers = {"id-of-webapp": 1}
    with pytest.raises(SerenoError, match="neither this state of the program nor the one before"):
        scene.up()


def test_the_same_image_has_nothing_to_give_way_to(scene: Scene) -> None:
    scene.engine.images = {IMAGE: "sha256:old"}
    scene.engine.up_code = 1
    scene.engine.after_up = lambda: all_up(scene, webapp=Box("webapp", health="unhealthy"))
    with pytest.raises(SerenoError, match="webapp is not healthy"):
        scene.up()
    assert not [each for each in scene.engine.asked if each[0] == "tag"]


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ('{"status": "refused", "detail": "the database has schema 9001"}', "webapp is not ready: the database has"),
        ('{"status": "waiting", "detail": "migrating"}', "webapp is not ready after 0 s: migrating"),
    ],
)
def test_a_desk_that_is_healthy_and_not_ready_is_told_in_its_own_words(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, answer: str, told: str
) -> None:
    monkeypatch.setattr(watch, "READY_SECONDS", 0)
    scene.engine.readiness = Finished(1, answer)
    with pytest.raises(SerenoError, match=told):
        scene.up()


def test_one_that_an_interrupted_up_had_asked_to_end_is_started_again(scene: Scene) -> None:
    scene.engine.after_up = lambda: all_up(scene, grafana=Box("grafana", state="exited", exit_code=137))
    scene.up()
    assert scene.engine.asked[-1] == ("start", "grafana")


def test_one_that_ends_however_often_it_is_started_is_named(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "HEALTH_SECONDS", 0.01)
    scene.engine.startable = False
    scene.engine.after_up = lambda: all_up(scene, grafana=Box("grafana", state="exited", exit_code=137))
    with pytest.raises(SerenoError, match="grafana is not healthy: it has ended with exit code 137"):
        scene.up()
    assert [each for each in scene.engine.asked if each[0] == "start"] == [("start", "grafana")]


def test_a_component_without_a_check_is_asked_for_by_its_neighbour(scene: Scene) -> None:
    scene.engine.boxes = all_up(scene, nginx_exporter=Box("nginx-exporter", check=(), health=""))
    scene.engine.answers = {"id-of-prometheus": 1}
    row = next(row for row in scene.platform.status() if row.name == "nginx-exporter")
    assert row.health == "unhealthy" and "9113" in row.detail


def test_what_has_changed_since_it_started_is_restarted(scene: Scene) -> None:
    scene.engine.boxes = all_up(scene) | {
        "prometheus": Box("prometheus", since=LONG_AGO, folder=str(scene.root / "docker"))
    }
    boxes = dict(scene.engine.boxes)
    scene.engine.after_up = lambda: boxes
    moment = (LONG_AGO + timedelta(days=1)).timestamp()
    scene.up()
    os.utime(scene.root / "docker/rendered/prometheus/prometheus.yml", (moment, moment))
    scene.engine.asked.clear()
    scene.up()
    assert [each for each in scene.engine.asked if each[0] == "restart"] == [("restart", "prometheus")]


def test_targets_of_the_users_own_need_no_restart(tmp_path: Path) -> None:
    (tmp_path / "prometheus/targets").mkdir(parents=True)
    (tmp_path / "prometheus/targets/mine.yml").write_text("[]")
    boxes = {"prometheus": Box("prometheus", since=LONG_AGO)}
    assert stale.older_than_their_files(tmp_path, compose_place(), boxes) == []


def test_settings_reach_those_that_read_them(tmp_path: Path) -> None:
    (tmp_path / "sereno.toml").write_text("")
    boxes = {name: Box(name, since=LONG_AGO) for name in ("nginx", "webapp", "worker", "mysql")}
    assert stale.older_than_their_files(tmp_path, compose_place(), boxes) == ["webapp", "worker"]


def test_a_command_of_the_desk_runs_beside_it_for_the_one_who_types(scene: Scene) -> None:
    scene.engine.boxes = all_up(scene)
    assert scene.platform.run_desk(["user", "list"]) == 7
    assert scene.engine.asked == [("id-of-worker", "python", "-m", "sereno.cli", "user", "list", "SUDO_USER=alice")]


def test_without_the_desk_its_commands_say_what_to_start(scene: Scene) -> None:
    with pytest.raises(SerenoError, match="the desk does not run"):
        scene.platform.run_desk(["user", "list"])


def test_erasing_removes_volumes_and_this_machines_choices_but_not_the_users_lines(scene: Scene) -> None:
    scene.up()
    (scene.root / "docker/.env").write_text(scene.environment + "TZ=UTC\n")
    scene.platform.down(scene.words, erase=True)
    assert ("down", "--remove-orphans", "--volumes") in scene.engine.asked
    assert scene.environment.strip() == "TZ=UTC"


def test_erasing_forgets_the_profile(scene: Scene) -> None:
    scene.up()
    scene.platform.down(scene.words, erase=True)
    assert not (scene.root / "docker/.env").exists()


@pytest.mark.parametrize(
    ("box", "health", "words"),
    [
        (None, "absent", "there is no container of it"),
        (Box("nginx"), "healthy", ""),
        (Box("nginx", health=""), "healthy", ""),
        (Box("nginx", health="starting"), "starting", "its health check says starting"),
        (Box("nginx", health="unhealthy"), "unhealthy", "its health check says unhealthy"),
        (Box("nginx", state="exited", exit_code=1), "stopped", "it has ended with exit code 1"),
        (
            Box("nginx", state="restarting", exit_code=1, restarts=3),
            "unhealthy",
            "it ends again and again (exit code 1, 3 restarts)",
        ),
        (
            Box("nginx", state="restarting", out_of_memory=True),
            "unhealthy",
            "it was killed because it needed more memory than its limit (48 MiB)",
        ),
    ],
)
def test_a_containers_state_in_words(box: Box | None, health: str, words: str) -> None:
    assert health_of(box) == health
    assert words_for(BY_NAME["nginx"], box) == words


PROMTOOL = ("run", "--rm", "--no-deps", "-T", "--entrypoint", "/bin/promtool", "prometheus")


def changed_rule(scene: Scene) -> None:
    """Prometheus runs, and the user has written a rule since it started."""
    scene.engine.boxes = all_up(scene, prometheus=Box("prometheus", since=LONG_AGO, folder=str(scene.root / "docker")))
    own = scene.root / "prometheus/rules/custom/mine.yml"
    own.parent.mkdir(parents=True)
    own.write_text("groups: []\n")


def test_a_changed_rule_is_shown_to_promtool_first(scene: Scene) -> None:
    changed_rule(scene)
    boxes = dict(scene.engine.boxes)
    scene.engine.after_up = lambda: boxes
    scene.up()
    asked = [each[: len(PROMTOOL)] for each in scene.engine.asked]
    assert (
        asked.index(PROMTOOL) < asked.index(("up", "-d", "--remove-orphans")) < asked.index(("restart", "prometheus"))
    )


def test_a_wrong_rule_is_refused_in_promtools_words_and_nothing_is_restarted(scene: Scene) -> None:
    changed_rule(scene)
    fine = "Checking /etc/prometheus/rules/host.yml\n  SUCCESS: 9 rules found\n\n" * 12
    scene.engine.faults[PROMTOOL] = f"{fine}  FAILED:\nmine.yml: parse error\n{fine}"
    with pytest.raises(SerenoError, match="prometheus refuses its configuration") as refusal:
        scene.up()
    assert refusal.value.log_tail == "  FAILED:\nmine.yml: parse error"
    assert not [each for each in scene.engine.asked if each[0] in ("up", "restart")]


def test_the_worker_only_saves_what_users_add_and_is_not_restarted_for_it(tmp_path: Path) -> None:
    for name in ("prometheus/rules/custom/mine.yml", "prometheus/targets/mine.yml", "docker/nginx/conf.d/mine.conf"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text("")
    boxes = {name: Box(name, since=LONG_AGO) for name in ("nginx", "prometheus", "worker")}
    assert sorted(stale.older_than_their_files(tmp_path, compose_place(), boxes)) == ["nginx", "prometheus"]


def test_the_folder_of_backups_reaches_compose(scene: Scene) -> None:
    scene.settings = Settings.model_validate({"backup": {"folder": "/mnt/disk"}})
    scene.up()
    assert "SERENO_BACKUPS=/mnt/disk" in scene.environment
    scene.settings = Settings()
    scene.up()
    assert "SERENO_BACKUPS" not in scene.environment
