"""API tokens on real servers: everything that the unit tests assert on SQLite, and a name wanted by many at once."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.unit.guard.test_tokens import *  # noqa: F403 -- the same tests, with this folder's `database`.
from tests.unit.guard.test_tokens import cast, make

from sereno.database.session import Database
from sereno.guard import tokens
from sereno.guard.errors import TokenNameTaken
from sereno.guard.tokens import COMMAND_LINE

pytestmark = pytest.mark.system

__all__ = ["cast"]


def test_a_name_wanted_by_many_at_once_is_given_to_one(
    database: Database, at_once: Callable[..., list[object]]
) -> None:
    outcomes = at_once(*[lambda: make(database)] * 6)
    assert sum(isinstance(outcome, TokenNameTaken) for outcome in outcomes) == 5
    with database.unit_of_work() as session:
        assert len(tokens.tokens(session, COMMAND_LINE)) == 1
