"""The copies that answer for a dead desk are whole, of one moment, and never replaced by nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from sereno.core.errors import Unavailable
from sereno.respond.status.copies import write_copies


class Webapp:
    def __init__(self, *, broken_for: str = "") -> None:
        self.broken_for = broken_for

    def status_copy(self, language: str) -> str:
        if language == self.broken_for:
            raise Unavailable("webapp does not answer")
        return f"página en {language}"


def test_every_language_is_written_whole_and_readable_by_nginx(tmp_path: Path) -> None:
    write_copies(Webapp(), tmp_path / "status")
    assert sorted(file.name for file in (tmp_path / "status").iterdir()) == ["en.html", "es.html"]
    assert (tmp_path / "status" / "es.html").read_text(encoding="utf-8") == "página en es"
    assert (tmp_path / "status" / "es.html").stat().st_mode & 0o777 == 0o644


def test_a_failure_leaves_what_is_there(tmp_path: Path) -> None:
    write_copies(Webapp(), tmp_path)
    before = {file.name: file.stat().st_mtime_ns for file in tmp_path.iterdir()}
    with pytest.raises(Unavailable):
        write_copies(Webapp(broken_for="es"), tmp_path)
    assert {file.name: file.stat().st_mtime_ns for file in tmp_path.iterdir()} == before
