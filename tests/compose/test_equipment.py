"""The equipment itself: a private engine that minds its own business, honest stand-ins, both Compose clients."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from tests.equipment.docker import clients, processes
from tests.equipment.docker.engine import Engine, attach, engine, start
from tests.equipment.docker.packages import EquipmentError
from tests.equipment.images.catalogue import LABEL, MYSQL, StandIn, published, unknown

pytestmark = pytest.mark.compose

REPOSITORY = Path(__file__).parents[2]
DATABASE_TOOLS = {"mysql": ("mysql", "mysqladmin"), "mariadb": ("mariadb", "mariadb-admin")}

THREE_SERVICES = """\
services:
  alertmanager:
    image: prom/alertmanager:v0.34.1
    command: ["--config.file=/etc/alertmanager/alertmanager.yml", "--storage.path=/alertmanager",
              "--cluster.listen-address="]
    read_only: true
    cap_drop: [ALL]
    volumes: ["alerts:/alertmanager"]
    healthcheck:
      test: ["CMD", "wget", "-q", "--spider", "http://127.0.0.1:9093/-/ready"]
      interval: 1s
      retries: 30
  prometheus:
    image: prom/prometheus:v3.13.4
    read_only: true
    cap_drop: [ALL]
    volumes: ["series:/prometheus"]
    depends_on:
      alertmanager: {condition: service_healthy}
    healthcheck:
      test: ["CMD", "wget", "-q", "--spider", "http://127.0.0.1:9090/-/ready"]
      interval: 1s
      retries: 30
  nginx:
    image: nginx:1.30.5-alpine
    read_only: true
    cap_drop: [ALL]
    cap_add: [CHOWN, SETGID, SETUID]
    tmpfs: [/var/cache/nginx, /run]
    ports: ["127.0.0.1:8080:80"]
    depends_on:
      prometheus: {condition: service_healthy}
    healthcheck:
      test: ["CMD-SHELL", "wget -q --spider http://127.0.0.1/"]
      interval: 1s
      retries: 30
volumes:
  alerts: {}
  series: {}
"""


def eventually(question: Callable[[], bool], seconds: float = 30) -> bool:
    """Asks until the answer is yes or the time is up."""
    deadline = time.monotonic() + seconds
    while not question():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True


def ids(image: StandIn) -> str:
    return image.tag


@pytest.mark.parametrize("image", published(), ids=ids)
def test_a_stand_in_says_what_it_holds_and_runs_as_the_official_user(docker: Engine, image: StandIn) -> None:
    config = json.loads(docker.docker("image", "inspect", "--format", "{{json .Config}}", image.tag))
    assert config.get("User", "") == image.user
    assert config["Labels"][f"{LABEL}.for"] == image.tag
    assert config["Labels"][f"{LABEL}.holds"]


@pytest.mark.parametrize("image", published(), ids=ids)
def test_a_shell_is_there_exactly_where_the_official_image_has_one(docker: Engine, image: StandIn) -> None:
    asked = docker.run(
        ["docker", "run", "--rm", "--network=none", "--entrypoint", "sh", image.tag, "-c", "id -u"], check=False
    )
    assert (asked.returncode == 0) == image.has_shell, asked.stderr
    if image.has_shell:
        named = {"": "0", "nobody": "65534"}
        assert asked.stdout.strip() == named.get(image.user, image.user)


@pytest.mark.parametrize(
    ("tag", "program"),
    [
        ("nginx:1.30.5-alpine", "nginx -v"),
        ("prom/prometheus:v3.13.4", "/bin/prometheus --version"),
        ("prom/prometheus:v3.13.4", "/bin/promtool --version"),
        ("prom/alertmanager:v0.34.1", "/bin/amtool --version"),
        ("prom/node-exporter:v1.12.1", "/bin/node_exporter --version"),
        ("prom/mysqld-exporter:v0.18.0", "/bin/mysqld_exporter --version"),
        ("prom/blackbox-exporter:v0.28.0", "/bin/blackbox_exporter --version"),
        ("ncabatoff/process-exporter:0.8.7", "/bin/process-exporter --version"),
        ("nginx/nginx-prometheus-exporter:1.5.3", "/usr/bin/nginx-prometheus-exporter --version"),
        ("python:3.13-slim-trixie", "/usr/local/bin/python3.13 --version"),
        ("python:3.13-slim-trixie", "python -m pip --version"),
        ("mysql:8.4.11", "mysqladmin --version"),
        ("mariadb:11.8", "mariadb-admin --version"),
    ],
)
def test_programs_lie_where_the_official_images_have_them(docker: Engine, tag: str, program: str) -> None:
    first, *others = program.split()
    docker.docker("run", "--rm", "--network=none", "--entrypoint", first, tag, *others)


def test_what_the_compose_file_names_is_in_the_catalogue() -> None:
    compose_file = REPOSITORY / "docker" / "docker-compose.yml"
    services = yaml.safe_load(compose_file.read_text())["services"].values()
    # A choice by variable is looked at by its default; the desk's own image is built, and needs no stand-in.
    tags = {re.sub(r"^\$\{\w+:-(.+)\}$", r"\1", service["image"]) for service in services}
    named = {tag for tag in tags if not tag.startswith("sereno-desk:")}
    assert "mysql:8.4.11" in named
    assert unknown(named) == []


@pytest.mark.parametrize("generation", ["1.29.2", "2"])
def test_both_generations_of_compose_bring_three_services_to_health(
    docker: Engine, generation: str, tmp_path: Path
) -> None:
    if generation == "2":
        compose = clients.compose_v2(docker)
    else:
        try:
            compose = clients.compose_v1()
        except EquipmentError as error:
            pytest.skip(str(error))
    (tmp_path / "docker-compose.yml").write_text(THREE_SERVICES)
    whole = [*compose, "--project-name", "equipment"]
    try:
        docker.run([*whole, "up", "-d"], cwd=tmp_path)
        with docker.network():
            assert eventually(lambda: _answers("http://127.0.0.1:8080/"))
        again = docker.run([*whole, "up", "-d"], cwd=tmp_path)
        assert "Recreat" not in again.stdout + again.stderr
    finally:
        docker.run([*whole, "down", "--volumes", "--timeout", "2"], cwd=tmp_path)
    assert docker.docker("ps", "--all", "--quiet", "--filter", "label=com.docker.compose.project=equipment") == ""


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    """A folder with two passwords that only the database's user may read, and an init file."""
    for name, password in (("root", "root-word"), ("app", "app-word")):
        file = tmp_path / name
        file.write_text(password)
        os.chown(file, 999, 999)
        file.chmod(0o400)
    (tmp_path / "10-table.sql").write_text(
        "CREATE TABLE greeting (word VARCHAR(20)); INSERT INTO greeting VALUES ('hello');\n"
    )
    tmp_path.chmod(0o755)
    return tmp_path


@pytest.fixture(params=["mysql:8.4.11", "mariadb:11.8"])
def database(docker: Engine, secrets: Path, request: pytest.FixtureRequest) -> Iterator[tuple[str, str, str]]:
    """A hardened database container: its name, its client and its administration program."""
    tag = request.param
    client, admin = DATABASE_TOOLS[tag.partition(":")[0]]
    name = f"equipment-{client}"
    volume = f"{name}-data"
    create = ["docker", "run", "--detach", "--name", name, "--network=none", "--read-only", "--cap-drop=ALL"]
    create += ["--user=999:999", "--security-opt=no-new-privileges:true", "--tmpfs=/tmp"]
    create += ["--tmpfs=/run/mysqld:uid=999,gid=999", f"--volume={volume}:/var/lib/mysql"]
    create += [f"--volume={secrets}:/run/secrets:ro"]
    create += [f"--volume={secrets}/10-table.sql:/docker-entrypoint-initdb.d/10-table.sql:ro"]
    for variable, value in (
        ("MYSQL_ROOT_PASSWORD_FILE", "/run/secrets/root"),
        ("MYSQL_DATABASE", "desk"),
        ("MYSQL_USER", "app"),
        ("MYSQL_PASSWORD_FILE", "/run/secrets/app"),
        ("MYSQL_INITDB_SKIP_TZINFO", "1"),
    ):
        create.append(f"--env={variable}={value}")
    docker.run([*create, tag, "--innodb-buffer-pool-size=32M"])
    yield name, client, admin
    docker.docker("rm", "--force", name)
    docker.docker("volume", "rm", volume)


def test_a_database_makes_itself_once_and_keeps_its_rows(docker: Engine, database: tuple[str, str, str]) -> None:
    name, client, admin = database
    ask = ["docker", "exec", name, client, "-h127.0.0.1", "-uapp", "-papp-word", "-N", "desk", "-e"]

    def up() -> bool:
        return docker.run(["docker", "exec", name, admin, "-h127.0.0.1", "ping"], check=False).returncode == 0

    assert eventually(up, 60), docker.docker("logs", name)
    assert docker.run([*ask, "SELECT word FROM greeting"]).stdout.strip() == "hello"
    docker.run([*ask, "INSERT INTO greeting VALUES ('stays')"])
    docker.docker("kill", name)
    docker.docker("start", name)
    assert eventually(up, 60), docker.docker("logs", name)
    assert docker.run([*ask, "SELECT COUNT(*) FROM greeting"]).stdout.strip() == "2"


def test_the_stand_in_for_mysql_names_its_server(docker: Engine) -> None:
    held = docker.docker("image", "inspect", "--format", f'{{{{index .Config.Labels "{LABEL}.holds"}}}}', MYSQL.tag)
    version = docker.docker("run", "--rm", "--network=none", "--entrypoint", "mysqld", MYSQL.tag, "--version")
    assert ("MariaDB" in version) == ("NOT MySQL" in held)


def test_the_stand_in_for_grafana_answers_health_and_nothing_else(docker: Engine) -> None:
    name = "equipment-grafana"
    docker.docker("run", "--detach", "--name", name, "--network=none", "--read-only", "--cap-drop=ALL",
                  "--volume", f"{name}:/var/lib/grafana", "grafana/grafana:12.4.10")  # fmt: skip
    fetch = ["docker", "exec", name, "wget", "-qO-"]
    try:
        healthy = [*fetch, "http://127.0.0.1:3000/api/health"]
        assert eventually(lambda: docker.run(healthy, check=False).returncode == 0)
        assert json.loads(docker.run(healthy).stdout)["database"] == "ok"
        assert "404" in docker.run([*fetch, "http://127.0.0.1:3000/login"], check=False).stderr
    finally:
        docker.docker("rm", "--force", name)
        docker.docker("volume", "rm", name)


def test_pip_works_in_a_build_and_the_result_runs_in_the_bare_image(docker: Engine, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(
        "FROM python:3.13-slim-trixie AS build\n"
        "RUN python -m venv /opt/app && /opt/app/bin/pip install --no-cache-dir click\n"
        "FROM python:3.13-slim-trixie\n"
        "COPY --from=build /opt/app /opt/app\n"
        "USER 10001\n"
        'ENTRYPOINT ["/opt/app/bin/python", "-c", "import click; print(click.__name__)"]\n'
    )
    docker.run(["docker", "build", "--quiet", "--tag", "equipment-pip", str(tmp_path)])
    assert docker.docker("run", "--rm", "--read-only", "equipment-pip") == "click"
    docker.docker("rmi", "equipment-pip")


def test_the_root_file_system_can_be_mounted_as_a_slave(bare_docker: Engine) -> None:
    seen = bare_docker.docker(
        "run", "--rm", "--volume=/:/host:ro,rslave", "--entrypoint=ls", "prom/node-exporter:v1.12.1", "/host"
    )
    assert "proc" in seen.split()


def test_an_engine_ends_with_all_that_it_started_and_leaves_others_alone(
    docker: Engine, tmp_path_factory: pytest.TempPathFactory
) -> None:
    saved = tmp_path_factory.mktemp("saved") / "image.tar"
    docker.docker("save", "--output", str(saved), "prom/node-exporter:v1.12.1")
    with engine() as second:
        second.docker("load", "--input", str(saved))
        second.docker("run", "--detach", "--publish=127.0.0.1:9100:9100", "prom/node-exporter:v1.12.1")
        with second.network():
            assert eventually(lambda: _answers("http://127.0.0.1:9100/metrics"))
        with docker.network():
            assert not _answers("http://127.0.0.1:9100/metrics"), "the port must be the second engine's alone"
        root = second.root
        assert _of(root)
    assert _of(root) == []
    assert docker.docker("version", "--format", "{{.Server.Version}}")


def test_what_a_killed_engine_left_is_ended_by_the_next_one(docker: Engine, tmp_path: Path) -> None:
    root = Path(f"/tmp/engine-killed-{os.getpid()}")
    saved = tmp_path / "image.tar"
    docker.docker("save", "--output", str(saved), "prom/node-exporter:v1.12.1")
    first = start(root)
    try:
        first.docker("load", "--input", str(saved))
        first.docker("run", "--detach", "prom/node-exporter:v1.12.1")
        os.kill(first.pid, 9)
        assert eventually(lambda: not _alive(first.pid))
        assert _of(root), "shims outlive a killed daemon; without them this test shows nothing"
        second = start(root)
        assert attach(root).pid == second.pid
        second.stop()
        assert _of(root) == []
    finally:
        first.stop()
        subprocess.run(["rm", "-rf", str(root)], check=False)


def _of(root: Path) -> list[int]:
    return [pid for pid, command in processes.listing() if any(str(root) in word for word in command)]


def _alive(pid: int) -> bool:
    return pid in dict(processes.listing())
