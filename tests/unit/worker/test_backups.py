"""When the worker has a backup made, and what it tells of them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from tests.equipment.desk import memory_database

from sereno.database.retry import in_one_transaction
from sereno.database.session import Database
from sereno.keep.backups import orders, store
from sereno.keep.backups.folder import attempt_record, condition_from, condition_of, told_record
from sereno.keep.backups.model import Attempt, Backup, Condition, Proof, file_name, record_of
from sereno.settings.backup import BackupSection
from sereno.worker.backups import MODULE, Backups, Measures

NIGHT = datetime(2026, 11, 24, 3, 15, tzinfo=UTC)


def backup(made_at: datetime, proof: Proof | None = None) -> Backup:
    name = file_name(made_at, sealed=False)
    return Backup(name, made_at, 1.5, 2048, "ab", 3, 40, made_at, "0.1.0", "10.11", "0005", proof)


class FolderStandIn:
    """A folder of backups in memory."""

    def __init__(self) -> None:
        self.folder = Path("/backups")
        self.backups: list[Backup] = []
        self.attempt: Attempt | None = None
        self.busy: datetime | None = None

    def since(self) -> datetime:
        return NIGHT - timedelta(hours=12)

    def records(self) -> list[Mapping[str, Any]]:
        return [record_of(each) for each in self.backups]

    def last_attempt(self) -> Mapping[str, Any] | None:
        return None if self.attempt is None else attempt_record(self.attempt)

    def busy_since(self) -> datetime | None:
        return self.busy

    def only_one(self) -> AbstractContextManager[None]:
        raise NotImplementedError

    work = free_bytes = unrecorded = write_record = write_attempt = remove = only_one


class Child:
    """A process that ends when it is told to."""

    def __init__(self) -> None:
        self.code: int | None = None

    def poll(self) -> int | None:
        return self.code


class Machine:
    """The worker's part with everything around it."""

    def __init__(self) -> None:
        self.now = NIGHT
        self.shelf = FolderStandIn()
        self.database: Database = memory_database()
        self.children: list[Child] = []
        self.backups = Backups(
            BackupSection(),
            self.shelf,  # type: ignore[arg-type]
            self.database,
            start=self._start,  # type: ignore[arg-type]
            clock=lambda: self.now,
        )

    def _start(self, module: str) -> Child:
        assert module == MODULE
        self.children.append(Child())
        return self.children[-1]

    def look(self, **later: float) -> int:
        """Look after some time; how many children there have been."""
        self.now += timedelta(**later)
        self.backups.look()
        return len(self.children)

    def end(self, *, good: bool = True, proof: bool | None = True, words: str = "") -> None:
        """The child ends, and leaves a file or why there is none."""
        self.shelf.attempt = Attempt(self.now, good, words)
        if good:
            told = None if proof is None else Proof(self.now, 2.0, proof, words)
            self.shelf.backups.insert(0, backup(self.now.replace(microsecond=0), told))
        self.children[-1].code = 0

    def order(self) -> store.Order:
        return in_one_transaction(self.database, lambda session: orders.ask(session, by="carla", now=self.now))

    def overview(self) -> orders.Overview:
        return in_one_transaction(self.database, orders.overview)


@pytest.fixture
def machine() -> Machine:
    return Machine()


def test_one_backup_is_made_each_night(machine: Machine) -> None:
    machine.now = NIGHT - timedelta(seconds=5)
    assert machine.look() == 0
    assert machine.look(seconds=5) == 1
    assert machine.look(seconds=5) == 1, "while it is being made no other is begun"
    machine.end()
    assert machine.look(hours=20) == 1
    assert machine.look(hours=4) == 2


def test_one_that_somebody_makes_by_hand_is_waited_for(machine: Machine) -> None:
    machine.shelf.busy = NIGHT
    assert machine.look() == 0
    machine.shelf.busy = None
    assert machine.look(seconds=5) == 1


def test_a_failed_one_is_tried_again_after_an_hour(machine: Machine) -> None:
    machine.look()
    machine.end(good=False, words="the disk is full")
    assert machine.look(minutes=59) == 1
    assert machine.look(minutes=1) == 2


def test_an_order_is_carried_out_and_ends(machine: Machine) -> None:
    machine.now = NIGHT + timedelta(hours=10)
    machine.shelf.attempt = Attempt(NIGHT, True)
    assert machine.look() == 0
    machine.order()
    assert machine.look(seconds=5) == 1
    waiting = machine.overview().waiting
    assert waiting is not None and waiting.begun_at == machine.now
    machine.now += timedelta(seconds=3)
    machine.end()
    assert machine.look(seconds=5) == 1
    ended = machine.overview().order
    assert ended is not None and ended.ended_at == machine.now and ended.words == ""


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"good": False, "words": "the disk is full"}, "the disk is full"),
        ({"proof": False, "words": "user has 2 rows instead of 3"}, "user has 2 rows instead of 3"),
        ({"proof": None}, "it was broken off before its proof"),
    ],
)
def test_an_order_that_fails_says_why(machine: Machine, how: dict[str, Any], words: str) -> None:
    machine.shelf.attempt = Attempt(NIGHT, True)
    machine.look(hours=1)
    machine.order()
    machine.look(seconds=5)
    machine.end(**how)
    machine.look(seconds=5)
    ended = machine.overview().order
    assert ended is not None and ended.words == words


def test_an_order_of_a_worker_that_died_is_ended_by_the_next(machine: Machine) -> None:
    machine.shelf.attempt = Attempt(NIGHT, True)
    machine.look(hours=1)
    machine.order()
    machine.look(seconds=5)
    machine.backups = Machine().backups  # Knows of no child.
    machine.backups._shelf, machine.backups._database = machine.shelf, machine.database  # type: ignore[assignment]
    machine.backups._clock = lambda: machine.now
    machine.look(seconds=5)
    ended = machine.overview().order
    assert ended is not None and ended.words == "it was broken off"


def test_the_desk_is_told_everything(machine: Machine) -> None:
    machine.shelf.backups = [backup(NIGHT, Proof(NIGHT, 2.0, True)), backup(NIGHT - timedelta(days=1))]
    machine.shelf.attempt = Attempt(NIGHT, False, "no")
    machine.look()
    seen = machine.overview()
    assert seen.condition == condition_of(machine.shelf)  # type: ignore[arg-type]
    assert (seen.folder, seen.at) == ("/backups", "03:15")


def test_what_is_told_is_read_as_it_was() -> None:
    condition = Condition(NIGHT, (backup(NIGHT, Proof(NIGHT, 1.0, False, "x")),), Attempt(NIGHT, True), NIGHT)
    assert condition_from(told_record(condition, folder="/x", at="03:15")) == condition


def measured(condition: Condition) -> dict[str, float]:
    registry = CollectorRegistry()
    Measures(registry).show(condition)
    return {
        sample.name.removeprefix("sereno_backup_"): sample.value
        for each in registry.collect()
        for sample in each.samples
    }


def test_before_the_first_backup_nothing_is_wrong() -> None:
    told = measured(Condition(NIGHT))
    assert told["expected_since_timestamp_seconds"] == NIGHT.timestamp()
    assert (told["last_success_timestamp_seconds"], told["last_proven"], told["last_attempt_failed"]) == (0, 1, 0)


def test_measures_are_of_the_newest_file() -> None:
    proven = backup(NIGHT - timedelta(days=1), Proof(NIGHT, 2.0, True))
    told = measured(Condition(NIGHT, (backup(NIGHT), proven), Attempt(NIGHT, False, "no")))
    assert told["last_success_timestamp_seconds"] == NIGHT.timestamp()
    assert (told["last_size_bytes"], told["last_duration_seconds"], told["files"]) == (2048, 1.5, 2)
    assert (told["last_proven"], told["last_attempt_failed"]) == (0, 1)
    assert told["last_proof_timestamp_seconds"] == NIGHT.timestamp()
