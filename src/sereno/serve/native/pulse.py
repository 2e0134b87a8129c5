"""Whether components are healthy, and waiting until they are."""

from __future__ import annotations

import time

from sereno.core.errors import SerenoError
from sereno.serve.component import CommandHealth, Component, HttpHealth
from sereno.serve.native.death_book import DeathBook
from sereno.serve.native.home import Home
from sereno.serve.native.logs import tail
from sereno.serve.place import Place
from sereno.serve.ports import Health, Processes
from sereno.serve.readiness import READY_SECONDS, WHEN_REFUSED, what_it_says

HEALTH_SECONDS = 60
DEATHS_ENOUGH = 3
"""What has died so often since its start was asked for will not recover by being waited for."""

_POLL_SECONDS = 0.25


class Pulse:
    """Asks the components of one home."""

    def __init__(self, home: Home, user: str, *, processes: Processes, health: Health, deaths: DeathBook) -> None:
        self._home = home
        self._user = user
        self._processes = processes
        self._health = health
        self._deaths = deaths

    def what_is_wrong(self, component: Component, place: Place) -> str | None:
        """None when the component is healthy, else why it is not, in words."""
        if isinstance(component.health, CommandHealth):
            done = self._processes.run(component.health.argv(place), user=self._user, timeout_seconds=10)
            return None if done.code == 0 else done.output.strip() or f"its check ends with {done.code}"
        return self._health.http(_url(component.health, component, place, component.health.path))

    def wait_until_healthy(self, component: Component, place: Place) -> None:
        """Return when it is. Raises SerenoError with the log's last lines when it dies again and again, or takes long.

        A program that dies is still started again, with growing pauses: what made it die may pass.
        """
        name = component.name
        deadline = time.monotonic() + HEALTH_SECONDS
        while (wrong := self.what_is_wrong(component, place)) is not None:
            deaths = self._deaths.deaths_since_asked(name)
            if deaths >= DEATHS_ENOUGH:
                raise self._failure(name, f"{name} has ended {deaths} times since it was started")
            if time.monotonic() > deadline:
                raise self._failure(name, f"{name} is not healthy after {HEALTH_SECONDS} s: {wrong}")
            time.sleep(_POLL_SECONDS)

    def wait_until_ready(self, component: Component, place: Place) -> None:
        """Return when a healthy component can also do its work; one that does not tell is ready.

        Raises SerenoError with the component's own words when it refuses, or waits too long.
        """
        health = component.health
        if not isinstance(health, HttpHealth) or not health.ready_path:
            return
        url = _url(health, component, place, health.ready_path)
        deadline = time.monotonic() + READY_SECONDS
        while True:
            status, text = self._health.read(url)
            if status == 200:
                return
            refused, words = what_it_says(text)
            if refused:
                raise SerenoError(
                    f"{component.name} is not ready: {words}",
                    next_step=WHEN_REFUSED,
                    log_tail=tail(self._home / "log" / f"{component.name}.log", 3),
                )
            if time.monotonic() > deadline:
                raise self._failure(
                    component.name, f"{component.name} is not ready after {READY_SECONDS} s: {words or url}"
                )
            time.sleep(_POLL_SECONDS)

    def _failure(self, name: str, message: str) -> SerenoError:
        return SerenoError(
            message,
            next_step=f"read the lines above, and ./sereno logs {name}; when it is mended, run this again",
            log_tail=tail(self._home / "log" / f"{name}.log"),
        )


def _url(health: HttpHealth, component: Component, place: Place, path: str) -> str:
    return f"{'https' if health.tls else 'http'}://{place.address(component.name)}{path}"
