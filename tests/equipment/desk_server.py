"""The desk as it runs in production: real Gunicorn processes, a real MariaDB, on free loopback ports."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.equipment.mariadb import PASSWORD, MariaDb
from tests.equipment.monitoring import free_port, wait_until

ROOT = Path(__file__).parents[2]
TOKEN = "delivery-token"
FIRST_PASSWORD = "first-password-of-the-test"


@dataclass(frozen=True)
class Answer:
    """What came back, whatever the status."""

    status: int
    body: bytes
    headers: dict[str, str]

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class DeskServer:
    """One webapp (Gunicorn with its processes) and, if wanted, one worker."""

    folder: Path
    database: MariaDb
    prometheus_url: str = "http://127.0.0.1:1"
    alertmanager_url: str = "http://127.0.0.1:1"
    port: int = field(default_factory=free_port)
    worker_port: int = field(default_factory=free_port)
    extra: dict[str, str] = field(default_factory=dict)
    configuration: str = "python:sereno.web.server"
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def environment(self, process: str = "webapp") -> dict[str, str]:
        """What the platform tells a process of the desk."""
        secrets = self.folder / "secrets"
        secrets.mkdir(parents=True, exist_ok=True)
        for name, text in {
            "desk-secret-key": "for tests only",
            "alertmanager-token": TOKEN,
            "mysql-app-password": PASSWORD,
            "first-admin-password": FIRST_PASSWORD,
        }.items():
            (secrets / name).write_text(text)
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith("SERENO_")},
            "PYTHONPATH": str(ROOT / "src"),
            "SERENO_DATABASE_ADDRESS": self.database.address,
            "SERENO_PROMETHEUS_URL": self.prometheus_url,
            "SERENO_ALERTMANAGER_URL": self.alertmanager_url,
            "SERENO_WEBAPP_URL": self.url,
            "SERENO_SECRETS": str(secrets),
            "SERENO_WWW": str(self.folder / "www"),
            "SERENO_BIND": f"127.0.0.1:{self.worker_port if process == 'worker' else self.port}",
            "PROMETHEUS_MULTIPROC_DIR": str(self.folder / "metrics"),
            **self.extra,
        }

    def start(self, *, until: str | None = "/readyz") -> DeskServer:
        """Run the webapp and wait until `until` answers 200 (None: until anything answers)."""
        self._run("webapp", "-m", "gunicorn", "-c", self.configuration, "sereno.web.server:app")
        if until is None:
            wait_until("the webapp listens", lambda: self.get("/healthz").status, 20)
        else:
            wait_until(f"{until} answers 200: {self.log('webapp')}", lambda: self.get(until).status == 200, 90)
        return self

    def start_worker(self) -> None:
        self._run("worker", "-m", "sereno.worker")
        url = f"http://127.0.0.1:{self.worker_port}/healthz"
        wait_until("the worker answers", lambda: request("GET", url).status == 200, 60)

    def get(self, path: str, **headers: str) -> Answer:
        return request("GET", self.url + path, headers={k.replace("_", "-"): v for k, v in headers.items()})

    def deliver(self, payload: bytes | dict[str, Any], *, token: str = TOKEN, timeout: float = 20) -> Answer:
        """POST what Alertmanager would."""
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        return request("POST", f"{self.url}/api/v1/alertmanager", body=body, headers=headers, timeout=timeout)

    def kill(self, name: str) -> None:
        """End one process as a power failure would."""
        process = self.processes.pop(name)
        process.kill()
        process.wait(10)

    def log(self, name: str) -> str:
        file = self.folder / f"{name}.log"
        return file.read_text()[-3000:] if file.exists() else ""

    def stop(self, name: str, *, seconds: float = 15) -> int:
        """End one process in good order and answer its exit code."""
        process = self.processes.pop(name)
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)
            raise AssertionError(f"{name} did not stop within {seconds} s:\n{self.log(name)}") from None

    def close(self) -> None:
        for name in list(self.processes):
            self.stop(name)

    def _run(self, name: str, *arguments: str) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, *arguments],
                env=self.environment(name),
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
            )


def request(
    method: str, url: str, *, body: bytes | None = None, headers: dict[str, str] | None = None, timeout: float = 10
) -> Answer:
    """One request; a refused or broken connection raises, every status is an answer."""
    asked = urllib.request.Request(url, data=body, headers=headers or {}, method=method)
    try:
        with urllib.request.urlopen(asked, timeout=timeout) as response:
            return Answer(response.status, response.read(), dict(response.headers))
    except urllib.error.HTTPError as error:
        return Answer(error.code, error.read(), dict(error.headers))


def payload(*alerts: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A delivery of Alertmanager's, as version 4 of its webhook has it."""
    return {
        "version": "4",
        "groupKey": '{}:{alertname="InstanceDown"}',
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": "desk",
        "groupLabels": {"alertname": "InstanceDown"},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://localhost:9093",
        "alerts": list(alerts),
        **changes,
    }


def alert(
    fingerprint: str, *, name: str = "InstanceDown", severity: str = "critical", instance: str = "", **changes: Any
) -> dict[str, Any]:
    """One alert of a delivery."""
    return {
        "status": "firing",
        "labels": {
            "alertname": name,
            "severity": severity,
            "instance": instance or fingerprint,
            "job": "node-exporter",
        },
        "annotations": {
            "summary": f"{name} on {instance or fingerprint}",
            "summary_es": f"{name} en {instance or fingerprint}",
        },
        "startsAt": "2026-11-24T11:58:00.123456789Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://localhost:9090/graph?g0.expr=up+%3D%3D+0&g0.tab=1",
        "fingerprint": fingerprint,
        **changes,
    }
