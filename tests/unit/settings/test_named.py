"""Files that the settings name are kept for backups, as far as they lie in the clone."""

from __future__ import annotations

from pathlib import Path

import pytest

from sereno.serve.native.files import keep_named
from sereno.serve.native.home import Home
from sereno.settings import Settings
from sereno.settings.named import KEPT_AT, named_in


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("clone/own/site.pem", "clone/own/site.key", "clone/logo.svg", "clone/secret-chat", "outside.pem"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path / "clone"


def settings(**more: object) -> Settings:
    return Settings.model_validate(
        {
            "site": {"certificate": "own/site.pem", "key": "./own/site.key"},
            "status_page": {"logo": "logo.svg"},
            "notify": {"channels": [{"name": "chat", "url_file": "secret-chat"}]},
            "backup": {"passphrase_file": "passphrase.txt"},
            **more,
        }
    )


def test_certificate_logo_and_secrets_of_channels_are_found_and_the_passphrase_is_not(root: Path) -> None:
    (root / "passphrase.txt").write_text("never in the box that it opens")
    assert set(named_in(root, settings())) == {"own/site.pem", "own/site.key", "logo.svg", "secret-chat"}


def test_what_lies_outside_of_the_clone_or_is_missing_is_left_to_others(root: Path) -> None:
    (root / "link.pem").symlink_to(root.parent / "outside.pem")
    named = {"certificate": str(root.parent / "outside.pem"), "key": "link.pem"}
    found = named_in(root, settings(site=named, status_page={"logo": "missing.svg"}))
    assert set(found) == {"secret-chat"}


def test_a_home_keeps_copies_for_its_owner_alone_and_forgets_what_is_no_longer_named(root: Path) -> None:
    home = Home(root.parent / "home")
    keep_named(home, root, settings())
    kept = home / KEPT_AT
    assert (kept / "own/site.key").read_text() == "clone/own/site.key"
    assert (kept / "own/site.key").stat().st_mode & 0o777 == 0o600
    assert kept.stat().st_mode & 0o777 == 0o700
    keep_named(home, root, Settings())
    assert [each for each in kept.rglob("*") if each.is_file()] == []
