"""What respond needs of the world beside Prometheus (see `sereno.watch.ports`): Alertmanager's own list of alerts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol


class ListedAlert(Protocol):
    """An alert as Alertmanager lists it; `state` is `active`, `suppressed` or `unprocessed`."""

    @property
    def fingerprint(self) -> str: ...
    @property
    def labels(self) -> Mapping[str, str]: ...
    @property
    def annotations(self) -> Mapping[str, str]: ...
    @property
    def generator_url(self) -> str: ...
    @property
    def starts_at(self) -> datetime: ...
    @property
    def updated_at(self) -> datetime: ...
    @property
    def state(self) -> str: ...


class Alertmanager(Protocol):
    """Answers about itself; every method raises Unavailable when Alertmanager does not answer."""

    def alerts(self) -> Sequence[ListedAlert]:
        """Every alert that it counts as firing now, silenced and inhibited ones included."""
        ...

    def started_at(self) -> datetime:
        """Since when it runs."""
        ...
