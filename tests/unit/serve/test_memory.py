from pathlib import Path

import pytest

from sereno.serve.native.home import Home
from sereno.serve.native.memory import ensure, give_back


@pytest.fixture
def home(tmp_path: Path) -> Home:
    (tmp_path / "home/run").mkdir(parents=True)
    (tmp_path / "shm").mkdir()
    return Home(tmp_path / "home")


def test_it_leads_to_a_folder_that_is_ours_alone_and_stays_the_same(home: Home, tmp_path: Path) -> None:
    ensure(home, "", tmp_path / "shm")
    link = home / "run/memory"
    assert link.resolve().parent == tmp_path / "shm"
    assert link.stat().st_mode & 0o777 == 0o700
    (link / "pages").mkdir()
    ensure(home, "", tmp_path / "shm")
    assert (link / "pages").is_dir()


def test_after_a_reboot_it_is_made_anew(home: Home, tmp_path: Path) -> None:
    ensure(home, "", tmp_path / "shm")
    (home / "run/memory").resolve().rmdir()
    ensure(home, "", tmp_path / "shm")
    assert (home / "run/memory").is_dir()


def test_a_folder_that_others_may_enter_is_not_used(home: Home, tmp_path: Path) -> None:
    (tmp_path / "shm/strange").mkdir(mode=0o777)
    (tmp_path / "shm/strange").chmod(0o777)
    (home / "run/memory").symlink_to(tmp_path / "shm/strange")
    ensure(home, "", tmp_path / "shm")
    assert (home / "run/memory").resolve().name != "strange"


def test_without_shared_memory_it_lies_on_the_disk(home: Home, tmp_path: Path) -> None:
    ensure(home, "", tmp_path / "absent")
    assert (home / "run/memory").is_dir()
    assert not (home / "run/memory").is_symlink()
    ensure(home, "", tmp_path / "absent")


@pytest.mark.parametrize("shared", ["shm", "absent"])
def test_it_is_given_back_whole(home: Home, tmp_path: Path, shared: str) -> None:
    ensure(home, "", tmp_path / shared)
    (home / "run/memory/pages").mkdir()
    (home / "run/memory/pages/a").write_text("x")
    give_back(home)
    assert list((home / "run").iterdir()) == []
    assert list((tmp_path / "shm").iterdir()) == []
    give_back(home)
