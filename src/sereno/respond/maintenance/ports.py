"""What maintenance needs of the world: somebody who keeps silences."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

Condition = tuple[str, str, bool, bool]
"""Label, value, whether that is a regular expression, whether it is to match or not to."""


class ListedSilence(Protocol):
    """A silence as Alertmanager lists it; `state` is `pending`, `active` or `expired`."""

    @property
    def id(self) -> str: ...
    @property
    def conditions(self) -> frozenset[Condition]: ...
    @property
    def starts_at(self) -> datetime: ...
    @property
    def ends_at(self) -> datetime: ...
    @property
    def author(self) -> str: ...
    @property
    def comment(self) -> str: ...
    @property
    def state(self) -> str: ...


class Silencer(Protocol):
    """Alertmanager; every method raises Unavailable when it does not answer."""

    def silences(self) -> Sequence[ListedSilence]:
        """Every silence that it remembers."""
        ...

    def silence(
        self, conditions: Collection[Condition], starts_at: datetime, ends_at: datetime, *, author: str, comment: str
    ) -> None:
        """Make one."""
        ...

    def expire_silence(self, id: str) -> None:
        """End one now."""
        ...
