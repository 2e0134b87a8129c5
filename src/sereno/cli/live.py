"""`./sereno doctor --live`: every line of the system's description, ticked on what runs now.

Each check is a sentence and a function that says what is wrong, or nothing. One of them sends a test alert through
Alertmanager and waits until the desk has taken it.
"""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import yaml

from sereno.cli.live_server import Promises, ServerChecks
from sereno.core.clock import parse_rfc3339, rfc3339, utc_now
from sereno.core.errors import SerenoError
from sereno.outside.inspection import Inspector
from sereno.serve.findings import Finding, Verdict
from sereno.watch.conventions import TEST_ALERT

JOBS = ("prometheus", "node-exporter", "webapp", "mysql", "nginx", "alertmanager", "blackbox", "process", "probes")
SEED_METRICS = ("node_cpu_seconds_total", "node_memory_MemAvailable_bytes", "node_filesystem_avail_bytes")
FILES = (
    *("docker/docker-compose.yml", "docker/nginx/nginx.conf", "docker/nginx/ssl/generate-ssl.sh"),
    *("prometheus/prometheus.yml", "Vagrantfile", "evidencias/capturas"),
)
SEED_SERVICES = ("mysql", "webapp", "nginx", "prometheus", "node-exporter", "grafana")
SECURITY_HEADERS = (
    *("Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy", "Permissions-Policy"),
    "X-Request-ID",
)
DELIVERY_SECONDS = 20
PATIENCE_SECONDS = 35
"""Two scrape intervals and a little; together with a delivery that does not come, still within the minute."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the running system answers; `grafana` is None where it is not installed."""

    https_port: int
    http_port: int
    prometheus: str
    alertmanager: str
    node_exporter: str
    grafana: str | None
    root: Path
    """The repository."""
    rules: Mapping[str, tuple[float, str]]
    """The four host alerts: name → how long (seconds), and how its expression ends."""
    promises: Promises

    @property
    def https(self) -> str:
        return f"https://localhost:{self.https_port}"


def check_live(at: Addresses) -> list[Finding]:
    """A finding for each sentence, in their order."""
    live = _Live(at, Inspector())
    deadline = time.monotonic() + PATIENCE_SECONDS
    return [_tick(sentence, check, deadline) for sentence, check in live.checks()]


def _tick(sentence: str, check: Callable[[], str | None], deadline: float) -> Finding:
    """Check until it is fine or the deadline has passed: just after a start, the first scrape is yet to come."""
    while (wrong := _what_is_wrong(check)) is not None and time.monotonic() < deadline:
        time.sleep(1)
    if wrong is None:
        return Finding(sentence, Verdict.FINE, "yes")
    return Finding(sentence, Verdict.WRONG, wrong, "./sereno status, then ./sereno logs of the component that is named")


def _what_is_wrong(check: Callable[[], str | None]) -> str | None:
    try:
        return check()
    except SerenoError as error:
        return error.message
    except (KeyError, IndexError, TypeError, ValueError) as error:
        return f"an unexpected answer ({error.__class__.__name__}: {error})"


class _Live:
    def __init__(self, at: Addresses, inspector: Inspector) -> None:
        self._at = at
        self._inspector = inspector

    def checks(self) -> list[tuple[str, Callable[[], str | None]]]:
        at = self._at
        listed: list[tuple[str, Callable[[], str | None]]] = [
            ("Every file is in its place", self.files),
            ("Docker Compose knows the six services", self.services),
            ("The web application answers over HTTPS", self.page),
            ("HTTP redirects to HTTPS", self.redirect),
            ("TLS 1.2 and 1.3, nothing older", self.tls),
            ("Security headers are set", self.headers),
            ("Flask answers behind Nginx, and has its database", self.desk),
            ("What is not for readers is refused", self.refused),
            ("Prometheus answers on its own address", lambda: self._is_200(f"{at.prometheus}/-/ready")),
            ("Every target is scraped and up", self.targets),
            ("The interval is 15 seconds", self.interval),
            *[(f"{name} is measured", lambda name=name: self.metric(name)) for name in SEED_METRICS],
            ("CPU, memory, disk and availability have their alerts, with their thresholds", self.alerts),
            ("Node Exporter answers", lambda: self._is_200(f"{at.node_exporter}/metrics")),
            ("Alertmanager answers", lambda: self._is_200(f"{at.alertmanager}/-/ready")),
            ("An alert goes all the way to the desk, and becomes an incident", self.delivery),
            *ServerChecks(at.promises, self._query).checks(),
        ]
        if at.grafana is not None:
            listed.append(("Grafana answers", lambda: self._is_200(f"{at.grafana}/api/health")))
        return listed

    def files(self) -> str | None:
        missing = [path for path in FILES if not (self._at.root / path).exists()]
        return f"missing: {', '.join(missing)}" if missing else None

    def services(self) -> str | None:
        known = yaml.safe_load((self._at.root / FILES[0]).read_text(encoding="utf-8"))["services"]
        missing = [name for name in SEED_SERVICES if name not in known]
        return f"missing: {', '.join(missing)}" if missing else None

    def page(self) -> str | None:
        seen = self._inspector.ask("GET", f"{self._at.https}/")
        if seen.status != 200:
            return f"the status page answers {seen.status}"
        return None if b"Sereno" in seen.body else "what answers is not the status page"

    def redirect(self) -> str | None:
        seen = self._inspector.ask("GET", f"http://localhost:{self._at.http_port}/")
        target = seen.headers.get("Location", "")
        wanted = self._at.https if self._at.https_port != 443 else "https://localhost"
        return None if seen.status == 301 and target.startswith(wanted) else f"it answers {seen.status} {target}"

    def tls(self) -> str | None:
        versions = {"1.1": ssl.TLSVersion.TLSv1_1, "1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}
        taken = [n for n, v in versions.items() if self._inspector.accepts_tls("localhost", self._at.https_port, v)]
        return None if taken == ["1.2", "1.3"] else f"accepted: {', '.join(taken) or 'none'}"

    def headers(self) -> str | None:
        seen = self._inspector.ask("GET", f"{self._at.https}/login")
        missing = [name for name in SECURITY_HEADERS if name not in seen.headers]
        return f"missing: {', '.join(missing)}" if missing else None

    def desk(self) -> str | None:
        alive = self._inspector.ask("GET", f"{self._at.https}/healthz").status
        if alive != 200:
            return f"/healthz answers {alive}"
        database = self._query("mysql_up")
        return None if database and database[0]["value"][1] == "1" else "mysql_up is not 1"

    def refused(self) -> str | None:
        let_in = [p for p in ("/metrics", "/readyz") if self._inspector.ask("GET", self._at.https + p).status < 400]
        return f"answered: {', '.join(let_in)}" if let_in else None

    def targets(self) -> str | None:
        targets = self._api("targets?state=active")["activeTargets"]
        missing = set(JOBS) - {target["labels"]["job"] for target in targets}
        down = [f"{t['labels']['job']} ({t['lastError']})" for t in targets if t["health"] != "up"]
        told = [f"no target of {name}" for name in sorted(missing)] + [f"{name} is down" for name in down]
        return "; ".join(told) or None

    def interval(self) -> str | None:
        targets = self._api("targets?state=active")["activeTargets"]
        # A probe of a user's own has the interval that its line says.
        intervals = {t["scrapeInterval"] for t in targets if "source" not in t["labels"]}
        return (
            None
            if intervals == {"15s"}
            else f"intervals: {', '.join(sorted(intervals))} ([prometheus] scrape_interval)"
        )

    def metric(self, name: str) -> str | None:
        return None if self._query(name) else "no sample"

    def alerts(self) -> str | None:
        groups = self._api("rules?type=alert")["groups"]
        found = {rule["name"]: rule for group in groups for rule in group["rules"]}
        wrong = [
            name
            for name, (seconds, ending) in self._at.rules.items()
            if name not in found or found[name]["duration"] != seconds or ending not in found[name]["query"]
        ]
        return f"missing, or with other numbers: {', '.join(wrong)}" if wrong else None

    def delivery(self) -> str | None:
        """Alertmanager counts a notification as sent only after the desk has answered 2xx: after its commit.

        The test alert ends by itself after a minute, and so does its incident; figures leave both out.
        """
        sent, failed = self._deliveries()
        now = utc_now()
        alert = {
            "labels": {"alertname": TEST_ALERT, "severity": "info", "instance": f"doctor-{int(now.timestamp())}"},
            "annotations": {
                "summary": "A test by ./sereno doctor --live; nothing is wrong",
                "summary_es": "Una prueba de ./sereno doctor --live; todo está bien",
            },
            "startsAt": rfc3339(now),
            "endsAt": rfc3339(now + timedelta(minutes=1)),
        }
        taken = self._inspector.ask("POST", f"{self._at.alertmanager}/api/v2/alerts", body=[alert])
        if taken.status != 200:
            return f"Alertmanager answers {taken.status}"
        deadline = time.monotonic() + DELIVERY_SECONDS
        while time.monotonic() < deadline:
            sent_now, failed_now = self._deliveries()
            if sent_now > sent:
                return self._incident_since(now) if failed_now == failed else "a delivery to the desk failed"
            time.sleep(0.5)
        return f"no delivery to the desk within {DELIVERY_SECONDS} s"

    def _incident_since(self, moment: datetime) -> str | None:
        """Whether the test alert of `moment` has become an incident, by the desk's own command line."""
        done = subprocess.run(
            [str(self._at.root / "sereno"), "incident", "list", "--state", "all", "--severity", "info", "--json"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        )
        if done.returncode != 0:
            return f"the desk's incidents cannot be listed: {done.stderr.strip()[-200:]}"
        begun = [parse_rfc3339(each["opened_at"]) for each in json.loads(done.stdout)["items"]]
        # Alertmanager keeps milliseconds.
        if any(abs(each - moment) < timedelta(seconds=1) for each in begun):
            return None
        return "the alert has arrived at the desk and has not become an incident"

    def _deliveries(self) -> tuple[float, float]:
        text = self._inspector.ask("GET", f"{self._at.alertmanager}/metrics").body.decode()
        return _counted(text, "alertmanager_notifications_total"), _counted(
            text, "alertmanager_notifications_failed_total"
        )

    def _is_200(self, url: str) -> str | None:
        status = self._inspector.ask("GET", url).status
        return None if status == 200 else f"{url} answers {status}"

    def _api(self, path: str) -> dict[str, list[dict]]:  # type: ignore[type-arg]
        return self._inspector.ask("GET", f"{self._at.prometheus}/api/v1/{path}").json["data"]  # type: ignore[no-any-return]

    def _query(self, expression: str) -> list[dict]:  # type: ignore[type-arg]
        return self._api(f"query?query={quote(expression)}")["result"]


def _counted(text: str, name: str) -> float:
    """The sum of a counter's samples of the webhook, in Prometheus's text format."""
    lines = (line for line in text.splitlines() if line.startswith(f"{name}{{") and 'integration="webhook"' in line)
    return sum(float(line.rpartition(" ")[2]) for line in lines)
