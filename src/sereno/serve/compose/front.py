"""Nginx in its container: given new files without a pause."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from sereno.core.errors import UsageError
from sereno.serve.catalogue import BY_NAME
from sereno.serve.compose import stale
from sereno.serve.compose.ports import Container, Engine
from sereno.serve.fronts import on_the_machine_itself
from sereno.serve.place import Place
from sereno.settings import Settings

NGINX = "nginx"
_TAKEOVER_SECONDS = 5
_POLL_SECONDS = 0.2
_MARK = "/run/sereno-reloaded"
"""In the container's own memory: when it last took over new files. Gone when the container starts anew, which is one
more way of taking them over."""

_WHO_SERVES = (
    'for each in /proc/[0-9]*; do [ "$(tr -d "\\0" 2>/dev/null <$each/cmdline)" != "nginx: worker process" ] '
    "|| echo $each; done"
)
"""Not every image has a `pgrep`."""


@contextmanager
def put_back_when_refused(*files: Path) -> Iterator[None]:
    """Give files their text again when what is done meanwhile raises: a container that restarts reads them again."""
    before = {file: file.read_bytes() for file in files if file.is_file()}
    try:
        yield
    except BaseException:
        for file in files:
            if file in before:
                # In place: a container has that very file mounted.
                file.write_bytes(before[file])
            else:
                file.unlink(missing_ok=True)
        raise


def refuse_loopback(settings: Settings, gateway: str) -> None:
    """Raise UsageError for a service at a loopback address; `gateway` is this machine as containers see it."""
    for service in on_the_machine_itself(settings):
        raise UsageError(
            f"the service {service.name!r} is at {service.upstream}, which in Nginx's container is that container",
            next_step=f"have it listen at {gateway}, which is this machine as containers see it, and write that; or "
            "run it in a container on the network ops and write its name (docs/your-first-service.md)",
        )


class Front:
    """Nginx's container of the project in the clone `root`."""

    def __init__(self, engine: Engine, root: Path, place: Place) -> None:
        self._engine = engine
        self._root = root
        self._place = place

    def is_behind(self, containers: Mapping[str, Container], rendered: str) -> bool:
        """Whether it runs with older files than those that lie there, in the folder `rendered` seen from `docker`."""
        nginx = containers.get(NGINX)
        if nginx is None or nginx.state != "running" or nginx.since is None:
            return False
        written = stale.written_at(self._root, self._place, BY_NAME[NGINX], rendered)
        return nginx.since < written and not self._has_taken_over(nginx, written)

    def take_over(self, nginx: Container) -> bool:
        """Have it read its files again, without a pause; False when no new processes serve within five seconds."""
        before = self._serving(nginx)
        done = self._engine.ask(nginx.id, ["nginx", "-s", "reload"])
        deadline = time.monotonic() + _TAKEOVER_SECONDS
        while done.code == 0 and time.monotonic() < deadline:
            if self._serving(nginx) - before:
                self._engine.ask(nginx.id, ["touch", _MARK])
                return True
            time.sleep(_POLL_SECONDS)
        return False

    def _has_taken_over(self, nginx: Container, written: datetime) -> bool:
        told = self._engine.ask(nginx.id, ["stat", "-c", "%Y", _MARK])
        words = told.output.strip()
        # The mark has whole seconds.
        return told.code == 0 and words.isdigit() and int(words) >= int(written.timestamp())

    def _serving(self, nginx: Container) -> set[str]:
        """The processes that take new requests; those that only finish what they have begun end with other words."""
        return set(self._engine.ask(nginx.id, ["/bin/sh", "-c", _WHO_SERVES]).output.split())
