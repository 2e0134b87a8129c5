"""The audit trail by program: `/api/v1/audit`, for administrators."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint
from pydantic import AwareDatetime, Field

from sereno.database.base import LARGEST_NUMBER
from sereno.guard import audit
from sereno.guard.model import AuditEntry, Role
from sereno.web.api import PREFIX, ApiModel, operation
from sereno.web.auth import require
from sereno.web.here import transact
from sereno.web.i18n import N_

blueprint = Blueprint("audit_api", __name__, url_prefix=f"{PREFIX}/audit")

TAG = N_("Audit trail")


class AuditQuery(ApiModel):
    """What to look for; members left out look for nothing."""

    text: str = Field("", max_length=100, description=N_("Found in actor, subject, action and address."))
    action: str = Field("", max_length=64)
    actor: str = Field("", max_length=100, description=N_("How the name of whoever did it begins."))
    subject: str = Field("", max_length=128, description=N_("How what it was done to begins, as in user: or token:ci."))
    since: AwareDatetime | None = Field(None, description=N_("RFC 3339."))
    until: AwareDatetime | None = Field(None, description=N_("RFC 3339."))
    before: int | None = Field(None, ge=0, le=LARGEST_NUMBER, description=N_("Only older entries than this number."))


class EntryOut(ApiModel):
    """What somebody did, with the fields that changed."""

    id: int
    at: datetime
    actor: str
    address: str
    action: str
    subject: str
    old: dict[str, Any]
    new: dict[str, Any]
    request_id: str | None

    @classmethod
    def of(cls, entry: AuditEntry) -> EntryOut:
        """The entry as the API tells it."""
        return cls.model_validate({name: getattr(entry, name) for name in cls.model_fields})


class EntryList(ApiModel):
    """The newest entries that fit."""

    entries: list[EntryOut]
    next_before: int | None = Field(description=N_("Ask again with this as before for older ones; null at the end."))


@blueprint.get("")
@require(Role.ADMIN)
@operation(TAG, N_("Search the audit trail"), query=AuditQuery, answers=EntryList)
def search(query: AuditQuery) -> EntryList:
    """One page of entries, newest first."""
    wanted = audit.Search(
        text=query.text,
        action=query.action,
        actor=query.actor,
        subject=query.subject,
        since=query.since,
        until=query.until,
        before_id=query.before,
    )
    found = transact(lambda session: audit.find(session, wanted))
    entries = found[: audit.PAGE]
    return EntryList(
        entries=[EntryOut.of(entry) for entry in entries],
        next_before=entries[-1].id if len(found) > audit.PAGE else None,
    )
