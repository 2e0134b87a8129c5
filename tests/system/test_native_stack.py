"""The whole system, natively, by the commands that a person types."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import urllib.parse
from pathlib import Path

import psutil
import pytest
from tests.equipment.desk_server import alert, payload, request
from tests.equipment.monitoring import wait_until
from tests.equipment.stack import ROOT, NativeStack

RUNNING = (
    *("mysql", "webapp", "worker", "nginx", "prometheus", "node-exporter", "alertmanager"),
    *("mysqld-exporter", "nginx-exporter", "blackbox-exporter", "process-exporter"),
)
JOBS = ("prometheus", "node-exporter", "webapp", "mysql", "nginx", "alertmanager", "blackbox", "process", "probes")


def test_every_component_is_healthy(stack: NativeStack) -> None:
    rows = stack.status()
    assert {name: rows[name]["health"] for name in RUNNING} == dict.fromkeys(RUNNING, "healthy")
    assert all(rows[name]["memory_bytes"] > 1_000_000 for name in RUNNING)


def test_up_again_changes_nothing(stack: NativeStack) -> None:
    before = {name: stack.pid(name) for name in RUNNING}
    stack.up()
    assert {name: stack.pid(name) for name in RUNNING} == before


def test_plain_http_leads_to_https_on_the_right_port(stack: NativeStack) -> None:
    answer = stack.ask("GET", f"http://localhost:{stack.ports['nginx-http']}/alerts?x=1")
    assert answer.status == 301
    assert answer.headers["Location"] == f"{stack.url}/alerts?x=1"


def test_the_status_page_shows_this_machines_own_numbers(stack: NativeStack) -> None:
    result = wait_until(
        "the machine's memory is measured",
        lambda: stack.prometheus("query", query="node_memory_MemTotal_bytes")["result"],
        60,
    )
    assert int(result[0]["value"][1]) == psutil.virtual_memory().total

    def shown() -> float | None:
        measured = {m["kind"]: m["percent"] for m in stack.get("/status.json").json["measurements"]}
        return measured.get("memory")

    available = wait_until("the page knows the memory", shown, 60)
    assert available == pytest.approx(100 * psutil.virtual_memory().available / psutil.virtual_memory().total, abs=10)


def test_prometheus_scrapes_every_target(stack: NativeStack) -> None:
    def all_up() -> bool:
        targets = stack.prometheus("targets")["activeTargets"]
        return bool(targets) and all(target["health"] == "up" for target in targets)

    wait_until("every target is up", all_up, 60)
    targets = stack.prometheus("targets")["activeTargets"]
    jobs = {target["labels"]["job"] for target in targets}
    assert sorted(jobs) == sorted(
        ["prometheus", "node-exporter", "webapp", "mysql", "nginx", "alertmanager", "blackbox", "process", "probes"]
    )
    assert {target["scrapeInterval"] for target in targets} == {"15s"}


def test_the_database_takes_the_app_and_keeps_to_its_rules(stack: NativeStack) -> None:
    variables = _sql(
        stack,
        "SELECT @@innodb_flush_log_at_trx_commit, @@sync_binlog, @@log_bin, @@tx_isolation, @@sql_mode, "
        "@@character_set_server",
    )
    flush, sync, binlog, isolation, mode, charset = variables.split("\t")
    assert (flush, sync, binlog, isolation, charset) == ("1", "1", "1", "READ-COMMITTED", "utf8mb4")
    assert "STRICT_TRANS_TABLES" in mode


def test_each_database_user_has_only_its_rights(stack: NativeStack) -> None:
    exporter = _sql(stack, "SHOW GRANTS", user="sereno_exporter", secret="mysql-exporter-password")
    assert "MAX_USER_CONNECTIONS 3" in exporter
    assert "ALL PRIVILEGES" not in exporter
    refused = _mariadb(stack, "SELECT * FROM mysql.global_priv", "sereno_exporter", "mysql-exporter-password")
    assert refused.returncode != 0
    refused = _mariadb(stack, "CREATE DATABASE elsewhere", "sereno", "mysql-app-password")
    assert refused.returncode != 0


def test_each_listening_socket_is_known_and_only_nginx_goes_beyond_loopback(stack: NativeStack) -> None:
    family = _family(stack)
    listening = {
        (c.laddr.ip, c.laddr.port) for c in psutil.net_connections("tcp") if c.status == "LISTEN" and c.pid in family
    }
    names = {port: name for name, port in stack.ports.items()}
    grafana = {"grafana"} if stack.status()["grafana"]["health"] == "healthy" else set()
    assert {names.get(port, port) for _, port in listening} == {*RUNNING, "nginx-http", "nginx-status"} | grafana
    open_to_all = {names[port] for ip, port in listening if ip not in ("127.0.0.1", "::1")}
    assert open_to_all == {"nginx", "nginx-http"}
    datagrams = [c for c in psutil.net_connections("udp") if c.pid in family and not c.raddr]
    assert datagrams == []
    files = {Path(c.laddr) for c in psutil.net_connections("unix") if c.pid in family and c.laddr}
    # Supervisor binds a name of its own, which it then links to the one that is known.
    assert {file.name.removesuffix(f".{_supervisor(stack)}") for file in files} == {"mysql.sock", "supervisor.sock"}
    assert {file.parent for file in files} == {stack.home / "run"}


def test_no_process_runs_as_root_and_no_secret_is_in_a_command_line(stack: NativeStack) -> None:
    secrets = {file.read_text().strip() for file in (stack.home / "secrets").glob("*-password")}
    for pid in _family(stack):
        process = psutil.Process(pid)
        if os.geteuid() == 0:
            assert process.uids().real != 0, process.cmdline()
        said = " ".join(process.cmdline()) + " ".join(process.environ().values())
        assert not any(secret in said for secret in secrets), process.name()


def test_secrets_are_closed_to_others(stack: NativeStack) -> None:
    assert (stack.home / "secrets").stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in (stack.home / "secrets").iterdir()} == {0o600}


def test_a_killed_app_comes_back_and_it_is_told(stack: NativeStack) -> None:
    before, restarts = stack.pid("webapp"), stack.status()["webapp"]["restarts"]
    os.kill(before, signal.SIGKILL)
    wait_until("the desk runs anew", lambda: stack.pid("webapp") not in (0, before), 20)
    wait_until("the desk answers", lambda: stack.get("/healthz").status == 200, 30)
    assert stack.status()["webapp"]["restarts"] == restarts + 1


def test_a_stopped_component_shows_on_the_page_and_fires_the_alert(stack: NativeStack) -> None:
    stack.must("stop", "node-exporter")
    try:
        wait_until("InstanceDown fires", lambda: ("InstanceDown", "node-exporter") in stack.firing(), 60)

        def page_says_down() -> bool:
            components = {c["name"]: c["state"] for c in stack.get("/status.json").json["components"]}
            return components["node-exporter"] == "down"

        wait_until("the page says down", page_says_down, 30)
    finally:
        stack.must("start", "node-exporter")
    wait_until("InstanceDown ends", lambda: ("InstanceDown", "node-exporter") not in stack.firing(), 60)


def test_without_prometheus_the_page_says_unknown(stack: NativeStack) -> None:
    stack.must("stop", "prometheus")
    try:

        def unknown() -> bool:
            return all(c["state"] == "unknown" for c in stack.get("/status.json").json["components"])

        wait_until("everything is unknown", unknown, 30)
        assert stack.get("/").status == 200
    finally:
        stack.must("start", "prometheus")


def test_while_the_desk_is_down_the_last_good_page_answers_in_the_readers_language(stack: NativeStack) -> None:
    wait_until("a copy is kept", lambda: (stack.home / "www/status/es.html").exists(), 60)
    stack.must("stop", "webapp")
    try:
        english = wait_until("the copy is served", lambda: (a := stack.get("/")).status == 200 and a, 20)
        assert "the desk does not answer" in english.text
        spanish = stack.get("/", Accept_Language="es-CO,es;q=0.9")
        assert '<html lang="es"' in spanish.text
        assert "UTC" in spanish.text
        elsewhere = stack.get("/alerts", Accept_Language="es")
        assert elsewhere.status in (502, 503)
        assert "El escritorio no responde" in elsewhere.text or "no responde" in elsewhere.text
        assert stack.get("/api/v1/users").status == 503
    finally:
        stack.must("start", "webapp")


def test_while_the_database_is_down_answers_are_503_in_words(stack: NativeStack) -> None:
    stack.must("stop", "mysql")
    try:
        assert stack.get("/healthz").status == 200
        page = stack.get("/login")
        assert "Traceback" not in page.text
        delivery = request(
            "POST",
            f"http://127.0.0.1:{stack.ports['webapp']}/api/v1/alertmanager",
            body=json.dumps(payload(alert("f1"))).encode(),
            headers={
                "Authorization": f"Bearer {stack.secret('alertmanager-token')}",
                "Content-Type": "application/json",
            },
            timeout=20,
        )
        assert delivery.status == 503
        assert delivery.headers["Content-Type"].startswith("application/problem+json")
    finally:
        stack.must("start", "mysql")


def test_what_is_not_for_readers_is_refused(stack: NativeStack) -> None:
    for path in ("/metrics", "/readyz", "/_gate/grafana", "/_gate/prometheus"):
        assert stack.get(path).status in (403, 404), path


def test_the_operators_tools_want_a_login(stack: NativeStack) -> None:
    forged = {"X_JWT_Assertion": "forged", "X_Sereno_User": "admin", "X_WEBAUTH_USER": "admin"}
    for path in ("/grafana/", "/prometheus/graph"):
        answer = stack.get(path, **forged)
        assert answer.status == 303, path
        assert answer.headers["Location"] == f"/login?next={urllib.parse.quote(path, safe='')}"


def test_two_ups_at_once_do_not_meet(stack: NativeStack) -> None:
    import fcntl

    with (stack.home / "lock").open("r+") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        refused = stack.sereno("up")
    assert refused.code == 1
    assert "another ./sereno is changing this home" in refused.err
    assert "next:" in refused.err


def test_another_platform_is_refused_with_the_way_to_move(stack: NativeStack) -> None:
    refused = stack.sereno("up", "--on", "compose")
    assert refused.code == 2
    assert "this home runs on native" in refused.err
    assert "--erase" in refused.err


def test_wrong_settings_are_refused_by_name(stack: NativeStack) -> None:
    refused = stack.sereno("up", SERENO_ALERTS__CPU_PRECENT="90")
    assert refused.code == 2
    assert "alerts.cpu_precent is not a setting; did you mean alerts.cpu_percent?" in refused.err


def test_a_log_can_be_read_by_component(stack: NativeStack) -> None:
    assert "ready for connections" in stack.must("logs", "mysql", "-n", "200").out
    assert stack.sereno("logs", "nonesuch").code == 2


def _sql(stack: NativeStack, statement: str, *, user: str = "sereno", secret: str = "mysql-app-password") -> str:  # noqa: S107 -- a name.
    done = _mariadb(stack, statement, user, secret)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def _mariadb(stack: NativeStack, statement: str, user: str, secret: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["mariadb", "--no-defaults", "-h", "127.0.0.1", "-P", str(stack.ports["mysql"]), "-u", user, "-NBe", statement],
        env={**os.environ, "MYSQL_PWD": stack.secret(secret)},
        capture_output=True,
        text=True,
        check=False,
    )


def _supervisor(stack: NativeStack) -> int:
    return int((stack.home / "run/supervisord.pid").read_text())


def _family(stack: NativeStack) -> set[int]:
    top = _supervisor(stack)
    return {top, *(child.pid for child in psutil.Process(top).children(recursive=True))}


def _is_alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize("holder_port", ["nginx", "prometheus"])
def test_a_port_that_is_taken_names_the_holder(tmp_path: Path, holder_port: str) -> None:
    import socket

    fresh = NativeStack()
    try:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", fresh.ports[holder_port]))
            taken.listen()
            refused = fresh.sereno("up", "--on", "native")
        assert refused.code == 1
        assert f"port {fresh.ports[holder_port]}, which {holder_port} needs, is taken by" in refused.err
        assert f"(pid {os.getpid()})" in refused.err
        assert ROOT.exists()
    finally:
        fresh.close()


def test_killed_half_way_and_run_again_it_comes_up_and_down_leaves_nothing() -> None:
    fresh = NativeStack()
    try:
        first = subprocess.Popen(
            [str(ROOT / "sereno"), "up", "--on", "native"],
            env=fresh.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert first.stderr is not None
        for line in first.stderr:
            if "preparing the database" in line:
                first.kill()
                break
        first.wait(10)
        fresh.up()
        family = _family(fresh)
        assert len(family) > 10
        fresh.must("down")
        assert not [pid for pid in family if _is_alive(pid)]
        erased = fresh.must("down", "--erase", "--yes")
        assert "erased" in erased.out
        assert not (fresh.home / "data").exists()
        assert not (fresh.home / "secrets").exists()
    finally:
        fresh.close()


def test_the_doctor_ticks_every_line_on_the_running_stack(stack: NativeStack) -> None:
    done = stack.sereno("doctor", "--live", "--json")
    findings = {finding["subject"]: finding for finding in json.loads(done.out)}
    wrong = {subject: finding for subject, finding in findings.items() if finding["verdict"] == "wrong"}
    # A full disk is this machine's own matter, and truly told.
    wrong.pop("disk", None)
    assert not wrong
    assert "An alert goes all the way to the desk, and becomes an incident" in findings
    assert "Every target is scraped and up" in findings


def test_the_doctor_names_what_is_stopped_and_how_to_start_it(stack: NativeStack) -> None:
    stack.must("stop", "blackbox-exporter")
    try:
        done = stack.sereno("doctor", "--json")
        finding = next(f for f in json.loads(done.out) if f["subject"] == "blackbox-exporter")
        assert done.code == 1
        assert finding["verdict"] == "wrong"
        assert "./sereno start blackbox-exporter" in finding["fix"]
    finally:
        stack.must("start", "blackbox-exporter")
