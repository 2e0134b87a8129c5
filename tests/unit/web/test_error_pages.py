from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.equipment.desk import desk_app

from sereno.core.text import LANGUAGES
from sereno.settings import Settings
from sereno.settings.own import Service
from sereno.web.error_pages import PAGES


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    desk_app(tmp_path)
    return tmp_path / "www/errors"


def test_there_is_a_page_for_each_error_in_each_language(folder: Path) -> None:
    names = {f"{page}.{language}.html" for page in PAGES for language in LANGUAGES}
    assert {file.name for file in folder.iterdir()} == names
    assert {"unclear", "403", "404", "413", "429", "503", "absent", "tunnel"} == set(PAGES)


def test_each_is_in_its_language_and_readable_by_nginx(folder: Path) -> None:
    for file in folder.iterdir():
        language = file.name.split(".")[-2]
        text = file.read_text(encoding="utf-8")
        assert f'<html lang="{language}"' in text
        assert ("A la página de estado" in text) == (language == "es")
        assert file.stat().st_mode & 0o777 == 0o644


def test_none_needs_a_script_or_says_a_style_inline(folder: Path) -> None:
    for file in folder.iterdir():
        assert not re.search(r"<script|<style|style=|onclick", file.read_text(encoding="utf-8"))


def test_the_way_to_the_tools_is_told_as_a_command(folder: Path) -> None:
    for language in LANGUAGES:
        text = (folder / f"tunnel.{language}.html").read_text(encoding="utf-8")
        for port in (3000, 9090, 9093):
            assert f"-L {port}:localhost:{port}" in text


def test_a_second_start_writes_them_anew(tmp_path: Path, folder: Path) -> None:
    (folder / "503.en.html").write_text("old")
    desk_app(tmp_path)
    assert "old" not in (folder / "503.en.html").read_text(encoding="utf-8")[:10]


def test_a_folder_that_cannot_be_written_stops_nobody(tmp_path: Path) -> None:
    (tmp_path / "www").write_text("in the way")
    assert desk_app(tmp_path).test_client().get("/healthz").status_code == 200


def test_each_service_of_the_users_own_has_a_page_that_names_it(tmp_path: Path) -> None:
    services = (
        Service(name="shop", upstream="127.0.0.1:1", title="The <shop>", title_es="La tienda 100 %"),
        Service(name="wiki", upstream="127.0.0.1:2"),
    )
    desk_app(tmp_path, settings=Settings(services=services))
    texts = {file.name: file.read_text(encoding="utf-8") for file in (tmp_path / "www/errors").glob("service-*")}
    assert set(texts) == {f"service-{name}.{language}.html" for name in ("shop", "wiki") for language in LANGUAGES}
    assert "<h1>The &lt;shop&gt; does not answer</h1>" in texts["service-shop.en.html"]
    assert "<h1>La tienda 100 % no responde</h1>" in texts["service-shop.es.html"]
    assert "<h1>wiki no responde</h1>" in texts["service-wiki.es.html"]
