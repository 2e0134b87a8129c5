"""Real servers for the system tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.equipment.stack import NativeStack

EQUIPMENT = {
    "tests.equipment.booted": pytest.mark.machine,
    "tests.equipment.fresh": pytest.mark.machine,
    "tests.equipment.guides": pytest.mark.whole,
    "tests.equipment.stack": pytest.mark.whole,
}
"""What runs everything natively → the mark of the tests that use it, which take long, mostly waiting."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "/tests/system/" not in str(item.path):
            continue
        item.add_marker(pytest.mark.system)
        used = {getattr(each, "__module__", "") for each in vars(item.module).values()}  # type: ignore[attr-defined]
        for name in used & EQUIPMENT.keys():
            item.add_marker(EQUIPMENT[name])


@pytest.fixture(scope="session")
def stack() -> Iterator[NativeStack]:
    """The whole system, running natively, shared by all tests that leave it as they found it."""
    running = NativeStack()
    try:
        running.up()
        yield running
    finally:
        running.close()
