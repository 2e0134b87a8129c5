"""Stored probes in the database, given a session; whoever stands at the door commits."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from sereno.core.text import Text
from sereno.watch.probes.judge import Refusal
from sereno.watch.probes.model import Kind, Probe, Source
from sereno.watch.probes.stored import Stored
from sereno.watch.probes.tables import ProbeRow


def stored_probes(session: Session) -> list[Stored]:
    """All of them by name."""
    return [to_stored(row) for row in session.scalars(select(ProbeRow).order_by(ProbeRow.name))]


def probe_row(session: Session, id: int) -> ProbeRow | None:
    """The row with that number, locked until the transaction ends, or None."""
    return session.scalar(select(ProbeRow).where(ProbeRow.id == id).with_for_update())


def probe_row_named(session: Session, name: str) -> ProbeRow | None:
    """The row with that name, or None."""
    return session.scalar(select(ProbeRow).where(ProbeRow.name == name))


def number_of_probes(session: Session) -> int:
    """How many are stored."""
    return session.scalar(select(func.count()).select_from(ProbeRow)) or 0


def new_row(probe: Probe, *, address: str, by: str, now: datetime) -> ProbeRow:
    """A row for a new probe, whose host was found at `address`."""
    row = ProbeRow(address=address, refused="", looked_up_at=now, created_at=now, created_by=by[:100], updated_at=now)
    fill(row, probe)
    return row


def fill(row: ProbeRow, probe: Probe) -> None:
    """Write a probe's values into its row."""
    row.name, row.kind, row.target = probe.name, str(probe.kind), probe.target
    row.title, row.title_es = probe.title.en, probe.title.es
    row.status, row.contains = list(probe.status), probe.contains
    row.certificate_days, row.verify = probe.certificate_days, probe.verify
    row.interval_seconds, row.heading, row.public = probe.interval_seconds, probe.group, probe.public


def to_stored(row: ProbeRow) -> Stored:
    """The row as a value."""
    probe = Probe(
        name=row.name,
        kind=Kind(row.kind),
        target=row.target,
        source=Source.STORED,
        title=Text(row.title, row.title_es),
        status=tuple(row.status),
        contains=row.contains,
        certificate_days=row.certificate_days,
        interval_seconds=row.interval_seconds,
        group=row.heading,
        public=row.public,
        verify=row.verify,
        follow=False,
    )
    return Stored(
        id=row.id,
        probe=probe,
        address=row.address,
        refused=Refusal(row.refused) if row.refused else None,
        looked_up_at=row.looked_up_at,
        created_at=row.created_at,
        created_by=row.created_by,
        updated_at=row.updated_at,
    )
