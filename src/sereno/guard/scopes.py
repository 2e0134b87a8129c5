"""What an API token may be used for. Values and pure functions only.

A token has scopes, and the role that its scopes need: a request needs both the scope that the view names and the role
that it requires. So a token can do no more than its maker may, and only the part of it that it was made for.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum

from sereno.guard.errors import EndlessRefused, ExpiryRefused, ScopeBeyondRole, ScopeRefused
from sereno.guard.model import Role

DEFAULT_DAYS = 90
LONGEST_DAYS = 365


class Scope(StrEnum):
    """One part of what the desk's API can do."""

    READ = "read"
    INCIDENTS_READ = "incidents:read"
    INCIDENTS_WRITE = "incidents:write"
    STATUS_WRITE = "status:write"
    ALERTS_WRITE = "alerts:write"
    HEARTBEATS_WRITE = "heartbeats:write"
    PROBES_WRITE = "probes:write"
    BACKUPS_WRITE = "backups:write"
    ADMIN = "admin"


ROLE_OF = {
    Scope.READ: Role.VIEWER,
    Scope.INCIDENTS_READ: Role.VIEWER,
    Scope.INCIDENTS_WRITE: Role.OPERATOR,
    Scope.STATUS_WRITE: Role.OPERATOR,
    Scope.ALERTS_WRITE: Role.OPERATOR,
    Scope.HEARTBEATS_WRITE: Role.OPERATOR,
    Scope.PROBES_WRITE: Role.OPERATOR,
    Scope.BACKUPS_WRITE: Role.OPERATOR,
    Scope.ADMIN: Role.ADMIN,
}
"""The role that each scope needs, and so gives to a token that has it."""

_INCLUDES = {
    Scope.READ: frozenset({Scope.INCIDENTS_READ}),
    Scope.INCIDENTS_WRITE: frozenset({Scope.INCIDENTS_READ}),
}


def granted(scopes: Iterable[Scope]) -> frozenset[Scope]:
    """`scopes` with those that they include."""
    given = frozenset(scopes)
    return given.union(*(_INCLUDES.get(scope, frozenset()) for scope in given))


def role_of(scopes: Iterable[Scope]) -> Role:
    """The role of a token with `scopes`, of which there is at least one."""
    return max(ROLE_OF[scope] for scope in scopes)


def accepted_scopes(texts: Iterable[str], *, maker: Role) -> tuple[Scope, ...]:
    """The scopes that `texts` name, each once, in the order of their declaration.

    Raises ScopeRefused when there is none or one that does not exist, ScopeBeyondRole when one needs more than the
    role of `maker`.
    """
    wanted = set(texts)
    unknown = wanted - {scope.value for scope in Scope}
    if unknown or not wanted:
        said = f"there is no scope {sorted(unknown)[0]!r}" if unknown else "a token needs at least one scope"
        raise ScopeRefused(said, next_step=f"choose among {', '.join(Scope)}")
    scopes = tuple(scope for scope in Scope if scope.value in wanted)
    for scope in scopes:
        if ROLE_OF[scope] > maker:
            raise ScopeBeyondRole(
                f"the scope {scope} needs the role {ROLE_OF[scope].value}; yours is {maker.value}",
                next_step="choose other scopes, or ask an administrator",
            )
    return scopes


def accepted_end(days: int | None, *, maker: Role, latest: datetime | None, now: datetime) -> datetime | None:
    """When a token made `now` for `days` ends; None: never, which only administrators may choose.

    `latest` is the end of the token with which it is made, None when it is made without one or with an endless one.
    Raises ExpiryRefused or EndlessRefused.
    """
    if days is None and maker is not Role.ADMIN:
        raise EndlessRefused(
            "only an administrator can make a token that never ends", next_step=f"choose 1 to {LONGEST_DAYS} days"
        )
    if days is not None and not 1 <= days <= LONGEST_DAYS:
        raise ExpiryRefused(
            f"a token cannot live for {days} days",
            next_step=f"choose 1 to {LONGEST_DAYS} days; an administrator may choose that it never ends",
        )
    end = None if days is None else now + timedelta(days=days)
    if latest is not None and (end is None or end > latest):
        raise EndlessRefused(
            "a token cannot make one that outlives it", next_step=f"choose an end before {latest:%Y-%m-%d %H:%M} UTC"
        )
    return end
