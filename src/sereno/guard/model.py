"""Who may: roles, identities, and the rules about them. Values and pure functions only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import total_ordering


@total_ordering
class Role(Enum):
    """What an account may do; each role includes those before it."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, Role):
            return NotImplemented
        order = list(Role)
        return order.index(self) < order.index(other)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who asks: an active account, as the present session found it."""

    user_id: int
    name: str
    role: Role
    language: str | None
    must_change_password: bool
    session_id: int
