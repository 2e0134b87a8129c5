"""What the desk knows of backups and may ask for: by way of the database, since only the worker sees the files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from sereno.core.errors import Conflict, Unavailable
from sereno.keep.backups import store
from sereno.keep.backups.folder import condition_from
from sereno.keep.backups.model import Condition
from sereno.keep.backups.store import Order


@dataclass(frozen=True, slots=True)
class Overview:
    """How things are: what the worker last told (None before it has), and the latest order.

    `folder` is where the files lie, `at` the time of day (UTC) at which the night's is made.
    """

    condition: Condition | None
    folder: str
    at: str
    order: Order | None

    @property
    def waiting(self) -> Order | None:
        """An order that has not ended."""
        return self.order if self.order is not None and self.order.ended_at is None else None


def overview(session: Session) -> Overview:
    """What the page shows."""
    told, order = store.told(session), store.last_order(session)
    if told is None:
        return Overview(None, "", "", order)
    record = told[1]
    return Overview(condition_from(record), str(record["folder"]), str(record["at"]), order)


def ask(session: Session, *, by: str, now: datetime) -> Order:
    """Ask for a backup; the worker begins within seconds.

    Raises Conflict while one is being made or waits, Unavailable before the worker has told anything.
    """
    seen = overview(session)
    if seen.condition is None:
        raise Unavailable("the worker has told nothing of backups yet", next_step="look at ./sereno status")
    if seen.waiting is not None or seen.condition.running_since is not None:
        raise Conflict("a backup is being made already", next_step="wait until it has ended")
    return store.ask(session, by=by, now=now)
