"""Migrations on real servers: two starters, a death half-way, a schema from the future, and what they leave behind."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import Engine, inspect, text
from tests.equipment.monitoring import wait_until

import sereno.guard.store
import sereno.keep.backups.tables  # So that the metadata knows every table.
import sereno.respond.alerts.tables  # So that the metadata knows every table.
import sereno.respond.heartbeats.tables  # So that the metadata knows every table.
import sereno.respond.incidents.tables  # So that the metadata knows every table.
import sereno.respond.maintenance.tables  # So that the metadata knows every table.
import sereno.respond.notices.tables  # So that the metadata knows every table.
import sereno.respond.status.tables  # So that the metadata knows every table.
import sereno.watch.probes.tables  # noqa: F401 -- so that the metadata knows every table.
from sereno.database import migrate as migrating
from sereno.database.base import Base
from sereno.database.locks import KeptLock, held
from sereno.database.migrate import SchemaTooNew, migrate
from sereno.database.schema import head_revision, known_revisions, present_revision, works_with
from sereno.database.schema_note import FIRST, declared, note, oldest_reader
from sereno.database.session import make_engine


def columns(engine: Engine) -> dict[str, set[str]]:
    found = inspect(engine)
    return {
        table: {column["name"] for column in found.get_columns(table)}
        for table in found.get_table_names()
        if table != "alembic_version"
    }


def test_an_empty_schema_gets_everything_and_a_second_run_does_nothing(engine: Engine) -> None:
    assert present_revision(engine) is None
    assert migrate(engine) == known_revisions()
    assert present_revision(engine) == head_revision()
    assert migrate(engine) == ()


def test_the_migrations_make_what_the_models_say(engine: Engine) -> None:
    migrate(engine)
    made = columns(engine)
    assert made == {table.name: {column.name for column in table.columns} for table in Base.metadata.sorted_tables}
    found = inspect(engine)
    for table in Base.metadata.sorted_tables:
        assert {index.name for index in table.indexes} <= {index["name"] for index in found.get_indexes(table.name)}, (
            table.name
        )


def test_times_keep_their_microseconds_and_fingerprints_their_case(engine: Engine) -> None:
    migrate(engine)
    with engine.connect() as connection:
        collations = dict(
            connection.execute(
                text(
                    "SELECT CONCAT(table_name, '.', column_name), collation_name FROM information_schema.columns "
                    "WHERE table_schema = DATABASE() AND column_name = 'fingerprint'"
                )
            ).all()
        )
        precisions = connection.scalars(
            text(
                "SELECT DISTINCT datetime_precision FROM information_schema.columns "
                "WHERE table_schema = DATABASE() AND data_type = 'datetime'"
            )
        ).all()
        engines = connection.scalars(
            text("SELECT DISTINCT engine FROM information_schema.tables WHERE table_schema = DATABASE()")
        ).all()
    assert collations
    assert set(collations.values()) == {"utf8mb4_bin"}
    assert list(precisions) == [6]
    assert list(engines) == ["InnoDB"]


def test_two_starters_take_turns_and_both_end_well(
    engine: Engine, empty_schema: str, at_once: Callable[..., list[object]]
) -> None:
    other = make_engine(empty_schema)
    done = at_once(lambda: migrate(engine), lambda: migrate(other))
    other.dispose()
    assert sorted(done, key=len) == [(), known_revisions()]  # type: ignore[arg-type]


@pytest.mark.parametrize("killed_after", range(1, 9))
def test_a_death_half_way_is_made_good_by_the_next_start(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, killed_after: int
) -> None:
    """DDL commits by itself, so each statement may be the last; the next start begins the migration anew."""
    from alembic.ddl.impl import DefaultImpl

    real = DefaultImpl._exec
    executed = 0

    def dies(self: DefaultImpl, construct: object, *arguments: object, **options: object) -> object:
        nonlocal executed
        if executed == killed_after:
            raise KeyboardInterrupt
        executed += 1
        return real(self, construct, *arguments, **options)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(DefaultImpl, "_exec", dies)
        with pytest.raises(KeyboardInterrupt):
            migrate(engine)
    migrate(engine)
    assert present_revision(engine) == head_revision()
    assert set(columns(engine)) == {table.name for table in Base.metadata.sorted_tables}


def test_a_schema_from_a_later_program_is_refused_and_left_alone(engine: Engine) -> None:
    migrate(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9001'"))
    with pytest.raises(SchemaTooNew, match="schema 9001") as refusal:
        migrate(engine)
    assert "newer version" in refusal.value.next_step
    assert present_revision(engine) == "9001"


def stamp(engine: Engine, revision: str, oldest_reader: str) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})
    note(engine, revision, oldest_reader)


def test_a_later_schema_that_only_adds_is_no_hindrance_to_the_program_before_it(engine: Engine) -> None:
    migrate(engine)
    assert oldest_reader(engine, head_revision()) == max([FIRST, *declared().values()])
    stamp(engine, "9001", head_revision())
    assert works_with(engine, "9001")
    assert migrate(engine) == ()
    assert present_revision(engine) == "9001"


def test_a_later_schema_that_names_a_later_program_is_refused(engine: Engine) -> None:
    migrate(engine)
    stamp(engine, "9002", "9001")
    assert not works_with(engine, "9002")
    with pytest.raises(SchemaTooNew):
        migrate(engine)


def test_an_older_schema_is_brought_up_and_noted(engine: Engine) -> None:
    migrate(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0002'"))
        connection.execute(text("DROP TABLE schema_note"))
    assert not works_with(engine, "0002")
    assert migrate(engine) == tuple(number for number in known_revisions() if number > "0002")
    assert works_with(engine, head_revision())


def test_whoever_waits_too_long_for_the_lock_is_told(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    from sereno.core.errors import Unavailable

    monkeypatch.setattr(migrating, "LOCK_SECONDS", 1)
    with held(engine, migrating.LOCK_PURPOSE, wait_seconds=1), pytest.raises(Unavailable, match="has held the lock"):
        migrate(engine)
    assert migrate(engine) == known_revisions()


def test_a_kept_lock_has_one_holder_and_passes_on_when_its_connection_breaks(engine: Engine, empty_schema: str) -> None:
    other_engine = make_engine(empty_schema)
    first, second = KeptLock(engine, "worker"), KeptLock(other_engine, "worker")
    assert first.is_ours()
    assert first.is_ours()
    assert not second.is_ours()
    assert first._connection is not None
    number = first._connection.scalar(text("SELECT CONNECTION_ID()"))
    with other_engine.connect() as connection:
        connection.execute(text(f"KILL {number}"))
    wait_until("the server has let go of the dead connection's lock", second.is_ours, 10)
    second.close()
    from sereno.core.errors import Unavailable

    with pytest.raises(Unavailable):
        first.is_ours()  # Its connection is dead; the next question opens a new one.
    assert first.is_ours()
    first.close()
    other_engine.dispose()
