"""Looking at containers: are they well, who is not, and why."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from sereno.core.errors import SerenoError
from sereno.serve.catalogue import BY_NAME, CATALOGUE
from sereno.serve.component import Component, HttpHealth
from sereno.serve.compose.health import CRASHES, health_of, words_for
from sereno.serve.compose.ports import Container, Engine
from sereno.serve.compose_file import PREPARE
from sereno.serve.readiness import READY_SECONDS, WHEN_REFUSED, what_it_says

HEALTH_SECONDS = 180
TAIL_LINES = 15
_POLL_SECONDS = 0.5


class Watch:
    """Judges the containers of an engine's project."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def containers(self) -> dict[str, Container]:
        """Service → its container, running or not."""
        return {each.service: each for each in self._engine.containers()}

    def wait_for(self, names: Sequence[str]) -> None:
        """Come back when all of them are healthy; SerenoError, with the log's end, when one is not in three minutes.

        The engine starts again whoever ends, so one that has ended was asked to: by a command that was cut short, as an
        earlier `up`, whose request the engine carried out later. It is started once more.
        """
        deadline = time.monotonic() + HEALTH_SECONDS
        before = {name: each.restarts for name, each in self.containers().items()}
        waiting = list(names)
        started: set[str] = set()
        while True:
            containers = self.containers()
            waiting = [name for name in waiting if self.what_is_wrong(BY_NAME[name], containers) is not None]
            if not waiting:
                return
            ended = {name for name in waiting if name in containers and containers[name].state == "exited"} - started
            if ended:
                self._engine.compose(["start", *sorted(ended)])
                started |= ended
            first = containers.get(waiting[0])
            crashed = first is not None and first.restarts - before.get(waiting[0], 0) >= CRASHES
            if crashed or time.monotonic() > deadline:
                raise self.failure(waiting[0], containers)
            time.sleep(_POLL_SECONDS)

    def wait_until_ready(self, name: str) -> None:
        """Come back when a healthy component can also do its work. Raises SerenoError, in its words, when it can't."""
        component = BY_NAME[name]
        path = component.health.ready_path if isinstance(component.health, HttpHealth) else ""
        deadline = time.monotonic() + READY_SECONDS
        while True:
            container = self.containers()[name]
            done = self._engine.ask(container.id, ["python", "-m", "sereno.outside.ask", str(component.port), path])
            if done.code == 0:
                return
            refused, words = what_it_says(done.output)
            if refused or time.monotonic() > deadline:
                after = "" if refused else f" after {READY_SECONDS} s"
                raise SerenoError(
                    f"{name} is not ready{after}: {words}",
                    next_step=WHEN_REFUSED if refused else f"./sereno logs {name} says more",
                    log_tail=self._engine.tail(container.id, TAIL_LINES),
                )
            time.sleep(_POLL_SECONDS)

    def what_is_wrong(self, component: Component, containers: Mapping[str, Container]) -> str | None:
        """None when it is healthy now. The engine asks seldom, so what it does not call healthy is asked here."""
        container = containers.get(component.name)
        if container is None or container.state != "running":
            return words_for(component, container)
        if container.check:
            healthy = container.health == "healthy" or self._engine.ask(container.id, container.check).code == 0
            return None if healthy else words_for(component, container)
        return self._what_a_neighbour_says(component, containers)

    def _what_a_neighbour_says(self, component: Component, containers: Mapping[str, Container]) -> str | None:
        """Prometheus's container asks for those that can't ask themselves; without it nobody knows better."""
        neighbour = containers.get("prometheus")
        if neighbour is None or neighbour.state != "running" or not isinstance(component.health, HttpHealth):
            return None
        url = f"http://{component.name}:{component.port}{component.health.path}"
        done = self._engine.ask(neighbour.id, ["wget", "-q", "-T", "3", "-O", "/dev/null", url])
        return None if done.code == 0 else f"{url} does not answer"

    def culprit(self, containers: Mapping[str, Container]) -> str | None:
        """Who made `up` fail: the one-shot, else the first in the order of start that is not well.

        One that ends again and again runs for a moment now and then, so those that have been restarted count too.
        """
        prepare = containers.get(PREPARE)
        if prepare is not None and prepare.state == "exited" and prepare.exit_code != 0:
            return PREPARE
        for component in CATALOGUE:
            container = containers.get(component.name)
            restarted = container is not None and container.restarts > 0
            if health_of(container) == "unhealthy" or (
                restarted and self.what_is_wrong(component, containers) is not None
            ):
                return component.name
        return None

    def failure(self, name: str | None, containers: Mapping[str, Container], said: str = "") -> SerenoError:
        """What to tell of the component `name`; of Compose itself, with what it `said`, when None."""
        if name is None:
            return SerenoError(
                "Docker Compose could not start the containers",
                next_step="read the lines above",
                log_tail="\n".join(said.strip().splitlines()[-TAIL_LINES:]),
            )
        container = containers.get(name)
        words = "it has failed" if name == PREPARE else words_for(BY_NAME[name], container) or "it does not answer"
        more = "" if name == PREPARE else f"; more: ./sereno logs {name}"
        return SerenoError(
            f"{name} is not healthy: {words}",
            next_step=f"read the lines above{more}",
            log_tail=self._engine.tail(container.id, TAIL_LINES) if container else said.strip(),
        )
