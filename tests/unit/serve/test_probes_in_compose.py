"""How blackbox-exporter's file reaches its container, and when the container is started anew for it."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from sereno import prepare
from sereno.core.text import Text
from sereno.serve.compose.stale import older_than_their_files
from sereno.serve.render import compose_place
from sereno.watch.probes import Kind, Probe, Source
from sereno.watch.probes.modules import modules, render_modules

SHOP = Probe("shop", Kind.HTTP, "https://shop.example/", Source.FILE, Text("", ""), contains="open")
ADDED = replace(SHOP, name="added", source=Source.STORED, contains="added at the desk")


@pytest.fixture(autouse=True)
def owners(monkeypatch: pytest.MonkeyPatch) -> None:
    """Owners are root's to give; who gets what is tested with a real engine."""
    monkeypatch.setattr("os.chown", lambda *_: None)
    monkeypatch.setattr("os.fchown", lambda *_: None)
    monkeypatch.setattr(prepare, "DESK_USER", os.getuid())


def written(folder: Path, *probes: Probe) -> None:
    file = folder / "docker/blackbox-exporter/blackbox.yml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(render_modules(modules(probes)))


def read(volume: Path) -> set[str]:
    return set(yaml.safe_load((volume / "blackbox.yml").read_text())["modules"])


def test_the_rendered_file_is_brought_and_what_the_worker_added_is_kept(tmp_path: Path) -> None:
    rendered, volume = tmp_path / "rendered", tmp_path / "volume"
    written(rendered)
    assert list(prepare._probes(rendered, volume))
    usual = read(volume)
    (volume / "blackbox.yml").chmod(0o644)
    (volume / "blackbox.yml").write_text(render_modules(modules([ADDED])))
    written(rendered, SHOP)
    assert list(prepare._probes(rendered, volume))
    assert read(volume) - usual == set(modules([SHOP, ADDED])) - usual
    assert list(prepare._probes(rendered, volume)) == []
    assert (volume / "blackbox.yml").stat().st_mode & 0o777 == 0o444


@pytest.mark.parametrize(("age", "stale"), [(timedelta(minutes=-1), []), (timedelta(minutes=1), ["blackbox-exporter"])])
@pytest.mark.parametrize("rendered", ["..", "./rendered"])
def test_a_file_that_is_newer_than_its_container_starts_it_anew(
    tmp_path: Path, rendered: str, age: timedelta, stale: list[str]
) -> None:
    written(tmp_path if rendered == ".." else tmp_path / "docker/rendered")
    box: Any = SimpleNamespace(state="running", since=datetime.now(UTC) - age)
    found = older_than_their_files(tmp_path, compose_place(), {"blackbox-exporter": box}, rendered)
    assert found == stale
