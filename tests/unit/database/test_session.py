from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import create_engine, select, text
from sqlalchemy.exc import StatementError
from sqlalchemy.orm import DeclarativeBase, Mapped

from sereno.core.errors import Unavailable
from sereno.database.base import UtcDateTime, key
from sereno.database.session import Database, make_engine


class Tables(DeclarativeBase):
    type_annotation_map = {datetime: UtcDateTime()}  # noqa: RUF012


class Event(Tables):
    __tablename__ = "event"
    id: Mapped[key]
    at: Mapped[datetime]


@pytest.fixture
def database() -> Iterator[Database]:
    engine = create_engine("sqlite://")
    Tables.metadata.create_all(engine)
    yield Database(engine)
    engine.dispose()


def test_times_come_back_aware_and_in_utc(database: Database) -> None:
    bogota = datetime(2026, 11, 24, 5, 0, 0, 123456, tzinfo=timezone(timedelta(hours=-5)))
    with database.unit_of_work() as session:
        session.add(Event(at=bogota))
    with database.unit_of_work() as session:
        assert session.scalars(select(Event.at)).one() == datetime(2026, 11, 24, 10, 0, 0, 123456, tzinfo=UTC)


def test_a_time_without_a_zone_is_refused(database: Database) -> None:
    with pytest.raises(StatementError, match="no time zone"), database.unit_of_work() as session:
        session.add(Event(at=datetime(2026, 11, 24)))  # noqa: DTZ001
        session.flush()


def test_an_error_rolls_the_whole_unit_back(database: Database) -> None:
    with pytest.raises(RuntimeError), database.unit_of_work() as session:
        session.add(Event(at=datetime(2026, 11, 24, tzinfo=UTC)))
        session.flush()
        raise RuntimeError("midway")
    with database.unit_of_work() as session:
        assert session.scalars(select(Event)).all() == []


def test_a_database_that_does_not_answer_is_told_as_unavailable() -> None:
    database = Database(make_engine("mysql+pymysql://nobody@127.0.0.1:1/none"))
    with pytest.raises(Unavailable, match="does not answer") as error, database.unit_of_work() as session:
        session.execute(text("SELECT 1"))
    assert "./sereno logs mysql" in error.value.next_step
