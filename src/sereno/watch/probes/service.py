"""What can be done with stored probes. Each function works in the caller's transaction; the door commits.

Names are looked up before a transaction begins (`judged`), since a name server may take seconds.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from sereno.core.errors import Conflict
from sereno.watch.probes import store
from sereno.watch.probes.judge import Refusal, best_address, refusal, whom
from sereno.watch.probes.model import Kind, Probe
from sereno.watch.probes.ports import Lookup
from sereno.watch.probes.stored import LARGEST_NUMBER_OF_PROBES, NameTaken, NoSuchProbe, Stored, TargetRefused
from sereno.watch.probes.tables import ProbeRow


def judged(probe: Probe, lookup: Lookup, before: str = "") -> tuple[str, Refusal | None]:
    """The address at which to ask, and why that may not be; `before` is the address so far."""
    asked = whom(probe.kind, probe.target)
    if isinstance(asked, Refusal):
        return "", asked
    found = lookup.found(asked.host)
    return best_address(found, before), refusal(asked, found, lookup.inside())


def accepted_address(probe: Probe, lookup: Lookup) -> str:
    """The address at which to ask. Raises TargetRefused."""
    if probe.kind is Kind.ICMP and not lookup.may_ping():
        raise TargetRefused(Refusal.NO_PING, probe.target)
    address, why = judged(probe, lookup)
    if why is not None:
        raise TargetRefused(why, probe.target)
    return address


def add(session: Session, probe: Probe, *, address: str, taken: Collection[str], by: str, now: datetime) -> Stored:
    """Store a probe; `taken` are names that others have. Raises NameTaken, or Conflict when there are too many."""
    _refuse_taken(session, probe.name, taken)
    if store.number_of_probes(session) >= LARGEST_NUMBER_OF_PROBES:
        raise Conflict(
            f"there are {LARGEST_NUMBER_OF_PROBES} probes already", next_step="remove one that nobody needs any more"
        )
    row = store.new_row(probe, address=address, by=by, now=now)
    session.add(row)
    _flush(session, probe.name)
    return store.to_stored(row)


def change(
    session: Session, id: int, probe: Probe, *, address: str, taken: Collection[str], now: datetime
) -> tuple[Stored, Stored]:
    """Give the stored probe new values; how it was and how it is. Raises NoSuchProbe or NameTaken."""
    row = _row(session, id)
    before = store.to_stored(row)
    if probe.name != before.probe.name:
        _refuse_taken(session, probe.name, taken)
    store.fill(row, probe)
    row.address, row.refused, row.looked_up_at, row.updated_at = address, "", now, now
    _flush(session, probe.name)
    return before, store.to_stored(row)


def remove(session: Session, id: int) -> Stored:
    """Remove the stored probe; what it was. Raises NoSuchProbe."""
    row = _row(session, id)
    gone = store.to_stored(row)
    session.delete(row)
    return gone


def one(session: Session, id: int) -> Stored:
    """The stored probe with that number. Raises NoSuchProbe."""
    return store.to_stored(_row(session, id))


def named(session: Session, name: str) -> Stored:
    """The stored probe with that name. Raises NoSuchProbe."""
    row = store.probe_row_named(session, name)
    if row is None:
        raise NoSuchProbe(f"no probe named {name!r} was added at the desk", next_step="./sereno watch --list")
    return store.to_stored(row)


def note_looked_up(session: Session, seen: Stored, address: str, why: Refusal | None, now: datetime) -> None:
    """Remember where a stored probe's host is now, unless the probe has been changed meanwhile."""
    row = store.probe_row(session, seen.id)
    if row is not None and row.updated_at == seen.updated_at:
        # A name that is not found is no reason to rest: the probe is to fail, and to say so.
        row.refused = "" if why in (None, Refusal.NOT_FOUND) else str(why)
        row.address, row.looked_up_at = address, now


def shown(stored: Sequence[Stored], taken: Collection[str]) -> list[Stored]:
    """Those that are asked: the settings file wins where it has come to use a stored probe's name."""
    return [each for each in stored if each.probe.name not in taken]


def _row(session: Session, id: int) -> ProbeRow:
    row = store.probe_row(session, id)
    if row is None:
        raise NoSuchProbe("there is no such probe", next_step="./sereno watch --list shows all of them")
    return row


def _refuse_taken(session: Session, name: str, taken: Collection[str]) -> None:
    if name in taken or store.probe_row_named(session, name) is not None:
        raise _taken(name)


def _flush(session: Session, name: str) -> None:
    try:
        session.flush()
    except IntegrityError as error:
        raise _taken(name) from error


def _taken(name: str) -> NameTaken:
    return NameTaken(f"the name {name!r} is taken", next_step="choose another name")
