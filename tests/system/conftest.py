"""Real servers for the system tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.equipment.stack import NativeStack

WHOLE_SYSTEMS = frozenset(f"tests.equipment.{name}" for name in ("booted", "fresh", "guides", "stack"))
"""The equipment that runs everything natively; tests that use it take long, mostly waiting."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "/tests/system/" not in str(item.path):
            continue
        item.add_marker(pytest.mark.system)
        used = {getattr(each, "__module__", "") for each in vars(item.module).values()}  # type: ignore[attr-defined]
        if used & WHOLE_SYSTEMS:
            item.add_marker(pytest.mark.whole)


@pytest.fixture(scope="session")
def stack() -> Iterator[NativeStack]:
    """The whole system, running natively, shared by all tests that leave it as they found it."""
    running = NativeStack()
    try:
        running.up()
        yield running
    finally:
        running.close()
