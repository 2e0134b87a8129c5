"""Fixtures of the tests that run a compose file for real."""

from tests.equipment.docker.fixtures import bare_docker, docker

__all__ = ["bare_docker", "docker"]
