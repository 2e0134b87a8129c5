"""The audit trail: who, from where, did what to whom, with what before and after. It only grows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import event, or_, select
from sqlalchemy.orm import Mapper, ORMExecuteState, Session

from sereno.guard.model import Actor, AuditEntry, User
from sereno.guard.tables import AuditRow

PAGE = 50
"""Entries on one page."""


@dataclass(frozen=True, slots=True)
class Search:
    """What to look for; empty fields look for nothing.

    `text` is found in actor, subject, action and address; actor and subject begin with `actor` and `subject`.
    """

    text: str = ""
    action: str = ""
    actor: str = ""
    subject: str = ""
    since: datetime | None = None
    until: datetime | None = None
    before_id: int | None = None


def record(
    session: Session,
    actor: Actor,
    action: str,
    subject: str,
    *,
    now: datetime,
    old: Mapping[str, object] | None = None,
    new: Mapping[str, object] | None = None,
) -> None:
    """Add one entry. `old` and `new` are the fields concerned; the caller keeps secrets out of them."""
    session.add(
        AuditRow(
            at=now,
            actor=actor.name[:100],
            address=actor.address[:45],
            action=action,
            subject=subject[:128],
            old_values=_written(old),
            new_values=_written(new),
            request_id=actor.request_id,
        )
    )


def visible(user: User) -> dict[str, object]:
    """The fields of an account that the trail tells."""
    return {
        "name": user.name,
        "role": user.role.value,
        "disabled": user.disabled,
        "language": user.language,
        "must_change_password": user.must_change_password,
    }


def difference(old: User, new: User) -> tuple[dict[str, object], dict[str, object]]:
    """The fields in which two states of an account differ, as they were and as they are."""
    before, after = visible(old), visible(new)
    changed = [name for name in before if before[name] != after[name]]
    return {name: before[name] for name in changed}, {name: after[name] for name in changed}


def find(session: Session, search: Search, *, limit: int = PAGE + 1) -> list[AuditEntry]:
    """The newest entries that fit, at most one more than a page: its presence says that there are more."""
    statement = select(AuditRow).order_by(AuditRow.id.desc()).limit(limit)
    if search.text:
        columns = (AuditRow.actor, AuditRow.subject, AuditRow.action, AuditRow.address)
        statement = statement.where(or_(*(column.contains(search.text, autoescape=True) for column in columns)))
    if search.action:
        statement = statement.where(AuditRow.action == search.action)
    if search.actor:
        statement = statement.where(AuditRow.actor.startswith(search.actor, autoescape=True))
    if search.subject:
        statement = statement.where(AuditRow.subject.startswith(search.subject, autoescape=True))
    if search.since is not None:
        statement = statement.where(AuditRow.at >= search.since)
    if search.until is not None:
        statement = statement.where(AuditRow.at < search.until)
    if search.before_id is not None:
        statement = statement.where(AuditRow.id < search.before_id)
    return [_entry(row) for row in session.scalars(statement)]


def _entry(row: AuditRow) -> AuditEntry:
    return AuditEntry(
        id=row.id,
        at=row.at,
        actor=row.actor,
        address=row.address,
        action=row.action,
        subject=row.subject,
        old=_read(row.old_values),
        new=_read(row.new_values),
        request_id=row.request_id,
    )


def _written(values: Mapping[str, object] | None) -> str | None:
    return json.dumps(dict(values), ensure_ascii=False, sort_keys=True) if values else None


def _read(text: str | None) -> dict[str, Any]:
    return dict(json.loads(text)) if text else {}


@event.listens_for(Session, "do_orm_execute")
def _refuse_statement(state: ORMExecuteState) -> None:
    if (state.is_update or state.is_delete) and state.bind_mapper is not None and state.bind_mapper.class_ is AuditRow:
        raise RuntimeError("the audit trail only grows")


@event.listens_for(AuditRow, "before_update")
@event.listens_for(AuditRow, "before_delete")
def _refuse(_mapper: Mapper[Any], _connection: object, _target: AuditRow) -> None:
    raise RuntimeError("the audit trail only grows")
