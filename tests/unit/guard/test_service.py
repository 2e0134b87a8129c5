"""What the room does, on SQLite here and on real servers in `tests/contract/test_guard.py`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, select, update
from tests.equipment.desk import add_cast

from sereno.core.errors import SerenoError, Unavailable
from sereno.database.session import Database
from sereno.guard import audit, service, sessions
from sereno.guard.errors import (
    LastAdministrator,
    NameTaken,
    NoSuchSession,
    NoSuchUser,
    OwnAccount,
    PasswordTooShort,
    TooManyAttempts,
    WrongCredentials,
    WrongPassword,
)
from sereno.guard.lockout import DEAD_AFTER
from sereno.guard.model import Actor, Role, User, UserChange
from sereno.guard.sessions import fingerprint
from sereno.guard.sign_in import Credentials, KnownDevice, confirm, sign_in
from sereno.guard.tables import AuditRow, FailureRow, SessionRow, UserRow

NOW = datetime(2026, 11, 24, 12, 0, 0, 654321, tzinfo=UTC)
ROOT = Actor("cli:root", "local")
RIGHT = "quiet lamps burn low"


@pytest.fixture
def cast(database: Database) -> dict[str, User]:
    return add_cast(database, now=NOW)


def credentials(name: str = "alice", password: str = RIGHT, address: str = "192.0.2.1", **more: object) -> Credentials:
    return Credentials(name, password, address, "Lantern/1.0", **more)


def trail(database: Database, **search: object) -> list[audit.AuditEntry]:
    with database.unit_of_work() as session:
        return audit.find(session, audit.Search(**search))


def test_an_added_user_is_found_and_told(database: Database) -> None:
    with database.unit_of_work() as session:
        added, password = service.add_user(
            session, name=" Ana ", role=Role.OPERATOR, language="es", actor=ROOT, now=NOW
        )
    with database.unit_of_work() as session:
        assert service.user(session, added.id) == service.user_named(session, "ANA") == added
    assert added == User(added.id, "ana", Role.OPERATOR, False, True, "es", NOW, NOW, None)
    (entry,) = trail(database)
    assert (entry.at, entry.actor, entry.address, entry.action, entry.subject) == (
        NOW,
        "cli:root",
        "local",
        "user.add",
        "user:ana",
    )
    assert entry.new["role"] == "operator" and entry.old == {}
    assert sign_in(database, credentials("ana", password), now=NOW).must_change_password


def test_a_name_is_given_once_whatever_its_capitals(database: Database, cast: dict[str, User]) -> None:
    with pytest.raises(NameTaken), database.unit_of_work() as session:
        service.add_user(session, name="ALICE", role=Role.VIEWER, actor=ROOT, now=NOW)
    with pytest.raises(NameTaken), database.unit_of_work() as session:
        service.change_user(session, cast["bob"].id, UserChange(name="Alice"), actor=ROOT, now=NOW)


def test_a_given_password_keeps_the_rules_and_must_be_changed(database: Database) -> None:
    with pytest.raises(PasswordTooShort), database.unit_of_work() as session:
        service.add_user(session, name="ana", role=Role.VIEWER, password="short", actor=ROOT, now=NOW)
    with database.unit_of_work() as session:
        added, generated = service.add_user(
            session, name="ana", role=Role.VIEWER, password="a lamp of my own", actor=ROOT, now=NOW
        )
    assert generated is None and added.must_change_password


def test_a_change_tells_only_what_changed(database: Database, cast: dict[str, User]) -> None:
    with database.unit_of_work() as session:
        changed = service.change_user(
            session, cast["bob"].id, UserChange(name="Roberto", role=Role.OPERATOR, language="es"), actor=ROOT, now=NOW
        )
    assert (changed.name, changed.role, changed.language) == ("roberto", Role.OPERATOR, "es")
    (entry,) = trail(database)
    assert entry.subject == "user:bob"
    assert entry.old == {"name": "bob", "language": None}
    assert entry.new == {"name": "roberto", "language": "es"}


def test_a_change_that_changes_nothing_is_not_told(database: Database, cast: dict[str, User]) -> None:
    with database.unit_of_work() as session:
        service.change_user(session, cast["bob"].id, UserChange(role=Role.OPERATOR), actor=ROOT, now=NOW)
    assert trail(database) == []


@pytest.mark.parametrize("change", [UserChange(role=Role.VIEWER), UserChange(disabled=True), None])
def test_the_last_administrator_stays(database: Database, cast: dict[str, User], change: UserChange | None) -> None:
    def take_away(user_id: int, actor: Actor = ROOT) -> None:
        with database.unit_of_work() as session:
            if change is None:
                service.delete_user(session, user_id, actor=actor, now=NOW)
            else:
                service.change_user(session, user_id, change, actor=actor, now=NOW)

    with pytest.raises(LastAdministrator):
        take_away(cast["alice"].id)
    with database.unit_of_work() as session:
        dora, _ = service.add_user(session, name="dora", role=Role.ADMIN, actor=ROOT, now=NOW)
    with pytest.raises(OwnAccount):
        take_away(dora.id, Actor("dora", "192.0.2.1", user_id=dora.id))
    take_away(cast["alice"].id)
    with pytest.raises(LastAdministrator):
        take_away(dora.id)


def test_a_disabled_administrator_does_not_count_as_one(database: Database, cast: dict[str, User]) -> None:
    with database.unit_of_work() as session:
        dora, _ = service.add_user(session, name="dora", role=Role.ADMIN, actor=ROOT, now=NOW)
        service.change_user(session, dora.id, UserChange(disabled=True), actor=ROOT, now=NOW)
    with pytest.raises(LastAdministrator), database.unit_of_work() as session:
        service.delete_user(session, cast["alice"].id, actor=ROOT, now=NOW)
    with database.unit_of_work() as session:
        service.delete_user(session, dora.id, actor=ROOT, now=NOW)


def test_a_deleted_user_leaves_only_the_trail(database: Database, cast: dict[str, User]) -> None:
    sign_in(database, credentials("bob", "the owl sleeps at noon"), now=NOW)
    with database.unit_of_work() as session:
        service.delete_user(session, cast["bob"].id, actor=ROOT, now=NOW)
        assert session.scalars(select(SessionRow)).all() == []
        with pytest.raises(NoSuchUser):
            service.user(session, cast["bob"].id)
    assert [entry.action for entry in trail(database, text="bob")] == ["user.delete", "session.begin"]


def test_a_reset_gives_a_password_and_ends_sessions_and_waiting(database: Database, cast: dict[str, User]) -> None:
    token = sign_in(database, credentials(), now=NOW).token
    for _ in range(12):
        with pytest.raises((WrongCredentials, TooManyAttempts)):
            sign_in(database, credentials(password="no idea"), now=NOW)
    with database.unit_of_work() as session:
        user, password = service.reset_password(session, cast["alice"].id, actor=ROOT, now=NOW)
    assert user.must_change_password
    with database.unit_of_work() as session:
        assert sessions.identify(session, token, now=NOW) is None
    with pytest.raises(WrongCredentials):
        sign_in(database, credentials(), now=NOW)
    assert sign_in(database, credentials(password=password), now=NOW).must_change_password
    assert password not in str([vars(row) for row in rows(database, AuditRow)])


def rows(database: Database, table: type) -> list[object]:
    with database.unit_of_work() as session:
        return list(session.scalars(select(table)))


def test_the_first_administrator_is_made_once(database: Database) -> None:
    with database.unit_of_work() as session:
        assert service.ensure_first_administrator(session, "first lamp of all", now=NOW)
    with database.unit_of_work() as session:
        assert not service.ensure_first_administrator(session, "another password", now=NOW)
    assert sign_in(database, credentials("admin", "first lamp of all"), now=NOW).must_change_password


def test_no_first_administrator_where_there_are_users(database: Database, cast: dict[str, User]) -> None:
    with database.unit_of_work() as session:
        assert not service.ensure_first_administrator(session, "first lamp of all", now=NOW)
    assert {row.name for row in rows(database, UserRow)} == {"alice", "bob", "charlie"}


def test_an_identity_is_what_the_account_is_now(database: Database, cast: dict[str, User]) -> None:
    token = sign_in(database, credentials(), now=NOW).token
    with database.unit_of_work() as session:
        identity = sessions.identify(session, token, now=NOW)
        assert identity is not None
        assert (identity.user_id, identity.name, identity.role) == (cast["alice"].id, "alice", Role.ADMIN)
        session.execute(update(UserRow).where(UserRow.name == "alice").values(disabled=True))
    with database.unit_of_work() as session:
        assert sessions.identify(session, token, now=NOW) is None
        assert sessions.identify(session, "made up", now=NOW) is None


def test_the_last_use_is_written_once_a_minute(database: Database, cast: dict[str, User]) -> None:
    token = sign_in(database, credentials(), now=NOW).token
    for seconds, expected in ((59, 0), (60, 60), (119, 60), (120, 120)):
        with database.unit_of_work() as session:
            sessions.identify(session, token, now=NOW + timedelta(seconds=seconds))
        assert rows(database, SessionRow)[0].last_seen_at == NOW + timedelta(seconds=expected)


def test_a_sign_in_clears_away_what_has_ended(database: Database, cast: dict[str, User]) -> None:
    sign_in(database, credentials(), now=NOW)
    sign_in(database, credentials("bob", "the owl sleeps at noon"), now=NOW + timedelta(hours=13))
    assert [row.user_id for row in rows(database, SessionRow)] == [cast["bob"].id]


def test_old_failures_are_forgotten_and_removed(database: Database, cast: dict[str, User]) -> None:
    for _ in range(5):
        with pytest.raises(WrongCredentials):
            sign_in(database, credentials(password="no idea"), now=NOW)
    with pytest.raises(TooManyAttempts) as refused:
        sign_in(database, credentials(), now=NOW)
    assert refused.value.wait_seconds == 1
    later = NOW + timedelta(hours=1, seconds=1)
    with pytest.raises(WrongCredentials):
        sign_in(database, credentials(password="no idea"), now=later)
    assert [row.at for row in rows(database, FailureRow)] == [later]


def test_a_success_clears_only_its_own_account_from_its_own_address(database: Database, cast: dict[str, User]) -> None:
    for name, address in (("alice", "192.0.2.1"), ("alice", "192.0.2.2"), ("bob", "192.0.2.1")):
        with pytest.raises(WrongCredentials):
            sign_in(database, credentials(name, "no idea", address), now=NOW)
    sign_in(database, credentials(), now=NOW)
    assert sorted(row.address for row in rows(database, FailureRow)) == ["192.0.2.1", "192.0.2.2"]


def test_a_refused_sign_in_is_told_without_the_name_of_an_unknown_account(
    database: Database, cast: dict[str, User]
) -> None:
    for name in ("alice", "nobody"):
        with pytest.raises(WrongCredentials):
            sign_in(database, credentials(name, "no idea"), now=NOW)
    told = [(entry.actor, entry.action, entry.subject, entry.address) for entry in trail(database)]
    assert told == [
        ("?", "session.refused", "user:?", "192.0.2.1"),
        ("?", "session.refused", "user:alice", "192.0.2.1"),
    ]


def test_confirming_a_password_in_a_session_counts_for_itself(database: Database, cast: dict[str, User]) -> None:
    token = sign_in(database, credentials(), now=NOW).token
    with database.unit_of_work() as session:
        identity = sessions.identify(session, token, now=NOW)
    assert identity is not None
    for _ in range(5):
        with pytest.raises(WrongPassword):
            confirm(database, identity, "no idea", address="192.0.2.1", now=NOW)
    with pytest.raises(TooManyAttempts):
        confirm(database, identity, RIGHT, address="192.0.2.1", now=NOW)
    assert sign_in(database, credentials(), now=NOW), "the door itself is not concerned"
    confirm(database, identity, RIGHT, address="192.0.2.1", now=NOW + timedelta(seconds=1))


def test_a_known_device_belongs_to_one_account(database: Database, cast: dict[str, User]) -> None:
    mine = KnownDevice(cast["bob"].id, "bobs-browser")
    for _ in range(5):
        with pytest.raises(WrongCredentials):
            sign_in(database, credentials(password="no idea", device=mine), now=NOW)
    with pytest.raises(TooManyAttempts):
        sign_in(database, credentials(device=mine), now=NOW)
    assert {row.device for row in rows(database, FailureRow)} == {None}


def test_somebody_elses_session_cannot_be_ended(database: Database, cast: dict[str, User]) -> None:
    token = sign_in(database, credentials(), now=NOW).token
    sign_in(database, credentials("bob", "the owl sleeps at noon"), now=NOW)
    with database.unit_of_work() as session:
        identity = sessions.identify(session, token, now=NOW)
        assert identity is not None
        (bobs,) = session.scalars(select(SessionRow.id).where(SessionRow.user_id == cast["bob"].id))
        with pytest.raises(NoSuchSession):
            sessions.end(session, identity, bobs, actor=ROOT, now=NOW)


def test_the_trail_is_searched_by_words_action_time_and_place(database: Database) -> None:
    with database.unit_of_work() as session:
        for number in range(60):
            audit.record(
                session,
                Actor(f"user{number % 2}", "192.0.2.1", "request-1"),
                "user.edit" if number % 3 else "user.add",
                f"user:50%_{number}",
                now=NOW + timedelta(minutes=number),
                old={"name": "ñandú"},
            )
    first = trail(database)
    assert len(first) == audit.PAGE + 1 and first[0].subject == "user:50%_59"
    assert first[0].old == {"name": "ñandú"} and first[0].request_id == "request-1"
    rest = trail(database, before_id=first[audit.PAGE - 1].id)
    assert [entry.subject for entry in rest] == [f"user:50%_{number}" for number in range(9, -1, -1)]
    assert len(trail(database, action="user.add")) == 20
    assert len(trail(database, text="%_5")) == 11
    assert trail(database, text="50%x") == []
    assert len(trail(database, text="user1", since=NOW + timedelta(minutes=10), until=NOW + timedelta(minutes=20))) == 5


@pytest.mark.parametrize("change", ["update", "delete"])
def test_the_trail_only_grows(database: Database, change: str) -> None:
    with database.unit_of_work() as session:
        audit.record(session, ROOT, "user.add", "user:ana", now=NOW)
    with pytest.raises(RuntimeError, match="only grows"), database.unit_of_work() as session:
        row = session.scalars(select(AuditRow)).one()
        if change == "update":
            row.actor = "somebody else"
        else:
            session.delete(row)


def test_every_refusal_names_a_next_step(database: Database, cast: dict[str, User]) -> None:
    refusals: list[SerenoError] = []
    attempts = (
        lambda session: service.user(session, 987654),
        lambda session: service.user_named(session, "nobody"),
        lambda session: service.delete_user(session, cast["alice"].id, actor=ROOT, now=NOW),
        lambda session: service.add_user(session, name="alice", role=Role.VIEWER, actor=ROOT, now=NOW),
        lambda session: service.add_user(session, name="/", role=Role.VIEWER, actor=ROOT, now=NOW),
    )
    for attempt in attempts:
        with pytest.raises(SerenoError) as refused, database.unit_of_work() as session:
            attempt(session)
        refusals.append(refused.value)
    assert all(refusal.next_step for refusal in refusals)


def under_way(database: Database, count: int, began: datetime = NOW) -> None:
    with database.unit_of_work() as session:
        for _ in range(count):
            session.add(
                FailureRow(
                    at=began, account_sha256=fingerprint("alice"), address="192.0.2.1", device=None, pending=True
                )
            )


def test_attempts_under_way_hold_up_the_next_one_and_refuse_it_only_when_they_never_end(
    database: Database, cast: dict[str, User], monkeypatch: pytest.MonkeyPatch
) -> None:
    under_way(database, 5)
    waited: list[float] = []

    def others_end(seconds: float) -> None:
        waited.append(seconds)
        with database.unit_of_work() as session:
            session.execute(delete(FailureRow).where(FailureRow.pending.is_(True)))

    monkeypatch.setattr("sereno.guard.sign_in.time.sleep", others_end)
    assert sign_in(database, credentials(), now=NOW).name == "alice"
    assert len(waited) == 1
    under_way(database, 5)
    monkeypatch.setattr("sereno.guard.sign_in.PATIENCE_SECONDS", 0.0)
    monkeypatch.setattr("sereno.guard.sign_in.time.sleep", lambda _seconds: None)
    with pytest.raises(TooManyAttempts) as refused:
        sign_in(database, credentials(), now=NOW)
    assert refused.value.wait_seconds == 1


def test_attempts_of_a_process_that_died_count_as_failures(database: Database, cast: dict[str, User]) -> None:
    under_way(database, 7, NOW - DEAD_AFTER)
    with pytest.raises(WrongCredentials):
        sign_in(database, credentials(password="no idea"), now=NOW)
    with pytest.raises(TooManyAttempts) as refused:
        sign_in(database, credentials(), now=NOW)
    assert refused.value.wait_seconds > 1


def test_an_attempt_for_which_there_was_no_turn_leaves_nothing_behind(
    database: Database, cast: dict[str, User], monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_many(*_: object) -> bool:
        raise Unavailable("too many people sign in at this moment")

    monkeypatch.setattr("sereno.guard.hashing.matches", too_many)
    with pytest.raises(Unavailable):
        sign_in(database, credentials(), now=NOW)
    assert rows(database, FailureRow) == []
