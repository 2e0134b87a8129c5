"""Backups by program: `/api/v1/backups`."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint
from pydantic import Field

from sereno.guard.model import Role
from sereno.keep.backups import orders
from sereno.keep.backups.model import Backup, Proof
from sereno.keep.backups.store import Order
from sereno.web.api import PREFIX, ApiModel, operation
from sereno.web.auth import require
from sereno.web.backups import order_one
from sereno.web.here import transact
from sereno.web.i18n import N_

blueprint = Blueprint("backups_api", __name__, url_prefix=f"{PREFIX}/backups")

TAG = N_("Backups")


class ProofOut(ApiModel):
    """The outcome of restoring a backup into a throwaway server."""

    at: datetime
    seconds: float
    good: bool
    words: str = Field(description=N_("What differed; empty when nothing did."))

    @classmethod
    def of(cls, proof: Proof) -> ProofOut:
        """The proof as the API tells it."""
        return cls.model_validate({name: getattr(proof, name) for name in cls.model_fields})


class BackupOut(ApiModel):
    """One file."""

    name: str
    made_at: datetime
    seconds: float
    bytes: int
    sha256: str
    sealed: bool = Field(description=N_("Whether it is encrypted."))
    tables: int
    rows: int
    newest: datetime | None = Field(description=N_("When the newest row was made."))
    program: str
    server: str
    revision: str
    proof: ProofOut | None = Field(description=N_("null: not yet proven."))

    @classmethod
    def of(cls, backup: Backup) -> BackupOut:
        """The backup as the API tells it."""
        values = {name: getattr(backup, name) for name in cls.model_fields}
        return cls.model_validate(values | {"proof": None if backup.proof is None else ProofOut.of(backup.proof)})


class OrderOut(ApiModel):
    """A backup that somebody has asked for."""

    id: int
    asked_at: datetime
    asked_by: str
    begun_at: datetime | None
    ended_at: datetime | None
    words: str = Field(description=N_("Why it failed; empty when it did not."))

    @classmethod
    def of(cls, order: Order) -> OrderOut:
        """The order as the API tells it."""
        return cls.model_validate({name: getattr(order, name) for name in cls.model_fields})


class BackupList(ApiModel):
    """Every backup that is kept, newest first, and how things are."""

    backups: list[BackupOut]
    folder: str = Field(description=N_("Where the files lie, as the worker sees it."))
    running_since: datetime | None
    last_order: OrderOut | None


@blueprint.get("")
@require(Role.VIEWER)
@operation(TAG, N_("List all backups with their proofs"), answers=BackupList)
def show_all() -> BackupList:
    """What the worker last told."""
    seen = transact(orders.overview)
    condition = seen.condition
    return BackupList(
        backups=[BackupOut.of(each) for each in condition.backups] if condition else [],
        folder=seen.folder,
        running_since=condition.running_since if condition else None,
        last_order=None if seen.order is None else OrderOut.of(seen.order),
    )


@blueprint.post("")
@require(Role.OPERATOR, scope="backups:write")
@operation(TAG, N_("Make a backup now"), answers=OrderOut, status=202, problems=(409, 503), once=True)
def ask() -> OrderOut:
    """The worker begins within seconds; the list tells how it went."""
    return OrderOut.of(order_one())
