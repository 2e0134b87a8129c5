from __future__ import annotations

import yaml

from sereno.serve.render import compose_place, render
from sereno.settings import Settings
from sereno.settings.own import Service


def scraped(*services: Service) -> dict[str, dict[str, object]]:
    """Instance → its target and path in the job `services`."""
    text = render("prometheus/prometheus.yml.j2", compose_place(Settings(services=services)))
    jobs = {job["job_name"]: job for job in yaml.safe_load(text)["scrape_configs"]}
    groups = jobs.get("services", {"static_configs": []})["static_configs"]
    return {
        each["labels"]["instance"]: {"at": each["targets"][0], "path": each["labels"]["__metrics_path__"]}
        for each in groups
    }


def test_only_those_with_measurements_are_asked() -> None:
    assert scraped(Service(name="a", upstream="a:1")) == {}
    assert scraped(Service(name="a", upstream="a:1"), Service(name="b", upstream="b:1", metrics_path="/m")) == {
        "b": {"at": "b:1", "path": "/m"}
    }


def test_one_that_expects_its_path_is_asked_with_it() -> None:
    found = scraped(Service(name="b", upstream="b:1", path="/x/", keep_path=True, metrics_path="/m"))
    assert found["b"]["path"] == "/x/m"


def test_one_on_a_unix_socket_is_asked_through_nginx() -> None:
    found = scraped(Service(name="b", upstream="unix:/run/b.sock", metrics_path="/m"))
    assert found == {"b": {"at": "nginx:8081", "path": "/metrics/b"}}
