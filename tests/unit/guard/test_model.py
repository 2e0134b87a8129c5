from dataclasses import replace
from datetime import UTC, datetime

import pytest

from sereno.guard.errors import LastAdministrator, NameRefused, OwnAccount
from sereno.guard.model import Actor, Role, User, UserChange, accepted_name, after, refuse_loss

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
ALICE = User(1, "alice", Role.ADMIN, False, False, None, LONG_AGO, LONG_AGO, None)
BOB = replace(ALICE, id=2, name="bob", role=Role.OPERATOR)
BY_BOB = Actor("bob", "192.0.2.1", user_id=2)
BY_ALICE = Actor("alice", "192.0.2.1", user_id=1)


def test_roles_are_ordered() -> None:
    assert Role.VIEWER < Role.OPERATOR < Role.ADMIN
    assert Role.ADMIN >= Role.OPERATOR


@pytest.mark.parametrize(("text", "name"), [(" Ana ", "ana"), ("a.b-c_d@e", "a.b-c_d@e"), ("3PO", "3po")])
def test_names_are_folded(text: str, name: str) -> None:
    assert accepted_name(text) == name


@pytest.mark.parametrize("text", ["", "a", "-ana", "ana maría", "ana\nx", "a" * 65, "аna", "<b>x</b>", "a/b"])
def test_names_that_do_harm_in_addresses_headers_and_logs_are_refused(text: str) -> None:
    with pytest.raises(NameRefused):
        accepted_name(text)


@pytest.mark.parametrize("change", [UserChange(role=Role.OPERATOR), UserChange(disabled=True), None])
def test_the_last_active_administrator_stays(change: UserChange | None) -> None:
    becomes = after(ALICE, change) if change else None
    with pytest.raises(LastAdministrator, match="alice"):
        refuse_loss(ALICE, becomes, actor=BY_BOB, other_active_administrators=0)
    refuse_loss(ALICE, becomes, actor=BY_BOB, other_active_administrators=1)


@pytest.mark.parametrize("change", [UserChange(role=Role.VIEWER), UserChange(disabled=True), None])
def test_nobody_takes_their_own_account_away(change: UserChange | None) -> None:
    with pytest.raises(OwnAccount):
        refuse_loss(ALICE, after(ALICE, change) if change else None, actor=BY_ALICE, other_active_administrators=3)


def test_what_loses_nothing_is_never_refused() -> None:
    for change in (UserChange(name="alicia"), UserChange(language="es"), UserChange(role=Role.ADMIN)):
        refuse_loss(ALICE, after(ALICE, change), actor=BY_ALICE, other_active_administrators=0)
    refuse_loss(BOB, after(BOB, UserChange(disabled=True)), actor=BY_ALICE, other_active_administrators=0)
    refuse_loss(replace(ALICE, disabled=True), None, actor=BY_BOB, other_active_administrators=0)


def test_a_change_leaves_alone_what_it_does_not_name_and_can_clear_the_language() -> None:
    spanish = after(ALICE, UserChange(language="es"))
    assert spanish == replace(ALICE, language="es")
    assert after(spanish, UserChange(role=Role.VIEWER)).language == "es"
    assert after(spanish, UserChange(language="")).language is None
