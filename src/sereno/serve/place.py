"""Where things are on one platform: addresses, folders, secrets. Templates and components ask a `Place`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from sereno.settings import Settings


@dataclass(frozen=True, slots=True)
class Place:
    """One platform's answer to "where?"; values only, so that rendering stays a pure function.

    `hosts` and `ports` map a component's name to the address under which its neighbours reach it.
    `home` is the native home; in Compose each container has its own fixed folders and `home` is `/`.
    """

    platform: Literal["native", "compose"]
    profile: Literal["small", "standard"]
    settings: Settings
    home: PurePosixPath
    hosts: dict[str, str]
    ports: dict[str, int]
    lab: bool = False

    def address(self, component: str) -> str:
        """`host:port` of a component as its neighbours reach it."""
        return f"{self.hosts[component]}:{self.ports[component]}"

    def config(self, *parts: str) -> PurePosixPath:
        """A path below the folder of rendered configuration (native: `home/etc`)."""
        return self.home.joinpath("etc", *parts)

    def data(self, *parts: str) -> PurePosixPath:
        """A path below the folder of what must survive (native: `home/data`)."""
        return self.home.joinpath("data", *parts)

    def run(self, *parts: str) -> PurePosixPath:
        """A path below the folder of sockets and pid files (native: `home/run`)."""
        return self.home.joinpath("run", *parts)

    def log(self, *parts: str) -> PurePosixPath:
        """A path below the folder of logs (native: `home/log`)."""
        return self.home.joinpath("log", *parts)

    def secret(self, name: str) -> PurePosixPath:
        """The file that holds the secret `name` (native: `home/secrets/NAME`)."""
        return self.home.joinpath("secrets", name)
