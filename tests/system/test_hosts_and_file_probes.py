"""Further machines and probes of the settings file, by the rendered configuration alone: no desk runs here."""

from __future__ import annotations

import http.server
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest
from tests.equipment.monitoring import answers, free_port, missing, wait_until

from sereno.outside.prometheus import PrometheusClient
from sereno.respond.status.model import build_status
from sereno.respond.status.things import Watched
from sereno.serve.catalogue import BY_NAME, default_ports
from sereno.serve.place import Place
from sereno.settings import Settings
from sereno.watch import PrometheusReadings
from sereno.watch.model import State, Window
from sereno.watch.probes import file_probes
from sereno.wiring.watched import configuration_of

pytestmark = pytest.mark.skipif(
    bool(missing("prometheus", "node-exporter")) or shutil.which("prometheus-blackbox-exporter") is None,
    reason="Prometheus's packages are missing",
)


class Site(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "4")
        self.end_headers()
        self.wfile.write(b"open")

    def log_message(self, format: str, *args: object) -> None:
        pass


class Watch:
    """Prometheus, blackbox-exporter and one Node Exporter that stands for two machines; a third is not there."""

    def __init__(self, folder: Path) -> None:
        self.site = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
        threading.Thread(target=self.site.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        ports = {name: free_port() for name in default_ports()}
        address = f"http://127.0.0.1:{self.site.server_address[1]}/"
        self.settings = Settings.model_validate(
            {
                "prometheus": {"scrape_interval": "5s"},
                "hosts": [
                    {"name": "second", "address": f"127.0.0.1:{ports['node-exporter']}"},
                    {"name": "third", "address": f"127.0.0.1:{free_port()}"},
                ],
                "probes": [
                    {"name": "shop", "target": address, "contains": "open", "interval": "5s"},
                    {"name": "closed", "target": address, "contains": "closed", "interval": "5s"},
                ],
            }
        )
        place = Place("native", "small", self.settings, PurePosixPath(folder), dict.fromkeys(ports, "127.0.0.1"), ports)
        for name in ("prometheus", "blackbox-exporter"):
            for file, text in configuration_of(BY_NAME[name], place).items():
                path = folder / "etc" / name / file
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
        self.processes = [
            subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            for name in ("node-exporter", "blackbox-exporter", "prometheus")
            for command in [BY_NAME[name].native.argv(place)]
        ]
        self.url = f"http://127.0.0.1:{ports['prometheus']}"
        wait_until("Prometheus is ready", lambda: answers(f"{self.url}/-/ready"), 60)
        self.prometheus = PrometheusClient(self.url)

    def firing(self) -> set[tuple[str, str]]:
        raised = self.prometheus.alerts()
        return {
            (each.labels["alertname"], each.labels.get("instance", "")) for each in raised if each.state == "firing"
        }

    def close(self) -> None:
        for process in reversed(self.processes):
            process.terminate()
            process.wait(20)
        self.site.shutdown()
        self.site.server_close()


@pytest.fixture(scope="module")
def watch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watch]:
    running = Watch(tmp_path_factory.mktemp("watch"))
    try:
        yield running
    finally:
        running.close()


def test_a_machine_that_is_not_there_is_alerted_on_by_its_name(watch: Watch) -> None:
    wait_until("the alert fires", lambda: ("InstanceDown", "third") in watch.firing(), 60)
    assert not {name for name, instance in watch.firing() if instance == "second"} & {"InstanceDown"}


def test_a_probe_of_the_file_is_asked_and_alerted_on_without_the_desk(watch: Watch) -> None:
    wait_until("the alert fires", lambda: ("ProbeFailed", "closed") in watch.firing(), 60)
    assert ("ProbeFailed", "shop") not in watch.firing()
    (good,) = watch.prometheus.instant('probe_success{job="probes",instance="shop"}')
    assert (good.value, good.labels["source"], good.labels["kind"]) == (1, "file", "http")


def test_the_status_page_has_gauges_of_each_machine_and_the_state_of_each_probe(watch: Watch) -> None:
    readings = PrometheusReadings(watch.prometheus, watch.settings)
    names = ("node-exporter", "shop", "closed")
    wait_until(
        "two machines are measured",
        lambda: len([host for host in readings.overview(names).hosts if host.cpu_percent is not None]) == 2,
        60,
    )
    wait_until("two answers are judged", lambda: ("ProbeFailed", "closed") in watch.firing(), 60)
    status = build_status(
        readings.overview(names),
        {window: readings.history(window) for window in Window},
        (),
        watched=[Watched.of(each) for each in file_probes(watch.settings)],
        hosts=[host.name for host in watch.settings.hosts],
    )
    assert [(machine.name, machine.is_measured) for machine in status.machines] == [("second", True), ("third", False)]
    second = status.machines[0]
    assert second.gauges[1].percent == pytest.approx(status.gauges[1].percent, abs=5)
    assert {thing.watched.name: thing.reading.state for thing in status.things} == {
        "shop": State.UP,
        "closed": State.DOWN,
    }
    # The stack's own exporter is up, though a further machine's is not.
    assert [one.state for one in status.components if one.name == "node-exporter"] == [State.UP]
