"""API tokens: what they may be made with, what they are worth, and when they end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from tests.equipment.desk import add_cast

from sereno.core.errors import Forbidden, SerenoError
from sereno.database.retry import in_one_transaction
from sereno.database.session import Database
from sereno.guard import audit, service, tokens
from sereno.guard.errors import ExpiryRefused, NoSuchToken, ScopeRefused, TokenNameRefused, TokenNameTaken
from sereno.guard.model import Actor, Identity, Role, User, UserChange
from sereno.guard.scopes import Scope, granted, role_of
from sereno.guard.tables import TokenRow, UserRow
from sereno.guard.tokens import COMMAND_LINE, Maker, Token

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
ROOT = Actor("cli:root", "local")


@pytest.fixture
def cast(database: Database) -> dict[str, User]:
    return add_cast(database, now=NOW)


def make(
    database: Database,
    name: str = "deploy",
    scopes: tuple[str, ...] = ("read",),
    days: int | None = 90,
    maker: Maker = COMMAND_LINE,
    now: datetime = NOW,
) -> tuple[Token, str]:
    return in_one_transaction(
        database,
        lambda session: tokens.make(
            session, name=name, scopes=scopes, days=days, maker=maker, actor=Actor("alice", "192.0.2.1"), now=now
        ),
    )


def identify(database: Database, text: str, now: datetime = NOW) -> Identity | None:
    found = in_one_transaction(database, lambda session: tokens.identify(session, text, now=now))
    return None if found is None else found[0]


def test_a_token_is_shown_once_and_kept_as_a_fingerprint(database: Database) -> None:
    made, text = make(database, scopes=("incidents:write", "read"))
    assert text.startswith("srn_") and len(text) > 40
    assert (made.scopes, made.role) == ((Scope.READ, Scope.INCIDENTS_WRITE), Role.OPERATOR)
    with database.unit_of_work() as session:
        row = session.scalars(select(TokenRow)).one()
        assert all(text not in str(value) and text[4:] not in str(value) for value in vars(row).values())
        (entry,) = audit.find(session, audit.Search())
    assert (entry.action, entry.subject, entry.new["scopes"]) == ("token.add", "token:deploy", "read incidents:write")
    assert text not in str(entry)


def test_its_holder_has_its_role_and_its_scopes(database: Database) -> None:
    _, text = make(database, scopes=("incidents:write",))
    identity = identify(database, text)
    assert identity is not None and identity.token is not None
    assert (identity.name, identity.role) == ("token:deploy", Role.OPERATOR)
    assert identity.token.scopes == {Scope.INCIDENTS_WRITE, Scope.INCIDENTS_READ}
    assert identify(database, text + "x") is None
    assert identify(database, "srn_") is None


def test_it_ends_when_its_time_has_come(database: Database) -> None:
    _, text = make(database, days=1)
    assert identify(database, text, NOW + timedelta(hours=23, minutes=59)) is not None
    assert identify(database, text, NOW + timedelta(days=1)) is None
    _, again = make(database, now=NOW + timedelta(days=1))
    assert identify(database, again, NOW + timedelta(days=1)) is not None, "its name is free again"


@pytest.mark.parametrize("change", [UserChange(disabled=True), None], ids=["disabled", "removed"])
def test_it_dies_with_its_makers_account(database: Database, cast: dict[str, User], change: UserChange | None) -> None:
    _, text = make(database, maker=Maker(Role.OPERATOR, cast["bob"].id))
    _, other = make(database, "other", maker=Maker(Role.ADMIN, cast["alice"].id))

    def work(session: object) -> None:
        if change is None:
            service.delete_user(session, cast["bob"].id, actor=ROOT, now=NOW)  # type: ignore[arg-type]
        else:
            service.change_user(session, cast["bob"].id, change, actor=ROOT, now=NOW)  # type: ignore[arg-type]

    in_one_transaction(database, work)
    assert identify(database, text) is None
    assert identify(database, other) is not None
    with database.unit_of_work() as session:
        (revoked,) = audit.find(session, audit.Search(action="token.revoke"))
        assert (revoked.actor, revoked.subject) == ("cli:root", "token:deploy")
        found = {each.name: each for each in tokens.tokens(session, COMMAND_LINE)}
    assert (found["deploy"].state(NOW), found["deploy"].revoked_by) == ("revoked", "cli:root")
    if change is not None:
        in_one_transaction(
            database,
            lambda session: service.change_user(
                session, cast["bob"].id, UserChange(disabled=False), actor=ROOT, now=NOW
            ),
        )
        assert identify(database, text) is None, "what was revoked stays so"


def test_it_has_never_more_than_its_makers_present_role(database: Database, cast: dict[str, User]) -> None:
    _, text = make(database, scopes=("incidents:write",), maker=Maker(Role.OPERATOR, cast["bob"].id))
    with database.unit_of_work() as session:
        session.get_one(UserRow, cast["bob"].id).role = "viewer"
    identity = identify(database, text)
    assert identity is not None and identity.role is Role.VIEWER


def test_a_row_that_outlived_its_makers_account_opens_nothing(database: Database) -> None:
    _, text = make(database, maker=Maker(Role.ADMIN, 4711))
    assert identify(database, text) is None


LATER = NOW + timedelta(days=10)


@pytest.mark.parametrize(
    ("name", "scopes", "days", "maker", "refusal"),
    [
        ("two words", ("read",), 90, COMMAND_LINE, TokenNameRefused),
        ("", ("read",), 90, COMMAND_LINE, TokenNameRefused),
        ("x" * 49, ("read",), 90, COMMAND_LINE, TokenNameRefused),
        ("taken", ("read",), 90, COMMAND_LINE, TokenNameTaken),
        ("deploy", (), 90, COMMAND_LINE, ScopeRefused),
        ("deploy", ("everything",), 90, COMMAND_LINE, ScopeRefused),
        ("deploy", ("incidents:write",), 90, Maker(Role.VIEWER, 1), Forbidden),
        ("deploy", ("read", "admin"), 90, Maker(Role.OPERATOR, 1), Forbidden),
        ("deploy", ("read",), 0, COMMAND_LINE, ExpiryRefused),
        ("deploy", ("read",), 366, COMMAND_LINE, ExpiryRefused),
        ("deploy", ("read",), None, Maker(Role.OPERATOR, 1), Forbidden),
        ("deploy", ("read",), 11, Maker(Role.ADMIN, 1, LATER), Forbidden),
        ("deploy", ("read",), None, Maker(Role.ADMIN, 1, LATER), Forbidden),
    ],
)
def test_what_may_not_be_made_is_refused(
    database: Database,
    name: str,
    scopes: tuple[str, ...],
    days: int | None,
    maker: Maker,
    refusal: type[SerenoError],
) -> None:
    make(database, "taken")
    with pytest.raises(refusal) as raised:
        make(database, name, scopes, days, maker)
    assert raised.value.next_step
    with database.unit_of_work() as session:
        assert [each.name for each in tokens.tokens(session, COMMAND_LINE)] == ["taken"]


def test_an_administrators_may_never_end(database: Database) -> None:
    made, text = make(database, days=None)
    assert made.expires_at is None
    assert identify(database, text, NOW + timedelta(days=4000)) is not None


def test_people_see_and_revoke_their_own_administrators_all(database: Database, cast: dict[str, User]) -> None:
    bob, charlie = Maker(Role.OPERATOR, cast["bob"].id), Maker(Role.VIEWER, cast["charlie"].id)
    made, text = make(database, maker=bob)
    with database.unit_of_work() as session:
        assert [each.id for each in tokens.tokens(session, bob)] == [made.id]
        assert tokens.tokens(session, charlie) == []
        with pytest.raises(NoSuchToken):
            tokens.revoke(session, made.id, charlie, actor=ROOT, now=NOW)
    assert identify(database, text) is not None
    for _ in range(2):
        gone = in_one_transaction(
            database, lambda session: tokens.revoke(session, made.id, COMMAND_LINE, actor=ROOT, now=NOW)
        )
        assert gone.state(NOW) == "revoked"
    assert identify(database, text) is None
    with database.unit_of_work() as session:
        assert len(audit.find(session, audit.Search(action="token.revoke"))) == 1


def test_the_last_use_is_written_at_most_once_a_minute(database: Database) -> None:
    made, text = make(database)

    def use(at: datetime, address: str) -> tuple[bool, datetime | None, str | None]:
        found = in_one_transaction(database, lambda session: tokens.identify(session, text, now=at))
        assert found is not None
        in_one_transaction(database, lambda session: tokens.note_use(session, made.id, address=address, now=at))
        with database.unit_of_work() as session:
            row = session.get_one(TokenRow, made.id)
            return found[1], row.last_used_at, row.last_address

    assert use(NOW, "192.0.2.1") == (True, NOW, "192.0.2.1")
    assert use(NOW + timedelta(seconds=59), "192.0.2.2") == (False, NOW, "192.0.2.1")
    assert use(NOW + timedelta(seconds=60), "192.0.2.3") == (True, NOW + timedelta(seconds=60), "192.0.2.3")


def test_reading_includes_incidents_and_the_role_is_the_highest() -> None:
    assert granted([Scope.READ]) == {Scope.READ, Scope.INCIDENTS_READ}
    assert role_of([Scope.READ, Scope.ALERTS_WRITE]) is Role.OPERATOR
    assert Scope.READ not in granted([Scope.ADMIN])
