"""Fixtures of the tests that run a compose file for real."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.equipment.compose import Stack
from tests.equipment.docker import clients
from tests.equipment.docker.engine import Engine
from tests.equipment.docker.fixtures import bare_docker, docker
from tests.equipment.docker.packages import EquipmentError

__all__ = ["bare_docker", "docker"]


@pytest.fixture(scope="module")
def by_the_seed(docker: Engine) -> Iterator[Stack]:
    """The stack after the seed's steps 1, 4 and 5, typed by hand: an ordinary user's clone, docker-compose 1.29.2."""
    try:
        client = clients.compose_v1()
    except EquipmentError:
        client = clients.compose_v2(docker)
    stack = Stack(docker, client)
    try:
        stack.as_student("bash", "generate-ssl.sh", folder=stack.folder / "nginx/ssl")
        stack.up()
        yield stack
    finally:
        stack.close()


@pytest.fixture(scope="module")
def second_generation(docker: Engine) -> Iterator[Stack]:
    """A clean clone for Compose 2, of which nothing runs yet."""
    stack = Stack(docker, clients.compose_v2(docker))
    yield stack
    stack.close()
