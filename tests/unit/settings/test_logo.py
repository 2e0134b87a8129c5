"""A logo of one's own is a small picture and nothing else."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from tests.equipment.desk import Visitor, desk_app
from tests.equipment.readings import Readings

from sereno import prepare
from sereno.core.errors import SettingsError
from sereno.serve.native.files import bring_logo
from sereno.serve.native.home import Home
from sereno.settings import Settings
from sereno.settings.logo import read_logo

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M0 0h9v9z"/></svg>'
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40


@pytest.mark.parametrize(
    ("name", "content"), [("a.svg", SVG), ("a.PNG", PNG), ("b.svg", b"<!-- made by hand -->" + SVG)]
)
def test_pictures_are_taken(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    assert read_logo(tmp_path / name) == content


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("a.gif", b"GIF89a", "neither .svg nor .png"),
        ("a.png", SVG, "no PNG"),
        ("a.svg", PNG, "no XML"),
        ("a.svg", b"<html/>", "no SVG"),
        ("a.svg", SVG.replace(b"<path", b"<script>alert(1)</script><path"), "<script>"),
        ("a.svg", SVG.replace(b"<path", b"<path onload='alert(1)'"), "onload"),
        ("a.svg", SVG.replace(b"<path", b"<image href='https://evil.example/x.png'/><path"), "refers to"),
        ("a.svg", SVG.replace(b"<path", b"<foreignObject/><path"), "<foreignobject>"),
        ("a.svg", b'<!DOCTYPE svg [<!ENTITY a "aaaa">]>' + SVG, "document type"),
        ("a.svg", SVG + b" " * 300_000, "larger"),
    ],
)
def test_what_is_not_just_a_picture_is_refused(tmp_path: Path, name: str, content: bytes, why: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SettingsError, match=why):
        read_logo(tmp_path / name)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        read_logo(tmp_path / "none.svg")


def settings(logo: str) -> Settings:
    return Settings.model_validate({"status_page": {"title": "Lamp shop", "logo": logo}})


def test_up_brings_it_and_takes_it_away_again(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    (tmp_path / "mine.svg").write_bytes(SVG)
    bring_logo(home, tmp_path, settings("mine.svg"))
    kept = tmp_path / "home/www/own/logo.svg"
    assert kept.read_bytes() == SVG
    bring_logo(home, tmp_path, settings(""))
    assert not kept.exists()


def test_it_is_served_as_a_picture_that_can_do_nothing(tmp_path: Path) -> None:
    app = desk_app(tmp_path, settings=settings("mine.svg"))
    app.extensions["sereno"].neighbours["readings"] = Readings()
    visitor = Visitor(app)
    assert 'class="logo"' not in visitor.get("/").text
    folder = app.extensions["sereno"].surroundings.www / "own"
    folder.mkdir(parents=True)
    (folder / "logo.svg").write_bytes(SVG)
    app.extensions["sereno.front"].pages.clear()
    page = visitor.get("/").text
    address = page.split('<img class="logo" src="')[1].split('"')[0]
    answer = visitor.get(address)
    assert (answer.data, answer.mimetype) == (SVG, "image/svg+xml")
    assert answer.headers["Content-Security-Policy"].endswith("sandbox")
    assert visitor.get("/logo/other.svg").status_code == 404
    desk = app.extensions["sereno"]
    desk.surroundings = replace(desk.surroundings, settings=settings(""))
    assert visitor.get(address).status_code == 404


def test_in_compose_it_is_brought_from_the_clone_and_from_nowhere_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("os.chown", "os.fchown"):
        monkeypatch.setattr(name, lambda *_: None)
    monkeypatch.setattr(prepare, "DESK_USER", os.getuid())
    clone, own = tmp_path / "clone", tmp_path / "www/own"
    clone.mkdir()
    (clone / "mine.png").write_bytes(PNG)
    assert list(prepare._logo(clone, own, settings("mine.png"))) == ["brought the logo to the desk"]
    assert (own / "logo.png").read_bytes() == PNG
    assert list(prepare._logo(clone, own, settings("mine.png"))) == []
    (tmp_path / "other.svg").write_bytes(SVG)
    with pytest.raises(SettingsError, match="outside of the clone"):
        list(prepare._logo(clone, own, settings("../other.svg")))
    assert list(prepare._logo(clone, own, settings(""))) == []
    assert not (own / "logo.png").exists()
