"""Which containers run with configuration that has changed since they started."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from sereno.serve.catalogue import CATALOGUE
from sereno.serve.component import Component
from sereno.serve.compose.ports import Container
from sereno.serve.compose_parts import OWN_FOLDERS, RENDERED
from sereno.serve.place import Place

HANDED_OVER = {
    "webapp": ("sereno.toml",),
    "worker": ("sereno.toml",),
    "blackbox-exporter": (f"docker/{RENDERED}/docker/blackbox-exporter",),
}
"""Component → what reaches it by way of the one-shot `prepare`, below the repository."""

NOTICED_BY_ITSELF = ("prometheus/targets", "prometheus/tests")
"""What needs no restart."""

ONLY_KEPT = {"worker": tuple(OWN_FOLDERS.values())}
"""Component → what it has mounted to back it up, not to work by it."""


def older_than_their_files(
    root: Path, place: Place, containers: Mapping[str, Container], rendered: str = ".."
) -> list[str]:
    """Components whose running container started before one of their files was last written.

    `rendered` is the folder of the rendered files as `docker/.env` says it, seen from `docker`.
    """
    return [
        component.name
        for component in CATALOGUE
        if _is_older(containers.get(component.name), written_at(root, place, component, rendered))
    ]


def written_at(root: Path, place: Place, component: Component, rendered: str = "..") -> datetime:
    """When the newest of a component's files was written; long ago when it has none."""
    return _newest(root, _sources(component, place, rendered))


def _is_older(container: Container | None, written: datetime) -> bool:
    running = container is not None and container.state == "running" and container.since is not None
    return running and container is not None and container.since is not None and container.since < written


def _sources(component: Component, place: Place, rendered: str) -> Iterator[str]:
    """Paths below the repository of what the component's container has mounted, or is handed."""
    for mount in component.compose(place).get("volumes", []):
        source = str(mount).replace(RENDERED, rendered).partition(":")[0]
        if source.startswith("."):
            path = os.path.normpath(os.path.join("docker", source))  # noqa: PTH118 -- resolves the "..".
            if path not in ONLY_KEPT.get(component.name, ()):
                yield path
    for source in HANDED_OVER.get(component.name, ()):
        yield os.path.normpath(source.replace(RENDERED, rendered))


def _newest(root: Path, sources: Iterable[str]) -> datetime:
    """When the newest file of `sources` was written; long ago when there is none."""
    newest = 0.0
    for source in sources:
        path = root / source
        files = [path] if path.is_file() else [each for each in path.rglob("*") if each.is_file()]
        for file in files:
            if not str(file.relative_to(root)).startswith(NOTICED_BY_ITSELF):
                newest = max(newest, file.stat().st_mtime)
    return datetime.fromtimestamp(newest, UTC)
