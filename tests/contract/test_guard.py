"""Accounts on real servers: everything that the unit tests assert on SQLite, and what only real servers can show."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session
from tests.unit.guard.test_service import *  # noqa: F403 -- the same tests, with this folder's `database`.
from tests.unit.guard.test_service import NOW, RIGHT, ROOT, cast, credentials, rows

from sereno.core.errors import SerenoError
from sereno.database.base import Base
from sereno.database.migrate import migrate
from sereno.database.retry import in_one_transaction
from sereno.database.session import Database
from sereno.guard import hashing, service
from sereno.guard.errors import LastAdministrator, NameTaken
from sereno.guard.lockout import FREE_ON_ACCOUNT_FROM_ADDRESS
from sereno.guard.model import Role, User, UserChange
from sereno.guard.sign_in import sign_in
from sereno.guard.tables import AuditRow, FailureRow, UserRow

pytestmark = pytest.mark.system

AtOnce = Callable[..., list[object]]
OURS = {"user", "user_session", "login_failure", "audit_entry", "api_token", "api_repeat"}

__all__ = ["cast"]


def test_the_migration_makes_the_tables_that_the_code_expects(engine: Engine) -> None:
    migrate(engine)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = [
            difference for difference in compare_metadata(context, Base.metadata) if OURS & set(_tables(difference))
        ]
    assert differences == []


def _tables(difference: object) -> list[str]:
    found = [difference] if isinstance(difference, tuple) else list(difference)
    names = []
    for each in found:
        for part in each:
            table = getattr(part, "table", part)
            names.append(str(getattr(table, "name", part)))
    return names


def test_two_starters_make_one_administrator(database: Database, at_once: AtOnce) -> None:
    def start() -> bool:
        return in_one_transaction(
            database, lambda session: service.ensure_first_administrator(session, "first lamp of all", now=NOW)
        )

    assert sorted(at_once(*[start] * 6)) == [False] * 5 + [True]
    assert [row.name for row in rows(database, UserRow)] == ["admin"]
    assert [row.action for row in rows(database, AuditRow)] == ["user.add"]


def test_a_name_wanted_by_many_at_once_is_given_to_one(database: Database, at_once: AtOnce) -> None:
    def add() -> object:
        return in_one_transaction(
            database, lambda session: service.add_user(session, name="ana", role=Role.VIEWER, actor=ROOT, now=NOW)
        )

    outcomes = at_once(*[add] * 6)
    assert sum(isinstance(outcome, NameTaken) for outcome in outcomes) == 5
    assert len(rows(database, UserRow)) == 1


@pytest.mark.parametrize("how", ["demote", "disable", "delete"])
def test_administrators_who_remove_each_other_at_once_leave_one(
    database: Database, cast: dict[str, User], how: str
) -> None:
    with database.unit_of_work() as session:
        dora, _ = service.add_user(session, name="dora", role=Role.ADMIN, actor=ROOT, now=NOW)

    def remove(session: Session, user_id: int) -> None:
        if how == "delete":
            service.delete_user(session, user_id, actor=ROOT, now=NOW)
            return
        change = UserChange(role=Role.VIEWER) if how == "demote" else UserChange(disabled=True)
        service.change_user(session, user_id, change, actor=ROOT, now=NOW)

    def second() -> None:
        with database.unit_of_work() as session:
            remove(session, dora.id)

    with ThreadPoolExecutor(1) as pool:
        with database.unit_of_work() as first:
            remove(first, cast["alice"].id)
            attempt = pool.submit(second)
            # The second must wait for the first to commit; one that does not has seen Alice still in office.
            wait([attempt], timeout=1)
        assert isinstance(attempt.exception(10), LastAdministrator)
    with database.unit_of_work() as session:
        active = select(UserRow).where(UserRow.role == "admin", UserRow.disabled.is_(False))
        assert len(list(session.scalars(active))) == 1


def test_guesses_sent_at_once_all_count(database: Database, at_once: AtOnce, cast: dict[str, User]) -> None:
    def guess() -> object:
        return sign_in(database, credentials(password="no idea"), now=NOW)

    outcomes = at_once(*[guess] * 8)
    assert all(isinstance(outcome, SerenoError) for outcome in outcomes)
    made = len(rows(database, FailureRow))
    assert made >= FREE_ON_ACCOUNT_FROM_ADDRESS
    with pytest.raises(SerenoError, match="too many failed attempts"):
        sign_in(database, credentials(password=RIGHT), now=NOW)


def test_many_who_sign_in_at_once_from_one_address_are_all_let_in(
    database: Database, at_once: AtOnce, cast: dict[str, User]
) -> None:
    outcomes = at_once(*[lambda: sign_in(database, credentials(password=RIGHT), now=NOW)] * 24)
    assert [outcome for outcome in outcomes if isinstance(outcome, Exception)] == []
    assert rows(database, FailureRow) == []


def test_guesses_among_them_are_no_more_than_ever(
    database: Database, at_once: AtOnce, cast: dict[str, User], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Passwords looked at, not answers, are what a guesser is after."""
    looked_at: list[str | None] = []
    matches = hashing.matches

    def counted(password_hash: str | None, password: str) -> bool:
        looked_at.append(password)
        return matches(password_hash, password)

    monkeypatch.setattr(hashing, "matches", counted)
    for round_of_guesses in range(3):
        at_once(*[lambda: sign_in(database, credentials(password="no idea"), now=NOW)] * 8)
        # Those that look before any of the eight is noted get through, as they always did; then the door is shut.
        assert len(looked_at) <= 8 + FREE_ON_ACCOUNT_FROM_ADDRESS - 1, round_of_guesses
    assert all(row.pending is False for row in rows(database, FailureRow))
