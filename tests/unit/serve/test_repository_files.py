"""The rendered files that lie in the repository."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from sereno.core.errors import SerenoError
from sereno.serve.repository import stale_files, write_files
from sereno.settings import Settings
from sereno.wiring.configuration import repository_files

ROOT = Path(__file__).parents[3]


def test_what_is_checked_in_is_what_the_catalogue_says() -> None:
    pytest.importorskip("grafana_foundation_sdk")
    assert stale_files(ROOT, repository_files(Settings())) == [], "run ./sereno render"


def test_the_seeds_files_are_among_them() -> None:
    files = repository_files(Settings())
    assert {
        "docker/docker-compose.yml",
        "docker/nginx/nginx.conf",
        "prometheus/prometheus.yml",
        "alertmanager/alertmanager.yml",
        "sereno.example.toml",
    } <= set(files)


def test_prometheus_asks_every_component_at_the_seeds_interval() -> None:
    file = yaml.safe_load(repository_files(Settings())["prometheus/prometheus.yml"])
    assert file["global"]["scrape_interval"] == file["global"]["evaluation_interval"] == "15s"
    jobs = {job["job_name"] for job in file["scrape_configs"]}
    assert {"prometheus", "node-exporter", "webapp", "mysql", "nginx", "alertmanager", "blackbox", "process",
            "probes"} <= jobs  # fmt: skip
    instances = [
        target["labels"]["instance"] for job in file["scrape_configs"] for target in job.get("static_configs", [])
    ]
    assert len(set(instances)) == len(instances)


def test_everything_goes_to_the_desk_at_once_with_a_token_from_a_file() -> None:
    file = yaml.safe_load(repository_files(Settings())["alertmanager/alertmanager.yml"])
    route = file["route"]
    assert (route["group_wait"], route["group_interval"], route["repeat_interval"]) == ("0s", "10s", "4h")
    assert route["group_by"] == ["alertname", "instance"]
    webhook = file["receivers"][0]["webhook_configs"][0]
    assert webhook["max_alerts"] == 200
    assert "credentials_file" in webhook["http_config"]["authorization"]
    assert "credentials" not in webhook["http_config"]["authorization"]
    assert file["inhibit_rules"]


def test_a_setting_reaches_the_files() -> None:
    settings = Settings.model_validate({"prometheus": {"scrape_interval": "5s", "retention": "7d"}})
    files = repository_files(settings)
    assert yaml.safe_load(files["prometheus/prometheus.yml"])["global"]["scrape_interval"] == "5s"


def test_no_setting_changes_the_compose_file_that_is_checked_in() -> None:
    changed = {"site": {"http_port": 80, "https_port": 443, "domain": "a.example"}, "prometheus": {"retention": "7d"}}
    name = "docker/docker-compose.yml"
    assert repository_files(Settings.model_validate(changed))[name] == repository_files(Settings())[name]


def test_missing_and_different_files_are_stale_and_writing_mends_them(tmp_path: Path) -> None:
    (tmp_path / "b").write_text("old")
    files = {"a/new": "1\n", "b": "2\n"}
    assert stale_files(tmp_path, files) == ["a/new", "b"]
    write_files(tmp_path, files)
    assert stale_files(tmp_path, files) == []


def test_a_file_is_written_in_place_since_containers_may_have_it_mounted(tmp_path: Path) -> None:
    (tmp_path / "b").write_text("old")
    before = (tmp_path / "b").stat().st_ino
    write_files(tmp_path, {"b": "new"})
    assert (tmp_path / "b").stat().st_ino == before


def test_a_folder_in_the_way_is_told(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    with pytest.raises(SerenoError, match="b cannot be written"):
        write_files(tmp_path, {"b": "text"})
