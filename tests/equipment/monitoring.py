"""Real Prometheus, Alertmanager and exporters from the distribution, in a temporary folder, on free loopback ports.

They run at one-second intervals, so that tests see in seconds what takes minutes in production.
"""

from __future__ import annotations

import random
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

PROGRAMS = {
    "prometheus": "prometheus",
    "alertmanager": "prometheus-alertmanager",
    "node-exporter": "prometheus-node-exporter",
    "process-exporter": "prometheus-process-exporter",
}

EACH_SECOND = {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}


def missing(*names: str) -> list[str]:
    """Which of these components' programs this machine lacks."""
    return [name for name in names if shutil.which(PROGRAMS[name]) is None]


def free_port() -> int:
    """A port that nobody listens on now, below those that the kernel gives to outgoing connections.

    One of those may be taken again before the server that a test starts comes to listen on it.
    """
    for _ in range(100):
        port = random.randrange(15_000, 32_000)
        with socket.socket() as probe:
            try:
                probe.bind(("", port))
            except OSError:
                continue
            return port
    raise RuntimeError("no port is free")


def wait_until(what: str, condition: Callable[[], Any], seconds: float = 20) -> Any:
    """Ask `condition` until it answers something true, and answer that; fails with `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    last_error: Exception | None = None
    while (asked := time.monotonic()) < deadline:
        try:
            if answer := condition():
                return answer
        except Exception as error:
            last_error = error
        # What is costly to ask, as a command, is asked less often: others wait at the same time.
        time.sleep(min(max(time.monotonic() - asked, 0.1), 2))
    raise AssertionError(f"not within {seconds} s: {what}" + (f" ({last_error})" if last_error else ""))


def answers(url: str) -> bool:
    """Whether a GET of `url` is answered with 200."""
    with urllib.request.urlopen(url, timeout=2) as response:
        return bool(response.status == 200)


@dataclass
class Monitoring:
    """The servers that one test has started, by component name; `close` ends them all."""

    folder: Path
    ports: dict[str, int] = field(default_factory=dict)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.ports[name]}"

    def start_node_exporter(self) -> None:
        port = self.reserve("node-exporter")
        self._start("node-exporter", f"--web.listen-address=127.0.0.1:{port}")
        self._await("node-exporter", "/metrics")

    def start_process_exporter(self, groups: Mapping[str, str]) -> None:
        """Watches processes whose command line matches; `groups` maps a component's name to a regular expression."""
        names = [{"name": name, "cmdline": [pattern]} for name, pattern in groups.items()]
        config = self._write("process-exporter.yml", {"process_names": names})
        port = self.reserve("process-exporter")
        self._start(
            "process-exporter",
            "-config.path",
            str(config),
            "-threads=false",
            f"-web.listen-address=127.0.0.1:{port}",
        )
        self._await("process-exporter", "/metrics")

    def start_alertmanager(self, config: Mapping[str, Any]) -> None:
        file = self._write("alertmanager.yml", config)
        port = self.reserve("alertmanager")
        self._start(
            "alertmanager",
            f"--config.file={file}",
            f"--storage.path={self.folder / 'alertmanager'}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--cluster.listen-address=",
        )
        self._await("alertmanager", "/-/ready")

    def start_prometheus(
        self,
        targets: Mapping[str, Sequence[tuple[str, Mapping[str, str]]]],
        rules: Mapping[str, str],
        *,
        pace: Mapping[str, str] = EACH_SECOND,
    ) -> None:
        """Scrapes `targets` (job → address and labels) and evaluates `rules` (file name → text), both at `pace`."""
        folder = self.folder / "rules"
        folder.mkdir(exist_ok=True)
        for name, text in rules.items():
            (folder / name).write_text(text)
        config: dict[str, Any] = {
            "global": dict(pace),
            "rule_files": [f"{folder}/*.yml"],
            "scrape_configs": [
                {
                    "job_name": job,
                    "static_configs": [{"targets": [address], "labels": dict(labels)} for address, labels in addresses],
                }
                for job, addresses in targets.items()
            ],
        }
        if "alertmanager" in self.ports:
            address = f"127.0.0.1:{self.ports['alertmanager']}"
            config["alerting"] = {"alertmanagers": [{"static_configs": [{"targets": [address]}]}]}
        file = self._write("prometheus.yml", config)
        port = self.reserve("prometheus")
        self._start(
            "prometheus",
            f"--config.file={file}",
            f"--storage.tsdb.path={self.folder / 'prometheus'}",
            f"--web.listen-address=127.0.0.1:{port}",
        )
        self._await("prometheus", "/-/ready")

    def address(self, name: str) -> str:
        return f"127.0.0.1:{self.ports[name]}"

    def stop(self, name: str) -> None:
        """End one server; its port stays reserved in `ports`, so that it can be named as a dead target."""
        process = self.processes.pop(name)
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)

    def kill(self, name: str) -> None:
        """End one server as a power failure would."""
        process = self.processes.pop(name)
        process.kill()
        process.wait(5)

    def close(self) -> None:
        for name in list(self.processes):
            self.stop(name)

    def reserve(self, name: str) -> int:
        """A port for a server, chosen when it is first asked for."""
        return self.ports.setdefault(name, free_port())

    def _write(self, name: str, content: Any) -> Path:
        file = self.folder / name
        file.write_text(yaml.safe_dump(dict(content), sort_keys=False))
        return file

    def _start(self, name: str, *arguments: str) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [PROGRAMS[name], *arguments], stdout=log, stderr=subprocess.STDOUT, cwd=self.folder
            )

    def _await(self, name: str, path: str) -> None:
        def ready() -> bool:
            if self.processes[name].poll() is not None:
                log = (self.folder / f"{name}.log").read_text()[-2000:]
                raise RuntimeError(f"{name} ended at once:\n{log}")
            return answers(self.url(name) + path)

        wait_until(f"{name} is ready", ready)
