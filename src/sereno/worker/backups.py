"""When the worker has a backup made, what it measures of them, and what it tells the desk.

The work is done by a child (`sereno.worker.keeper`) that ends: what it loads, the worker need not carry.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Gauge

from sereno.core.clock import Clock
from sereno.database.retry import in_one_transaction
from sereno.database.session import Database
from sereno.keep.backups import store
from sereno.keep.backups.folder import condition_of, outcome, told_record
from sereno.keep.backups.model import Condition, is_due
from sereno.keep.backups.ports import Shelf
from sereno.settings.backup import BackupSection

MODULE = "sereno.worker.keeper"
LOOK_SECONDS = 5


class Measures:
    """What `/metrics` tells of backups. Times are Unix seconds, 0 for never."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def gauge(name: str, words: str) -> Gauge:
            return Gauge(f"sereno_backup_{name}", words, registry=registry)

        self._since = gauge("expected_since_timestamp_seconds", "Since when backups are expected here.")
        self._made = gauge("last_success_timestamp_seconds", "When the newest backup was made.")
        self._bytes = gauge("last_size_bytes", "The newest backup's size.")
        self._seconds = gauge("last_duration_seconds", "How long the newest backup took.")
        self._failed = gauge("last_attempt_failed", "1 when the last attempt to make a backup failed.")
        self._proven = gauge("last_proven", "1 when the newest backup was restored and found right, or there is none.")
        self._proof = gauge("last_proof_timestamp_seconds", "When a backup was last restored and found right.")
        self._files = gauge("files", "How many backups are kept.")

    def show(self, condition: Condition) -> None:
        """Set every gauge."""
        last, attempt, proof = condition.last, condition.last_attempt, condition.last_good_proof
        self._since.set(condition.since.timestamp())
        self._files.set(len(condition.backups))
        self._failed.set(attempt is not None and not attempt.good)
        self._proof.set(0 if proof is None else proof.at.timestamp())
        self._proven.set(last is None or (last.proof is not None and last.proof.good))
        if last is not None:
            self._made.set(last.made_at.timestamp())
            self._bytes.set(last.bytes)
            self._seconds.set(last.seconds)


class Backups:
    """The worker's part: looks, begins, and tells."""

    def __init__(
        self,
        settings: BackupSection,
        shelf: Shelf,
        database: Database,
        *,
        start: Callable[[str], subprocess.Popen[bytes]],
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._shelf = shelf
        self._database = database
        self._start = start
        self._clock = clock
        self._child: subprocess.Popen[bytes] | None = None

    def look(self) -> None:
        """End an order that was carried out, begin what is due or asked for, tell the desk how things are."""
        now, condition = self._clock(), condition_of(self._shelf)
        order = in_one_transaction(self._database, store.open_order)
        busy = self._is_at_work() or condition.running_since is not None
        if order is not None and order.begun_at is not None and not busy:
            words, ended = outcome(condition, order.begun_at), order
            in_one_transaction(self._database, lambda session: store.end(session, ended, words, now=now))
            order = in_one_transaction(self._database, store.open_order)
        due = is_due(now, at=self._settings.at, last_attempt=condition.last_attempt, since=condition.since)
        if (due or order is not None) and not busy:
            if order is not None:
                begun = order
                in_one_transaction(self._database, lambda session: store.begin(session, begun, now=now))
            self._child = self._start(MODULE)
        # Where the settings name a folder, people find the files there, though in Compose the worker sees another.
        folder = self._settings.folder or str(self._shelf.folder)
        record = told_record(condition, folder=folder, at=self._settings.at)
        in_one_transaction(self._database, lambda session: store.tell(session, record, now=now))

    def _is_at_work(self) -> bool:
        """Whether the child runs; one that has ended is forgotten."""
        if self._child is not None and self._child.poll() is not None:
            self._child = None
        return self._child is not None
