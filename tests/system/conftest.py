"""Real servers for the system tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.equipment.stack import NativeStack


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "/tests/system/" in str(item.path):
            item.add_marker(pytest.mark.system)


@pytest.fixture(scope="session")
def stack() -> Iterator[NativeStack]:
    """The whole system, running natively, shared by all tests that leave it as they found it."""
    running = NativeStack()
    try:
        running.up()
        yield running
    finally:
        running.close()
