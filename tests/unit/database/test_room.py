"""A full disk: reading goes on, writing is refused in words before the database can hang on it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pymysql
import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from sereno.core.errors import Unavailable
from sereno.database import retry, room
from sereno.database.retry import in_one_transaction
from sereno.database.room import NoRoom, refuse_writes_without_room
from sereno.database.session import Database


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE note (words TEXT)"))
    yield engine
    engine.dispose()


def server_says(number: int, words: str = "in its own words") -> OperationalError:
    return OperationalError("INSERT", {}, pymysql.err.OperationalError(number, words))


@pytest.mark.parametrize(
    "statement", ["INSERT INTO note VALUES ('a')", " update note SET words = ''", "DELETE FROM note"]
)
def test_without_room_writes_are_refused_and_reading_goes_on(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, statement: str
) -> None:
    refuse_writes_without_room(engine, tmp_path)
    database = Database(engine)
    with database.unit_of_work() as session:
        session.execute(text(statement))
    monkeypatch.setattr(room, "LEAST_BYTES", 2**62)
    with pytest.raises(NoRoom, match="the disk is full") as refusal, database.unit_of_work() as session:
        session.execute(text(statement))
    assert "./sereno doctor" in refusal.value.next_step
    with database.unit_of_work() as session:
        session.execute(text("SELECT words FROM note"))


def test_a_folder_that_cannot_be_asked_refuses_nothing(engine: Engine, tmp_path: Path) -> None:
    refuse_writes_without_room(engine, tmp_path / "absent")
    with Database(engine).unit_of_work() as session:
        session.execute(text("DELETE FROM note"))


@pytest.mark.parametrize(
    "error",
    [server_says(1021), server_says(1114), server_says(1030, 'Got error 28 "No space left on device" from storage')],
)
def test_a_disk_that_the_database_finds_full_is_told_as_that(engine: Engine, error: OperationalError) -> None:
    with pytest.raises(NoRoom, match="disk is full"), Database(engine).unit_of_work():
        raise error


def test_another_trouble_of_the_servers_is_not_taken_for_a_full_disk(engine: Engine) -> None:
    with pytest.raises(Unavailable) as told, Database(engine).unit_of_work():
        raise server_says(1030, "Got error 122 from storage engine")
    assert not isinstance(told.value, NoRoom)


def test_a_lock_that_does_not_come_is_not_waited_for_again_and_again(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retry, "PATIENCE_SECONDS", 0.05)
    attempts = 0

    def held_by_another(_: Session) -> None:
        nonlocal attempts
        attempts += 1
        time.sleep(0.03)
        raise server_says(1205, "Lock wait timeout exceeded")

    with pytest.raises(Unavailable):
        in_one_transaction(Database(engine), held_by_another)
    assert attempts == 2
