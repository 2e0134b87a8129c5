"""The folder of backups."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest

from sereno.core.errors import Conflict
from sereno.outside.shelf import Shelf

NAME = "sereno-20261124T031500Z.tar"


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "backups")


def test_the_folder_is_made_closed_to_others(shelf: Shelf) -> None:
    assert shelf.free_bytes() > 0
    assert shelf.folder.stat().st_mode & 0o777 == 0o700
    assert shelf.since() == shelf.since()


def test_a_record_counts_only_beside_its_file(shelf: Shelf) -> None:
    shelf.since()
    shelf.write_record(NAME, {"name": NAME, "sha256": "ab"})
    assert shelf.records() == []
    (shelf.folder / NAME).write_text("x")
    assert [record["name"] for record in shelf.records()] == [NAME]
    assert (shelf.folder / f"{NAME}.sha256").read_text() == f"ab  {NAME}\n"
    shelf.remove(NAME)
    assert not list(shelf.folder.glob("sereno-*"))


def test_what_a_killed_process_left_is_removed_by_the_next(shelf: Shelf) -> None:
    shelf.since()
    (shelf.folder / f"{NAME}.partial").write_text("half")
    (shelf.folder / ".work-abc").mkdir()
    (shelf.folder / ".work-abc/dump").write_text("half")
    (shelf.folder / f"{NAME}.json").write_text("{}")
    (shelf.folder / "mine.txt").write_text("somebody's own")
    assert shelf.records() == [] and shelf.unrecorded() == []
    with shelf.only_one():
        assert sorted(file.name for file in shelf.folder.iterdir()) == [".lock", ".since", "mine.txt"]


def test_a_whole_file_without_a_record_is_known(shelf: Shelf) -> None:
    shelf.since()
    (shelf.folder / NAME).write_text("x")
    (shelf.folder / f"{NAME}.age").write_text("x")
    assert sorted(shelf.unrecorded()) == [NAME, f"{NAME}.age"]


def _try(folder: Path, found: multiprocessing.queues.Queue[object]) -> None:
    other = Shelf(folder)
    found.put(other.busy_since() is not None)
    try:
        with other.only_one():
            found.put("held")
    except Conflict as refused:
        found.put(refused.message)


def test_one_process_at_a_time(shelf: Shelf) -> None:
    found: multiprocessing.queues.Queue[object] = multiprocessing.Queue()
    with shelf.only_one():
        process = multiprocessing.Process(target=_try, args=(shelf.folder, found))
        process.start()
        assert found.get(timeout=20) is True
        assert "another process" in str(found.get(timeout=20))
        process.join(20)
    assert shelf.busy_since() is None
