"""What every platform offers, so that the commands need not know which one runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from sereno.core.errors import SerenoError

Health = Literal["healthy", "starting", "unhealthy", "stopped", "absent"]


@dataclass(frozen=True, slots=True)
class ComponentStatus:
    """One row of `./sereno status`.

    Memory is the proportional set size in bytes, its limit in bytes; None is "not known". `since` is when the
    present state began. `restarts` counts unasked-for ones. `detail` says in words why it is not healthy. `died_at` is
    when it last ended without being asked to, `died_of` how (empty where nobody knows).
    """

    name: str
    health: Health
    since: datetime | None = None
    restarts: int = 0
    memory_bytes: int | None = None
    memory_limit_bytes: int | None = None
    version: str = ""
    url: str = ""
    detail: str = ""
    died_at: datetime | None = None
    died_of: str = ""


class Narrator(Protocol):
    """Tells a person what happens while it happens (on standard error)."""

    def step(self, words: str) -> None:
        """A long step begins."""

    def say(self, words: str) -> None:
        """A fact worth knowing."""

    def tell(self, error: SerenoError) -> None:
        """An error after which the command goes on."""


class Platform(Protocol):
    """Somewhere the catalogue can run. Each method raises SerenoError with the next step when it fails."""

    name: str

    def up(self, narrator: Narrator) -> None:
        """Set up what is missing, start everything, return when every component is healthy."""

    def down(self, narrator: Narrator, *, erase: bool = False) -> bool:
        """Stop everything; with `erase` remove data, secrets and logs as well. False when nothing ran."""

    def status(self) -> list[ComponentStatus]:
        """A row for each component, in the catalogue's order."""

    def logs(self, component: str | None, *, follow: bool, lines: int = 50) -> Iterator[str]:
        """Lines of one component's log, or of all with the component's name before each."""

    def start(self, component: str) -> None:
        """Start one component and wait until it is healthy."""

    def stop(self, component: str) -> None:
        """Stop one component; it stays stopped until it is started, or `up` is run."""

    def restart(self, component: str) -> None:
        """Stop and start one component."""

    def run_desk(self, arguments: Sequence[str]) -> int:
        """Run `sereno ARGUMENTS` where the desk's database and secrets are, with this terminal; the exit code."""
