"""Images: the desk's own is built, the others are fetched."""

from __future__ import annotations

from collections.abc import Iterable

from sereno.core.errors import SerenoError
from sereno.serve.compose.ports import Engine
from sereno.serve.compose.watch import TAIL_LINES
from sereno.serve.compose_file import PREPARE
from sereno.serve.platforms import Narrator


def build(engine: Engine, narrator: Narrator) -> None:
    """Build the desk's image. Raises SerenoError with the end of what was said."""
    narrator.step("building the desk's image")
    done = engine.compose(["build", PREPARE], timeout_seconds=1200)
    if done.code != 0:
        raise SerenoError(
            "the desk's image could not be built",
            next_step="read the lines above; the first time it needs the network, for Python's packages",
            log_tail="\n".join(done.output.strip().splitlines()[-TAIL_LINES:]),
        )


def pull(engine: Engine, tags: Iterable[str], narrator: Narrator) -> None:
    """Fetch those of the images that are not here. Raises SerenoError for the first that cannot be had."""
    for tag in tags:
        if engine.has_image(tag):
            continue
        narrator.step(f"fetching {tag}")
        done = engine.pull(tag)
        if done.code != 0:
            raise SerenoError(
                f"the image {tag} cannot be fetched",
                next_step="check this machine's way to the registry (docker pull says more), then run this again",
                log_tail=done.output.strip(),
            )
