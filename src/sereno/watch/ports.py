"""What watch needs of the world: somebody who answers Prometheus's queries.

The values are described by shape, so that the client in `outside` need not know this room.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol


class Measured(Protocol):
    """One series with its value at one moment. `value` may be NaN or infinite."""

    @property
    def labels(self) -> Mapping[str, str]: ...
    @property
    def value(self) -> float: ...


class MeasuredRange(Protocol):
    """One series with its values over time: Unix seconds → value, without the moments that have none."""

    @property
    def labels(self) -> Mapping[str, str]: ...
    @property
    def points(self) -> Mapping[float, float]: ...


class RaisedAlert(Protocol):
    """An alert as Prometheus lists it; `state` is `pending` or `firing`, `value` may be NaN."""

    @property
    def labels(self) -> Mapping[str, str]: ...
    @property
    def annotations(self) -> Mapping[str, str]: ...
    @property
    def state(self) -> str: ...
    @property
    def active_at(self) -> datetime: ...
    @property
    def value(self) -> float: ...


class Prometheus(Protocol):
    """Answers queries; every method raises Unavailable when Prometheus does not answer or refuses."""

    def instant(self, query: str, *, at: datetime | None = None) -> Sequence[Measured]:
        """The series that `query` has at `at` (None: now); empty when it matches nothing."""
        ...

    def range(self, query: str, *, start: datetime, end: datetime, step: timedelta) -> Sequence[MeasuredRange]:
        """The series of `query` at `start`, `start + step` … up to and including `end`."""
        ...

    def alerts(self) -> Sequence[RaisedAlert]:
        """Every alert that is pending or firing now."""
        ...
