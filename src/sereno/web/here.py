"""Small questions about the present request that every room's views ask."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from flask import request

from sereno.database.retry import in_one_transaction
from sereno.guard.model import Actor, Identity
from sereno.web.auth import current_identity
from sereno.web.desk import desk
from sereno.web.request_id import current_request_id

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

_Answer = TypeVar("_Answer")


def now() -> datetime:
    """The present moment by the desk's clock; ask once per request and reason with that value."""
    return desk().clock()


def client_address() -> str:
    """The address of whoever asks, as Nginx told it."""
    return request.remote_addr or "unknown"


def known_identity() -> Identity:
    """Who asks, in a view that requires a role. Raises RuntimeError in a public view asked by a stranger."""
    identity = current_identity()
    if identity is None:
        raise RuntimeError("this view must require a role")
    return identity


def actor() -> Actor:
    """Who asks, for the audit trail."""
    identity = known_identity()
    return Actor(identity.name, client_address(), current_request_id(), identity.user_id)


def transact(work: Callable[[Session], _Answer]) -> _Answer:
    """Run `work` in one transaction and commit; a deadlock's victim runs again. Raises Unavailable."""
    return in_one_transaction(desk().database, work)
