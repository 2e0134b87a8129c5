"""New files are shown to throwaway containers first: a mistake is told, and what runs never sees it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sereno.core.errors import SerenoError
from sereno.serve.compose.ports import Engine
from sereno.serve.compose.watch import TAIL_LINES
from sereno.serve.compose_file import PREPARE
from sereno.serve.platforms import Narrator

CHECKED: Mapping[str, tuple[str, ...]] = {
    "prometheus": (
        *("--entrypoint", "/bin/promtool", "prometheus"),
        *("check", "config", "/etc/prometheus/prometheus.yml"),
    ),
    "nginx": ("nginx", "nginx", "-t", "-q"),
}
"""Component → what `run` is told, to have its own program read its files."""

_FINE = ("Checking ", "  SUCCESS")
"""How promtool begins its lines about files in which nothing is wrong."""


def check(engine: Engine, behind: Iterable[str], narrator: Narrator) -> None:
    """Ask those of the components that can be asked, after the one-shot that hands them what they need.

    Raises SerenoError with the program's own words, which name file and line.
    """
    names = [name for name in behind if name in CHECKED]
    if names:
        narrator.step(f"checking the configuration of {' and '.join(names)}")
    for name, words in [(PREPARE, (PREPARE,)), *((name, CHECKED[name]) for name in names)] if names else []:
        done = engine.compose(["run", "--rm", "--no-deps", "-T", *words], timeout_seconds=120)
        if done.code != 0:
            raise SerenoError(
                f"{name} refuses its configuration",
                next_step="the lines above say what is wrong; what runs goes on as it was",
                log_tail="\n".join(_telling(done.output)[-TAIL_LINES:]),
            )


def _telling(said: str) -> list[str]:
    lines = said.strip().splitlines()
    return [line for line in lines if line.strip() and not line.startswith(_FINE)] or lines
