"""`./sereno up --on compose`, followed by hand-typed steps, and the other way round."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest
from tests.equipment.compose import CommandLine, Stack, certificate_in, eventually
from tests.equipment.docker import clients
from tests.equipment.docker.engine import Engine
from tests.equipment.docker.packages import EquipmentError

from sereno.database.schema import head_revision
from sereno.serve.catalogue import CATALOGUE

pytestmark = pytest.mark.compose

EXAMPLES = {"example-sign-in", "example-https-port"}
NAMES = {component.name for component in CATALOGUE}


@pytest.fixture(scope="module")
def sereno(docker: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    try:
        client = clients.compose_v1()
    except EquipmentError:
        client = clients.compose_v2(docker)
    stack = Stack(docker, client, cold=True)
    line = CommandLine(stack, tmp_path_factory.mktemp("home"))
    try:
        began = time.monotonic()
        line.must("up", "--on", "compose", "--lab", "--yes")
        cold = time.monotonic() - began
        print(f"\nup --on compose, cold, with the image to build: {cold:.0f} s")
        assert cold < 180
        yield line
    finally:
        stack.close()


def test_up_ends_with_every_component_healthy(sereno: CommandLine) -> None:
    rows = sereno.status()
    assert set(rows) == NAMES
    assert {row["health"] for row in rows.values()} == {"healthy"}
    assert all(row["memory_bytes"] and row["memory_limit_bytes"] and row["version"] for row in rows.values())
    assert rows["nginx"]["url"] == "https://localhost:8443"
    used = {name: row["memory_bytes"] / 2**20 for name, row in rows.items()}
    print(
        "\nmemory in MiB:",
        ", ".join(f"{name} {size:.0f}" for name, size in used.items()),
        f"= {sum(used.values()):.0f}",
    )


def test_the_doctor_finds_nothing_wrong_and_ticks_the_seeds_lines(sereno: CommandLine) -> None:
    said = sereno.must("doctor", "--live")
    assert "An alert goes all the way to the desk, and becomes an incident: yes" in said


def test_what_root_writes_into_a_clone_belongs_to_the_clones_owner(sereno: CommandLine) -> None:
    for name in (".env", "nginx/ssl/cert.pem", "nginx/ssl/key.pem"):
        file = sereno.stack.folder / name
        assert file.stat().st_uid == sereno.stack.clone.stat().st_uid, name


def test_the_seeds_steps_follow_and_recreate_nothing(sereno: CommandLine) -> None:
    before = sereno.stack.lives()
    said = sereno.stack.as_student("bash", "generate-ssl.sh", folder=sereno.stack.folder / "nginx/ssl")
    assert "kept" in said
    sereno.stack.up()
    assert len(sereno.stack.docker("ps", "--quiet").split()) == len(NAMES)
    assert sereno.stack.lives() == before


def test_up_again_changes_nothing(sereno: CommandLine) -> None:
    before = sereno.stack.lives()
    began = time.monotonic()
    sereno.must("up")
    print(f"\nup again, everything runs: {time.monotonic() - began:.1f} s")
    assert sereno.stack.lives() == before


def test_the_classroom_has_the_seeds_password(sereno: CommandLine) -> None:
    password = sereno.stack.inside("grafana", "cat", "/run/sereno/secrets/grafana/grafana-admin-password")
    assert password == "admin123"


def test_the_classrooms_examples_are_measured_like_any_probe(sereno: CommandLine) -> None:
    def states() -> set[tuple[str, str, str]]:
        listed = json.loads(sereno.must("watch", "--list", "--json"))
        return {(each["name"], each["source"], each["state"]) for each in listed}

    assert eventually(lambda: states() == {(name, "stored", "up") for name in EXAMPLES}), states()


def test_a_component_can_be_stopped_and_started(sereno: CommandLine) -> None:
    sereno.must("stop", "blackbox-exporter")
    assert sereno.status()["blackbox-exporter"]["health"] == "stopped"
    sereno.must("start", "blackbox-exporter")
    assert sereno.status()["blackbox-exporter"]["health"] == "healthy"


def test_logs_are_told_for_one_and_for_all(sereno: CommandLine) -> None:
    assert "Server is ready" in sereno.must("logs", "prometheus", "--lines", "200")
    everyone = sereno.must("logs", "--lines", "1")
    assert {line.partition("|")[0].strip() for line in everyone.splitlines()} >= {"mysql", "nginx", "webapp"}


def test_accounts_are_managed_in_the_desks_container(sereno: CommandLine) -> None:
    assert "admin" in sereno.must("user", "list")


def test_a_probe_is_added_asked_and_removed_and_what_is_inside_is_refused(sereno: CommandLine) -> None:
    def is_up(name: str) -> bool:
        listed = json.loads(sereno.must("watch", "--list", "--json"))
        return bool(next(each for each in listed if each["name"] == name)["state"] == "up")

    site = ("--name", "door", "--interval", "5s", "--any-certificate", "--contains", "alive")
    assert json.loads(sereno.must("watch", "https://nginx:8443/healthz", *site, "--json"))["kind"] == "http"
    # A container lets every user ping, and blackbox-exporter's is nobody.
    sereno.must("watch", "nginx", "--name", "ping", "--interval", "5s")
    assert eventually(lambda: is_up("door"))
    assert eventually(lambda: is_up("ping"))
    for inside in ("http://mysql:3306/", "http://prometheus:9090/", "http://169.254.169.254/"):
        done = sereno.run("watch", inside)
        assert done.returncode == 2
        assert "may not be probed from here" in done.stderr
    for name in ("door", "ping"):
        sereno.must("watch", "--remove", name)
    assert {each["name"] for each in json.loads(sereno.must("watch", "--list", "--json"))} == EXAMPLES


def test_changed_settings_reach_the_desk(sereno: CommandLine) -> None:
    file = sereno.stack.clone / "sereno.toml"
    before = sereno.stack.lives()
    file.write_text('[status_page]\ntitle = "Aula 7"\n')
    sereno.must("up")
    assert "Aula 7" in sereno.stack.get("https://127.0.0.1:8443/").body
    now = sereno.stack.lives()
    assert {name for name in NAMES if now[name] != before[name]} == {"webapp", "worker"}


def test_settings_change_what_runs_and_nothing_that_is_checked_in(sereno: CommandLine) -> None:
    file = sereno.stack.clone / "sereno.toml"
    kept = file.read_text()
    checked_in = (sereno.stack.clone / "prometheus/prometheus.yml").read_bytes()
    own = sereno.stack.clone / "prometheus/rules/custom/mine.yml"
    own.write_text("groups: [{name: mine, rules: [{record: mine:one, expr: vector(1)}]}]\n")
    file.write_text(kept + '[prometheus]\nscrape_interval = "5s"\nretention = "7d"\n')
    sereno.must("up")
    running = sereno.stack.get("http://127.0.0.1:9090/api/v1/status/config").body
    assert "scrape_interval: 5s" in running
    flags = json.loads(sereno.stack.get("http://127.0.0.1:9090/api/v1/status/flags").body)["data"]
    assert flags["storage.tsdb.retention.time"] in ("7d", "1w")
    assert '"mine"' in sereno.stack.get("http://127.0.0.1:9090/api/v1/rules").body
    assert (sereno.stack.clone / "prometheus/prometheus.yml").read_bytes() == checked_in
    file.write_text(kept)
    own.unlink()
    sereno.must("up")
    assert "scrape_interval: 15s" in sereno.stack.get("http://127.0.0.1:9090/api/v1/status/config").body


def test_a_new_certificate_is_served_after_up(sereno: CommandLine) -> None:
    folder = sereno.stack.folder / "nginx/ssl"
    before = sereno.stack.served_certificate()
    sereno.stack.as_student("bash", "generate-ssl.sh", "--force", folder=folder)
    sereno.must("up")
    made = certificate_in(folder / "cert.pem")
    assert made != before
    assert eventually(lambda: sereno.stack.served_certificate() == made), "without a restart of Nginx"


def test_a_broken_setting_ends_with_2_and_names_it(sereno: CommandLine) -> None:
    file = sereno.stack.clone / "sereno.toml"
    kept = file.read_text()
    file.write_text("[site]\nhttps_port = 0\n")
    done = sereno.run("up")
    file.write_text(kept)
    assert done.returncode == 2
    assert "site.https_port = 0" in done.stderr


def test_settings_in_the_environment_are_refused_since_hand_typed_steps_would_not_see_them(sereno: CommandLine) -> None:
    done = sereno.run("up", SERENO_SITE__HTTPS_PORT="9443")
    assert done.returncode == 2
    assert "SERENO_SITE__HTTPS_PORT" in done.stderr and "sereno.toml" in done.stderr


def test_the_other_platform_is_refused_with_the_way_to_move(sereno: CommandLine) -> None:
    done = sereno.run("up", "--on", "native")
    assert done.returncode == 2
    assert "this home runs on compose" in done.stderr and "down --erase" in done.stderr


def test_a_component_that_does_not_get_well_is_named_with_its_log(sereno: CommandLine) -> None:
    # What is written into a rendered file is lost at the next `up`, so Compose is told of a bad word by the user's own.
    override = sereno.stack.folder / "docker-compose.override.yml"
    override.write_text("services:\n  blackbox-exporter:\n    command: ['--no-such-flag']\n")
    done = sereno.run("up")
    override.unlink()
    assert done.returncode == 1
    assert "blackbox-exporter is not healthy: it ends again and again" in done.stderr
    assert "unknown long flag" in done.stderr
    sereno.must("up")


def test_a_state_of_the_desk_that_does_not_become_healthy_is_taken_back(sereno: CommandLine) -> None:
    file = sereno.stack.clone / "src/sereno/web/server.py"
    kept = file.read_text()
    before = sereno.stack.lives()
    file.write_text(kept.replace("\nimport ", "\nraise SystemExit('broken on purpose')\nimport ", 1))
    done = sereno.run("up")
    file.write_text(kept)
    assert done.returncode == 1
    assert "webapp is not healthy" in done.stderr and "broken on purpose" in done.stderr
    assert "the program was not upgraded: the state before it runs again" in done.stderr
    assert sereno.stack.get("https://127.0.0.1:8443/readyz").status in (403, 404)
    assert sereno.stack.get("https://127.0.0.1:8443/status.json").status == 200
    assert sereno.stack.lives()["mysql"] == before["mysql"]


STAMP = """
import pathlib, sys, pymysql
password = pathlib.Path("/run/sereno/secrets/desk/mysql-app-password").read_text().strip()
connection = pymysql.connect(host="mysql", user="sereno", password=password, database="sereno", autocommit=True)
with connection.cursor() as cursor:
    cursor.execute("UPDATE alembic_version SET version_num = %s", (sys.argv[1],))
"""


def test_a_schema_of_a_later_program_is_told_with_both_numbers(sereno: CommandLine) -> None:
    sereno.stack.inside("webapp", "python", "-c", STAMP, "9001")
    try:
        done = sereno.run("up")
    finally:
        sereno.stack.inside("webapp", "python", "-c", STAMP, head_revision())
    assert done.returncode == 1
    assert "webapp is not ready: the database has schema 9001" in done.stderr
    assert head_revision() in done.stderr and "restore the backup" in done.stderr
    sereno.must("up")


def test_down_stops_all_and_keeps_the_data_and_erase_removes_it(sereno: CommandLine) -> None:
    sereno.must("down")
    assert sereno.stack.containers() == {}
    volumes = sereno.stack.docker("volume", "ls", "--quiet", "--filter", "name=docker_").split()
    assert "docker_mysql-data" in volumes
    sereno.must("down", "--erase", "--yes")
    assert sereno.stack.docker("volume", "ls", "--quiet", "--filter", "name=docker_") == ""
    assert not (sereno.home / "state.json").exists()
    assert not (sereno.stack.folder / ".env").exists()
