"""Fixtures for tests that need a Docker Engine: import them in the conftest.py beside such tests."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from tests.equipment.docker import cache
from tests.equipment.docker.engine import Engine, engine
from tests.equipment.images import build


@pytest.fixture(scope="session")
def bare_docker() -> Iterator[Engine]:
    """A private engine with whatever images earlier runs left in its cache."""
    if os.geteuid() != 0:
        pytest.skip("a Docker Engine needs root: run with sudo")
    with cache.claim("engine") as data, engine(data=data) as running:
        yield running


@pytest.fixture(scope="session")
def docker(bare_docker: Engine) -> Engine:
    """A private engine that has all stand-ins; the first run on a machine takes about two minutes for them."""
    for held in build.ensure(bare_docker):
        print(f"{held.tag:40} {held.holds}")
    return bare_docker
