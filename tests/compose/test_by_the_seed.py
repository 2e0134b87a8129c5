"""The seed's own steps in a clean clone, typed by hand: an ordinary user, with sudo only where the seed has it."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import threading
from pathlib import Path

import pytest
from tests.equipment.compose import Answer, CommandLine, Stack, certificate_in, eventually

from sereno.serve.catalogue import CATALOGUE
from sereno.serve.compose_file import has_check

pytestmark = pytest.mark.compose

NAMES = {component.name for component in CATALOGUE}
INSTANCES = (NAMES - {"mysql", "nginx", "grafana"}) | {"desk", "redirect"}

WRITER = """
import pathlib, pymysql
password = pathlib.Path("/run/sereno/secrets/desk/mysql-app-password").read_text()
connection = pymysql.connect(host="mysql", user="sereno", password=password, database="sereno", autocommit=True)
with connection.cursor() as cursor:
    cursor.execute("CREATE TABLE IF NOT EXISTS test_rows (number INT PRIMARY KEY)")
    for number in range(100000):
        cursor.execute("INSERT INTO test_rows VALUES (%s)", (number,))
        print(number, flush=True)
"""

READER = """
import pathlib, pymysql
password = pathlib.Path("/run/sereno/secrets/desk/mysql-app-password").read_text()
connection = pymysql.connect(host="mysql", user="sereno", password=password, database="sereno")
with connection.cursor() as cursor:
    cursor.execute("SELECT COUNT(*), MAX(number) FROM test_rows")
    print(*cursor.fetchone())
"""

GRANTS = """
import sys, pymysql
connection = pymysql.connect(host="mysql", user=sys.argv[1], password=sys.argv[2])
with connection.cursor() as cursor:
    cursor.execute("SHOW GRANTS")
    print(*(row[0] for row in cursor.fetchall()), sep="\\n")
"""


def test_http_leads_to_https_and_the_page_is_answered_over_tls(by_the_seed: Stack) -> None:
    redirect = by_the_seed.get("http://127.0.0.1:8080/alerts")
    assert (redirect.status, redirect.headers["Location"]) == (301, "https://127.0.0.1:8443/alerts")
    # Hand-typed steps do not wait for the schema to be made.
    assert eventually(lambda: by_the_seed.get("https://127.0.0.1:8443/").status == 200)
    page = by_the_seed.get("https://127.0.0.1:8443/", Accept_Language="es")
    assert '<html lang="es"' in page.body


def test_nginx_serves_the_certificate_that_step_4_made(by_the_seed: Stack) -> None:
    assert by_the_seed.served_certificate() == certificate_in(by_the_seed.folder / "nginx/ssl/cert.pem")


def test_prometheus_reaches_every_target_and_the_page_shows_this_machine(by_the_seed: Stack) -> None:
    assert eventually(lambda: by_the_seed.targets() == dict.fromkeys(INSTANCES, True)), by_the_seed.targets()
    assert eventually(lambda: re.search(r"\d+ %", by_the_seed.get("https://127.0.0.1:8443/").body) is not None)


def test_node_exporter_sees_the_host_and_not_its_container(by_the_seed: Stack) -> None:
    metrics = by_the_seed.get("http://127.0.0.1:9100/metrics").body
    root = re.search(r'node_filesystem_size_bytes\{.*mountpoint="/"\} (\S+)', metrics)
    assert root is not None
    held = os.statvfs("/")
    assert float(root[1]) == held.f_blocks * held.f_frsize
    # The engine's own network is the host's here: its bridges are seen, which a container's would not be.
    assert re.search(r'node_network_receive_bytes_total\{device="br-', metrics)


def test_process_exporter_names_the_stacks_parts(by_the_seed: Stack) -> None:
    def missing() -> set[str]:
        answer = by_the_seed.get("http://127.0.0.1:9090/api/v1/label/groupname/values")
        return NAMES - set(json.loads(answer.body)["data"])

    assert eventually(lambda: not missing()), missing()


def test_the_grafana_that_is_there_answers_on_loopback(by_the_seed: Stack) -> None:
    assert by_the_seed.get("http://127.0.0.1:3000/api/health").status == 200


@pytest.mark.parametrize("path", ["/metrics", "/readyz", "/_gate/auth"])
def test_internal_addresses_are_refused_from_outside(by_the_seed: Stack, path: str) -> None:
    assert by_the_seed.get(f"https://127.0.0.1:8443{path}").status in (403, 404)


@pytest.mark.parametrize("path", ["/grafana/", "/prometheus/graph", "/alertmanager/"])
def test_a_stranger_at_a_tool_is_sent_to_sign_in(by_the_seed: Stack, path: str) -> None:
    sent = by_the_seed.get(f"https://127.0.0.1:8443{path}", X_JWT_Assertion="forged", X_WEBAUTH_USER="admin")
    assert (sent.status, sent.headers["Location"].partition("?")[0]) == (303, "/login")


def test_one_login_opens_every_tool_through_nginx(by_the_seed: Stack) -> None:
    cookie = by_the_seed.sign_in()

    def get(path: str) -> Answer:
        return by_the_seed.get(f"https://127.0.0.1:8443{path}", Cookie=cookie)

    assert json.loads(get("/prometheus/api/v1/query?query=up").body)["status"] == "success"
    root = get("/prometheus/")
    assert root.status == 200 or root.headers["Location"].startswith("/prometheus/")
    assert json.loads(get("/alertmanager/api/v2/status").body)["versionInfo"]
    # What stands here where Grafana would answers its health alone; below the path, only Nginx can have led there.
    assert get("/grafana/api/health").status in (200, 404)


def test_while_the_webapp_is_stopped_the_last_good_page_and_the_way_to_the_tools_are_shown(by_the_seed: Stack) -> None:
    def page(path: str, language: str = "en") -> Answer:
        return by_the_seed.get(f"https://127.0.0.1:8443{path}", Accept_Language=language)

    by_the_seed.compose("stop", "--timeout", "10", "webapp")
    try:
        assert eventually(lambda: "the desk does not answer" in page("/").body), page("/").body
        assert '<html lang="es"' in page("/", "es").body
        tunnel = page("/prometheus/graph", "es")
        assert (tunnel.status, "ssh -L 3000:localhost:3000" in tunnel.body) == (503, True)
    finally:
        by_the_seed.compose("start", "webapp")
    assert eventually(lambda: page("/login").status == 200)


def test_each_listening_socket_is_known_and_only_nginx_goes_beyond_loopback(by_the_seed: Stack) -> None:
    loopback = {("127.0.0.1", port) for port in (3000, 9090, 9093, 9100)}
    everyone = {(address, port) for address in ("0.0.0.0", "::") for port in (8080, 8443)}
    assert by_the_seed.sockets() - everyone == loopback | {("10.213.41.1", 9101)}


INNER_PORTS = {
    "mysql": {3306},
    "webapp": {5000},
    "worker": {5001},
    "nginx": {8080, 8081, 8443},
    "prometheus": {9090},
    "alertmanager": {9093},
    "grafana": {3000},
    "mysqld-exporter": {9104},
    "nginx-exporter": {9113},
    "blackbox-exporter": {9115},
    "process-exporter": {9256},
}
"""Node Exporter listens on the machine itself, as the test before sees it."""


def test_nothing_else_listens_inside_the_containers(by_the_seed: Stack) -> None:
    told = {}
    for name, container in by_the_seed.containers().items():
        if name in INNER_PORTS:
            inside = ["nsenter", "--net", "--target", str(container["State"]["Pid"])]
            lines = by_the_seed.engine.run([*inside, "ss", "-lntuH"]).stdout.splitlines()
            # Docker's own name server listens in each container, at that address.
            own = [line.split()[4].rpartition(":") for line in lines if "127.0.0.11:" not in line]
            told[name] = {int(port) for _, _, port in own}
    assert told == INNER_PORTS


def test_no_container_has_more_rights_than_the_file_says(by_the_seed: Stack) -> None:
    for name, told in by_the_seed.containers().items():
        host = told["HostConfig"]
        assert host["ReadonlyRootfs"] and host["CapDrop"] == ["ALL"] and not host["Privileged"], name
        assert host["Memory"] > 0 and host["NanoCpus"] > 0 and host["PidsLimit"] > 0, name


def test_the_containers_really_run_with_those_rights(by_the_seed: Stack) -> None:
    status = by_the_seed.inside("webapp", "cat", "/proc/1/status")
    assert re.search(r"CapEff:\s0+$", status, re.MULTILINE) and "NoNewPrivs:\t1" in status
    assert re.search(r"Uid:\t10001\t10001", status)
    refused = by_the_seed.inside("webapp", "touch", "/opt/sereno/x", check=False)
    assert refused == "", "the root file system can be written"


def test_no_secret_is_told_by_logs_environment_or_command_lines(by_the_seed: Stack) -> None:
    volume = Path(by_the_seed.docker("volume", "inspect", "--format", "{{.Mountpoint}}", "docker_secrets"))
    kept = [file.read_text() for file in (volume / "kept").iterdir()]
    assert len(kept) >= 9
    told = by_the_seed.compose("logs", "--no-color") + str(by_the_seed.containers())
    assert not [text for text in kept if text.strip().splitlines()[0] in told and "BEGIN" not in text.splitlines()[0]]
    assert "PRIVATE KEY" not in told


def test_each_secret_can_be_read_by_its_reader_alone(by_the_seed: Stack) -> None:
    volume = Path(by_the_seed.docker("volume", "inspect", "--format", "{{.Mountpoint}}", "docker_secrets"))
    for file in (path for path in volume.rglob("*") if path.is_file()):
        # What backups are made of is read by a group, to which the worker alone belongs.
        assert stat.S_IMODE(file.stat().st_mode) == (0o440 if file.parent.name == "backups" else 0o400), file
        assert file.stat().st_uid == file.parent.stat().st_uid
    for service, folder in (("alertmanager", "mysql"), ("webapp", "mysql"), ("mysql", "desk"), ("grafana", "desk"),
                            ("webapp", "backups"), ("nginx", "backups")):  # fmt: skip
        assert by_the_seed.inside(service, "ls", f"/run/sereno/secrets/{folder}", check=False) == ""
        assert by_the_seed.inside(service, "ls", "/run/sereno/secrets/kept", check=False) == ""


def test_the_databases_users_have_the_rights_they_need_and_no_others(by_the_seed: Stack) -> None:
    volume = Path(by_the_seed.docker("volume", "inspect", "--format", "{{.Mountpoint}}", "docker_secrets"))
    passwords = {
        "sereno": (volume / "kept/mysql-app-password").read_text(),
        "sereno_exporter": (volume / "kept/mysql-exporter-password").read_text(),
        "sereno_backup": (volume / "kept/mysql-backup-password").read_text(),
    }
    grants = {user: by_the_seed.inside("webapp", "python", "-c", GRANTS, user, passwords[user]) for user in passwords}
    for user, told in grants.items():
        everywhere = next(line for line in told.splitlines() if " ON *.* " in line)
        assert not re.search(r"SELECT|ALL PRIVILEGES|SUPER|CREATE USER|FILE", everywhere), (user, everywhere)
    assert "ALL PRIVILEGES ON `sereno`.*" in grants["sereno"]
    assert "SELECT ON `performance_schema`.*" in grants["sereno_exporter"]
    assert "`sereno`.*" not in grants["sereno_exporter"]
    assert "INSERT" not in grants["sereno_backup"]
    assert by_the_seed.inside("webapp", "python", "-c", GRANTS, "root", "", check=False) == ""


def test_docker_ps_shows_every_service_up_and_healthy(by_the_seed: Stack) -> None:
    # Not the first of the tests: what nothing waits for is asked after 30 s, which pass with the others.
    assert eventually(lambda: all(by_the_seed.is_healthy(name) for name in NAMES)), by_the_seed.docker("ps", "--all")
    rows = by_the_seed.docker("ps", "--format", "{{.Names}} {{.Status}}").splitlines()
    assert len(rows) == len(NAMES)
    assert sum("(healthy)" in row for row in rows) == sum(map(has_check, CATALOGUE))


def test_typing_step_5_again_changes_nothing(by_the_seed: Stack) -> None:
    before = by_the_seed.lives()
    secrets = Path(by_the_seed.docker("volume", "inspect", "--format", "{{.Mountpoint}}", "docker_secrets"))
    made = {path: path.stat().st_mtime_ns for path in secrets.rglob("*") if path.is_file()}
    by_the_seed.up()
    assert by_the_seed.lives() == before
    assert {path: path.stat().st_mtime_ns for path in secrets.rglob("*") if path.is_file()} == made


def test_the_command_line_follows_hand_typed_steps_and_changes_nothing(
    by_the_seed: Stack, tmp_path_factory: pytest.TempPathFactory
) -> None:
    before = by_the_seed.lives()
    line = CommandLine(by_the_seed, tmp_path_factory.mktemp("home"))
    line.must("up", "--on", "compose", "--yes")
    assert by_the_seed.lives() == before


def test_a_killed_database_comes_back_with_every_acknowledged_row(by_the_seed: Stack) -> None:
    acknowledged: list[int] = []
    enough = threading.Event()
    writer = subprocess.Popen(
        [*by_the_seed.engine.prefix(), "docker", "exec", by_the_seed.id("webapp"), "python", "-c", WRITER],
        env=by_the_seed.engine.env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip

    def listen() -> None:
        for line in writer.stdout or ():
            acknowledged.append(int(line))
            if len(acknowledged) == 200:
                enough.set()

    listener = threading.Thread(target=listen)
    listener.start()
    assert enough.wait(60), "the writer does not write"
    restarts = by_the_seed.containers()["mysql"]["RestartCount"]
    os.kill(by_the_seed.containers()["mysql"]["State"]["Pid"], 9)
    writer.wait(60)
    listener.join()
    assert eventually(lambda: by_the_seed.containers()["mysql"]["RestartCount"] > restarts)
    assert eventually(lambda: by_the_seed.is_healthy("mysql")), by_the_seed.docker("logs", by_the_seed.id("mysql"))
    count, highest = map(int, by_the_seed.inside("webapp", "python", "-c", READER).split())
    # The last one may have been written without its acknowledgement reaching the writer.
    assert count == highest + 1 and count >= len(acknowledged)
    assert eventually(lambda: by_the_seed.get("https://127.0.0.1:8443/").status == 200)


def test_a_killed_webapp_comes_back_and_nginx_finds_it(by_the_seed: Stack) -> None:
    os.kill(by_the_seed.containers()["webapp"]["State"]["Pid"], 9)
    # The page goes on being answered, by its last good copy; what only the desk answers comes back.
    assert by_the_seed.get("https://127.0.0.1:8443/").status == 200
    assert eventually(lambda: by_the_seed.get("https://127.0.0.1:8443/login").status == 200)


def test_a_stopped_component_is_told_by_prometheus_and_the_desk(by_the_seed: Stack) -> None:
    def told() -> str:
        page = by_the_seed.get("https://127.0.0.1:8443/", Accept_Language="en").body
        alerts = re.search(r'aria-labelledby="alerts-now".*?</section>', page, re.DOTALL)
        return alerts[0] if alerts else ""

    by_the_seed.compose("stop", "node-exporter")
    try:
        shown = eventually(lambda: "node-exporter does not answer" in told(), 75)
        assert shown, by_the_seed.get("http://127.0.0.1:9090/api/v1/alerts").body
    finally:
        by_the_seed.compose("start", "node-exporter")


def test_what_is_stored_survives_down_and_up(by_the_seed: Stack) -> None:
    before = by_the_seed.inside("webapp", "python", "-c", READER)
    password = by_the_seed.inside("webapp", "cat", "/run/sereno/secrets/desk/first-admin-password")
    by_the_seed.compose("down")
    assert by_the_seed.containers() == {}
    by_the_seed.up()
    assert by_the_seed.inside("webapp", "python", "-c", READER) == before
    assert by_the_seed.inside("webapp", "cat", "/run/sereno/secrets/desk/first-admin-password") == password
    assert eventually(lambda: by_the_seed.get("https://127.0.0.1:8443/").status == 200)
