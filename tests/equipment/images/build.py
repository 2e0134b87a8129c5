"""Builds the stand-ins that an engine does not have yet, or has from an older recipe."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass

from tests.equipment.docker import clients
from tests.equipment.docker.engine import Engine
from tests.equipment.docker.packages import EquipmentError, say
from tests.equipment.images import bases
from tests.equipment.images.catalogue import (
    BASES,
    LABEL,
    MYSQL,
    MYSQL_BY_MARIADB,
    MYSQL_PROGRAMS,
    RECIPES,
    STAND_INS,
    Base,
    StandIn,
    published,
    unknown,
)

WITHOUT_MYSQL = "SERENO_EQUIPMENT_WITHOUT_MYSQL"

_STAND_INS = {image.tag: image for image in STAND_INS}
_BASES = {base.tag: base for base in BASES}


@dataclass(frozen=True)
class Held:
    """What an image holds, by its labels."""

    tag: str
    holds: str


def ensure(engine: Engine, tags: Sequence[str] | None = None) -> list[Held]:
    """Makes the stand-ins for `tags` (default: all) available and returns what each holds.

    What the engine already has from the same recipe is left alone. MySQL is replaced by MariaDB, and says
    so, when Debian sid does not give it or when SERENO_EQUIPMENT_WITHOUT_MYSQL is set.

    Raises EquipmentError for a tag that nothing stands in for, or with the builder's last words.
    """
    wanted = list(tags) if tags is not None else [image.tag for image in published()]
    strange = unknown(wanted)
    if strange:
        raise EquipmentError(f"Nothing stands in for {', '.join(strange)}: add a recipe to {RECIPES}/catalogue.py.")
    clients.install_plugins(engine)
    builder = _Builder(engine)
    for tag in wanted:
        builder.ensure(_STAND_INS[tag])
    return holdings(engine, wanted)


def recipe(image: StandIn) -> str:
    """A mark that changes when anything changes that `image` is made from."""
    grounds = [base_recipe(_BASES[tag]) if tag in _BASES else recipe(_STAND_INS[tag]) for tag in image.needs]
    folder = RECIPES / image.recipe
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    contents = [f"{path.relative_to(folder)} {path.stat().st_mode & 0o111} {path.read_text()}" for path in files]
    return _mark(image.dockerfile, *grounds, *contents)


def base_recipe(base: Base) -> str:
    """A mark that changes when other suites or packages are wanted of `base`."""
    return _mark(base.tag, *base.suites, *base.packages)


def holdings(engine: Engine, tags: Sequence[str]) -> list[Held]:
    """What each of `tags` holds; a tag that the engine does not have is left out."""
    told = []
    for tag in tags:
        labels = _labels(engine, tag)
        if labels is not None:
            told.append(Held(tag, labels.get(f"{LABEL}.holds", "an image that this equipment did not make")))
    return told


class _Builder:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._done: set[str] = set()

    def ensure(self, image: StandIn) -> None:
        """Builds `image`, and first what it stands on, unless the engine has it from the same recipe."""
        if image.tag in self._done:
            return
        chosen = self._choose(image)
        if not self._has(chosen.tag, recipe(chosen)):
            for tag in chosen.needs:
                self._ensure_need(tag)
            self._build(chosen)
        self._done.add(image.tag)

    def _choose(self, image: StandIn) -> StandIn:
        if image is not MYSQL:
            return image
        if os.environ.get(WITHOUT_MYSQL):
            return MYSQL_BY_MARIADB
        if self._has(image.tag, recipe(image)):
            return image
        try:
            self._ensure_need(MYSQL_PROGRAMS.tag)
        except EquipmentError as error:
            say(f"{image.tag}: no MySQL to be had, MARIADB STANDS IN: {error}")
            return MYSQL_BY_MARIADB
        return image

    def _ensure_need(self, tag: str) -> None:
        if tag in _STAND_INS:
            self.ensure(_STAND_INS[tag])
        elif not self._has(tag, base_recipe(_BASES[tag])):
            bases.make(self._engine, _BASES[tag], base_recipe(_BASES[tag]))

    def _has(self, tag: str, mark: str) -> bool:
        labels = _labels(self._engine, tag)
        return labels is not None and labels.get(f"{LABEL}.recipe") == mark

    def _build(self, image: StandIn) -> None:
        started = time.monotonic()
        folder = RECIPES / image.recipe
        suite = (_labels(self._engine, image.needs[0]) or {}).get(f"{LABEL}.suite", "")
        labels = {"recipe": recipe(image), "suite": suite, "for": image.tag}
        self._run_build(image, folder / image.dockerfile, labels)
        if image.published:
            # Known only now, since packages may come with the build itself.
            labels["holds"] = self._holds(image, suite)
            self._run_build(image, folder / image.dockerfile, labels)
            # The build without that label has lost its name now.
            self._engine.docker("image", "prune", "--force", "--filter", f"label={LABEL}.for={image.tag}")
            say(f"{image.tag}: holds {labels['holds']} ({time.monotonic() - started:.0f} s)")

    def _run_build(self, image: StandIn, dockerfile: os.PathLike[str], labels: dict[str, str]) -> None:
        words = [word for key, value in labels.items() for word in ("--label", f"{LABEL}.{key}={value}")]
        command = ["docker", "build", "--progress=plain", "--tag", image.tag, "--file", os.fspath(dockerfile), *words]
        # BuildKit: stages that nothing needs are left out, and a build takes a tenth of the time.
        self._engine.run([*command, str(RECIPES / image.recipe)], env={"DOCKER_BUILDKIT": "1"})

    def _holds(self, image: StandIn, suite: str) -> str:
        if not image.packages:
            return "a program of ours that answers /api/health and nothing else; NOT Grafana"
        # The image itself has no package list when it was put together file by file.
        source = image.tag if image.recipe in ("python", "mariadb", "mysql") else image.needs[0]
        query = ["dpkg-query", "--show", "--showformat=${Package} ${Version} ", *image.packages]
        versions = self._engine.docker("run", "--rm", "--network=none", "--entrypoint", query[0], source, *query[1:])
        replaced = "; NOT MySQL" if image is MYSQL_BY_MARIADB else ""
        return f"{versions.strip()} of Debian {suite}{replaced}"


def _labels(engine: Engine, tag: str) -> dict[str, str] | None:
    told = engine.run(["docker", "image", "inspect", "--format", "{{json .Config.Labels}}", tag], check=False)
    if told.returncode != 0:
        return None
    labels: dict[str, str] | None = json.loads(told.stdout)
    return labels or {}


def _mark(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
