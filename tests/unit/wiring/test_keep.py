"""Where backups lie and what goes into them, by platform."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.equipment.desk import surroundings

from sereno.settings import Settings
from sereno.wiring import Surroundings
from sereno.wiring.keep import _kept
from sereno.wiring.shelf import open_shelf

SETTINGS = Settings.model_validate({"backup": {"folder": "/mnt/disk"}})


@pytest.mark.parametrize(
    ("platform", "settings", "folder"),
    [
        ("native", SETTINGS, "/mnt/disk"),
        ("native", Settings(), "/home/data/backups"),
        # The host's folder is mounted there.
        ("compose", SETTINGS, "/home/data/backups"),
    ],
)
def test_the_folder_is_the_settings_or_the_platforms(
    tmp_path: Path, platform: str, settings: Settings, folder: str
) -> None:
    here = replaced(tmp_path, platform, settings)
    assert open_shelf(here, {"SERENO_BACKUPS": "/home/data/backups"}).folder == Path(folder)


def test_in_compose_too_what_users_add_is_kept_by_its_place_in_a_home(tmp_path: Path) -> None:
    kept = _kept(replaced(tmp_path, "compose", Settings()), {"SERENO_OWN": "/own", "SERENO_SETTINGS": "/s/sereno.toml"})
    assert (kept["etc/sereno.toml"], kept["state.json"]) == (Path("/s/sereno.toml"), Path("/s/state.json"))
    for name in ("etc/prometheus/rules/custom", "etc/prometheus/targets", "etc/nginx/conf.d"):
        assert kept[name] == Path("/own") / name


def replaced(folder: Path, platform: str, settings: Settings) -> Surroundings:
    return replace(surroundings(folder, settings=settings), platform=platform)
