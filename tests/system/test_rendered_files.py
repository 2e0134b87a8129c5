"""Each rendered file through its own component's checker, for both platforms, with default and with other settings."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path, PurePosixPath

import pytest
import yaml
from tests.equipment.mariadb import MariaDb
from tests.equipment.monitoring import answers, free_port, wait_until

from sereno.serve.catalogue import BY_NAME, default_ports
from sereno.serve.handover import make_secrets
from sereno.serve.place import Place
from sereno.serve.render import render_component, users_sql
from sereno.serve.repository import write_files
from sereno.settings import Settings
from sereno.wiring.configuration import repository_files
from sereno.wiring.watched import configuration_of

ROOT = Path(__file__).parents[2]
OTHER_SETTINGS = Settings.model_validate(
    {
        "site": {"domain": "shop.example.org", "http_port": 80, "https_port": 443, "language": "es"},
        "prometheus": {"scrape_interval": "5s", "retention": "7d", "retention_size": "500MB"},
        "alerts": {"cpu_percent": 95, "cpu_for": "10m", "memory_available_percent": 5, "disk_free_percent": 3},
    }
)
NOTIFY_SETTINGS = Settings.model_validate(
    {
        "notify": {
            "fallback_email": "ana@example.org, ben@example.org",
            "fallback_webhook": "https://hooks.example.org/a?b=c&d='e'",
            "smtp_host": "mail.example.org:587",
            "smtp_user": "ana",
            "smtp_password_file": "secret-smtp",
            "heartbeat_url": "https://other.example/api/v1/heartbeats/here",
            "heartbeat_token_file": "secret-token",
            "heartbeat_ca_file": "secret-ca",
        }
    }
)
SETTINGS = [
    pytest.param(Settings(), id="defaults"),
    pytest.param(OTHER_SETTINGS, id="other settings"),
    pytest.param(NOTIFY_SETTINGS, id="notify settings"),
]


def native_place(home: Path, settings: Settings) -> Place:
    ports = dict(default_ports())
    return Place(
        platform="native",
        profile="small",
        settings=settings,
        home=PurePosixPath(home),
        hosts=dict.fromkeys(ports, "127.0.0.1"),
        ports=ports,
    )


@pytest.fixture(params=SETTINGS)
def settings(request: pytest.FixtureRequest) -> Settings:
    chosen: Settings = request.param
    return chosen


@pytest.fixture(params=["compose", "native"])
def folders(request: pytest.FixtureRequest, settings: Settings, tmp_path: Path) -> dict[str, Path]:
    """Component → the folder of its rendered configuration, on each platform."""
    if request.param == "compose":
        write_files(tmp_path, repository_files(settings))
        docker = tmp_path / "docker"
        return {
            "prometheus": tmp_path / "prometheus",
            "alertmanager": tmp_path / "alertmanager",
            "mysql": docker / "mysql",
            "blackbox-exporter": docker / "blackbox-exporter",
            "process-exporter": docker / "process-exporter",
        }
    place = native_place(tmp_path, settings)
    for name in ("prometheus", "alertmanager", "mysql", "blackbox-exporter", "process-exporter"):
        component = BY_NAME[name]
        write_files(tmp_path / "etc" / name, render_component(component, place) | configuration_of(component, place))
    return {path.name: path for path in (tmp_path / "etc").iterdir()}


def checked(*words: str, folder: Path | None = None) -> str:
    """The output of a checker that has to end with 0."""
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_prometheus_accepts_its_configuration_with_all_rules(folders: dict[str, Path]) -> None:
    said = checked("promtool", "check", "config", str(folders["prometheus"] / "prometheus.yml"))
    assert said.count("rules found") >= 5


def test_alertmanager_accepts_its_configuration(folders: dict[str, Path], settings: Settings) -> None:
    file = folders["alertmanager"] / "alertmanager.yml"
    if "url_file:" in file.read_text() and amtool_version() < (0, 26):
        pytest.skip("amtool before 0.26 knows no url_file, which is for Compose's image alone")
    receivers = 3 if settings.notify.has_fallback else 1
    assert f"{receivers} receivers" in checked("amtool", "check-config", str(file))


def amtool_version() -> tuple[int, ...]:
    """Which amtool this machine has."""
    found = re.search(r"version (\d+)\.(\d+)", checked("amtool", "--version"))
    assert found is not None
    return int(found[1]), int(found[2])


def test_blackbox_exporter_accepts_its_modules(folders: dict[str, Path]) -> None:
    file = folders["blackbox-exporter"] / "blackbox.yml"
    checked("prometheus-blackbox-exporter", f"--config.file={file}", "--config.check")


def test_process_exporter_reads_its_groups(folders: dict[str, Path]) -> None:
    file = folders["process-exporter"] / "process.yml"
    assert [each["name"] for each in yaml.safe_load(file.read_text())["process_names"]][: len(BY_NAME)] == list(BY_NAME)
    port = free_port()
    exporter = ["prometheus-process-exporter", "-config.path", str(file), "-web.listen-address", f"127.0.0.1:{port}"]
    with subprocess.Popen(exporter) as running:
        try:
            wait_until("it answers with its file", lambda: answers(f"http://127.0.0.1:{port}/metrics"), 15)
        finally:
            running.kill()


def test_mariadb_knows_every_variable_of_its_configuration(folders: dict[str, Path]) -> None:
    file = folders["mysql"] / "my.cnf"
    said = checked("mariadbd", f"--defaults-file={file}", "--verbose", "--help")
    values = dict(line.split(None, 1) for line in said.splitlines() if len(line.split(None, 1)) == 2)
    assert values["innodb-flush-log-at-trx-commit"].strip() == "1"
    assert values["sync-binlog"].strip() == "1"
    assert values["transaction-isolation"].strip() == "READ-COMMITTED"
    assert values["character-set-server"].strip() == "utf8mb4"


def test_that_check_finds_a_variable_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "my.cnf").write_text("[mysqld]\nno_such_variable = 1\n")
    done = subprocess.run(
        ["mariadbd", f"--defaults-file={tmp_path / 'my.cnf'}", "--verbose", "--help"], capture_output=True, check=False
    )
    assert done.returncode != 0 or b"unknown variable" in done.stderr + done.stdout


def test_docker_compose_accepts_the_file(settings: Settings, tmp_path: Path) -> None:
    write_files(tmp_path, repository_files(settings))
    said = checked("docker-compose", "config", folder=tmp_path / "docker")
    assert "WARNING" not in said and "not set" not in said
    seen = yaml.safe_load(said)
    assert len(seen["services"]) == 13


def test_the_profile_for_1_gb_changes_the_database_and_nothing_else(tmp_path: Path) -> None:
    write_files(tmp_path, repository_files(Settings()))
    standard = yaml.safe_load(checked("docker-compose", "config", folder=tmp_path / "docker"))["services"]
    (tmp_path / "docker/.env").write_text(
        "SERENO_PROFILE=small\nSERENO_DATABASE_IMAGE=mariadb:11.8\nSERENO_DATABASE_MEMORY=192m\n"
        "SERENO_DATABASE_BUFFERS=32M\n"
    )
    small = yaml.safe_load(checked("docker-compose", "config", folder=tmp_path / "docker"))["services"]
    different = {name for name in small if small[name] != standard[name]}
    assert different == {"mysql", "webapp", "worker"}
    assert small["mysql"]["image"] == "mariadb:11.8"


@pytest.fixture
def database() -> MariaDb:
    return MariaDb()


def test_the_databases_users_are_made_and_mended_by_the_same_statements(database: MariaDb, tmp_path: Path) -> None:
    """With Debian's own server; the containers' servers are asked in the tests of Compose."""
    try:
        database.create()
        statements = users_sql(native_place(tmp_path, Settings()), make_secrets({}, lab=False)).splitlines()
        database.run("CREATE USER ''@localhost", "CREATE USER root@'10.0.0.1'")
        # As the server itself reads them: a root without a password is there until the last one is done.
        kept = [line for line in statements if "'root'@'localhost'" not in line]
        database.run(*kept)
        database.run("DROP USER sereno_exporter@'127.0.0.1'", "ALTER USER sereno@'127.0.0.1' IDENTIFIED BY 'lost'")
        database.run(*kept)
        users = set(database.run("SELECT User, Host FROM mysql.user WHERE User <> 'mariadb.sys'"))
        assert users == {("root", "localhost")} | {
            (name, "127.0.0.1") for name in ("sereno", "sereno_exporter", "sereno_backup")
        }
        limit = database.run("SELECT max_user_connections FROM mysql.user WHERE User = 'sereno_exporter'")
        assert limit == [(3,)]
    finally:
        database.close()
