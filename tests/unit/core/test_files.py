import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sereno.core.files import replace_file


@contextmanager
def no_room_for_more_than(size: int) -> Iterator[None]:
    """As on a full disk: the kernel takes `size` bytes of any file, then refuses."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_file_is_replaced_with_its_mode(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    replace_file(file, b"old", 0o644)
    replace_file(file, b"new", 0o600)
    assert file.read_bytes() == b"new"
    assert file.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["secret"]


def test_without_room_the_old_file_stays_and_no_draft_is_left(tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    replace_file(file, b"old")
    with no_room_for_more_than(2), pytest.raises(OSError, match="File too large"):
        replace_file(file, b"a new page")
    assert file.read_bytes() == b"old"
    assert [each.name for each in tmp_path.iterdir()] == ["page.html"]
