"""A restore that goes wrong, wherever it does: what was there is there again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sereno.core.errors import SerenoError
from sereno.keep.backups.model import Manifest, Member, Table
from sereno.keep.backups.restore import DUMP, restore
from sereno.outside import archive

HELD = Table(rows=3, newest=None, fingerprint=7)


@dataclass
class SiteStandIn:
    """Remembers what it was asked; fails at `fails`, and every time when `for_good`."""

    fails: str = ""
    for_good: bool = False
    found: Mapping[str, Table] = field(default_factory=lambda: {"user": HELD})
    asked: list[str] = field(default_factory=list)

    def free_bytes(self) -> int:
        return 10**12

    def set_up(self, parts: Path) -> None:
        self._do("set up")

    def build(self, dump: Path) -> Mapping[str, Table]:
        self._do("build")
        return self.found

    def exchange(self, parts: Path) -> Path:
        self._do("exchange")
        return Path("old")

    def start(self) -> None:
        self._do("start")

    def exchange_back(self) -> Path:
        self._do("exchange back")
        return Path("failed")

    def give_up(self) -> None:
        self._do("give up")

    def _do(self, what: str) -> None:
        self.asked.append(what)
        if what == self.fails and (self.for_good or self.asked.count(what) == 1):
            raise SerenoError(f"no {what}", next_step="look at it")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "dump").write_bytes(b"rows")
    part = archive.measure(tmp_path / "dump")
    manifest = Manifest(
        made_at=datetime(2026, 11, 24, tzinfo=UTC),
        program="0.1.0",
        platform="compose",
        server="8.4",
        revision="0001",
        dump_bytes=4,
        tables={"user": HELD},
        members={DUMP: Member(part.bytes, part.sha256)},
    )
    parts = {DUMP: tmp_path / "dump"}
    archive.pack(tmp_path / "backup.tar", manifest.to_json(), parts, passphrase="", written_at=0)
    return tmp_path / "backup.tar"


def run(site: SiteStandIn, file: Path) -> Path:
    work = file.parent / "work"
    work.mkdir()
    done = restore(
        site, archive, file, "", work=work, known_revisions=("0001",), tell=lambda _: None, confirm=lambda _: None
    )
    return done.old


def test_one_that_goes_well_says_where_the_old_is(file: Path) -> None:
    site = SiteStandIn()
    assert run(site, file) == Path("old")
    assert site.asked == ["set up", "build", "exchange", "start"]


@pytest.mark.parametrize("step", ["exchange", "start"])
def test_one_that_fails_after_something_was_moved_is_taken_back(file: Path, step: str) -> None:
    site = SiteStandIn(fails=step)
    with pytest.raises(SerenoError, match="the old is in its place again and runs") as failure:
        run(site, file)
    assert site.asked[-2:] == ["exchange back", "start"]
    assert "what was restored lies in failed" in failure.value.next_step


def test_when_the_old_does_not_start_either_both_are_told(file: Path) -> None:
    site = SiteStandIn(fails="start", for_good=True)
    with pytest.raises(SerenoError, match="no start; the old is in its place again and does not become healthy either"):
        run(site, file)


def test_a_database_that_came_out_otherwise_changes_nothing(file: Path) -> None:
    site = SiteStandIn(found={"user": Table(rows=2, newest=None, fingerprint=7)})
    with pytest.raises(SerenoError, match="user has 2 rows instead of 3"):
        run(site, file)
    assert site.asked == ["set up", "build", "give up"]
