"""What was told of alerts, made into incidents: within the transaction that stores the alerts.

The number of statements depends on what is told, never on how much is stored: for one new alert a look at its family,
the incident or none, and one insert for all entries of timelines.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from sereno.core.clock import rfc3339
from sereno.respond.alerts.model import Details
from sereno.respond.alerts.tables import AlertRow, SeriesRow
from sereno.respond.incidents.families import Neighbour, Neighbours
from sereno.respond.incidents.grouping import (
    Rules,
    Stretch,
    component_affected,
    family_of,
    host_family,
    host_of,
    is_host_down,
    is_trouble,
    route_key,
)
from sereno.respond.incidents.model import BY_ALERTS, SEVERITY_LENGTH, TITLE_LENGTH, Kind, State, highest
from sereno.respond.incidents.tables import IncidentRow
from sereno.respond.incidents.words import title_of
from sereno.watch.probes.model import Source
from sereno.watch.probes.store import stored_probes

GROUP_KEY_LENGTH = 2_000
"""What is kept of a group's key to be read; grouping goes by its hash."""


@dataclass(frozen=True, slots=True)
class News:
    """An alert that is new, or that changed. `incident_id` is the incident that it belongs to already."""

    fingerprint: str
    lasted: Stretch
    details: Details
    group_key: str
    before: Stretch | None = None
    incident_id: int | None = None
    left_out: int = 0
    """How many more alerts of its group the delivery left out."""

    @property
    def has_ended(self) -> bool:
        """Whether the news is that it ended."""
        return self.before is not None and self.before.ended_at is None and self.lasted.ended_at is not None

    @property
    def fires_again(self) -> bool:
        """Whether it was over and fires now."""
        return self.before is not None and self.before.ended_at is not None and self.lasted.ended_at is None

    @property
    def lasted_longer(self) -> bool:
        """Whether it reaches further than was known: back, or to a later end."""
        return self.before is not None and not self.has_ended and self.before != self.lasted


def place(
    session: Session, rules: Rules, news: Sequence[News], lost: Sequence[tuple[int, str]], now: datetime
) -> dict[str, list[int | None]]:
    """Find or open the incident of each new alert, and tell what the news mean to those of the others.

    `lost` are alerts that turned out to be part of another one: their incident and fingerprint. Answers, by
    fingerprint, the incidents of its new alerts in the order in which `news` has them.
    """
    return _Placing(session, rules, now).run(news, lost)


class _Placing:
    def __init__(self, session: Session, rules: Rules, now: datetime) -> None:
        self._session = session
        self._rules = rules
        self._near = Neighbours(session, now=now, window=rules.reopen_window)
        self._down: list[tuple[str, Stretch, int]] = []
        """When which machine was down, and the incident of that."""

    def run(self, news: Sequence[News], lost: Sequence[tuple[int, str]]) -> dict[str, list[int | None]]:
        placed: dict[str, list[int | None]] = {}
        troubles = [each for each in news if is_trouble(each.details.labels)]
        if self._rules.hosts and any(each.details.labels.get("source") == Source.STORED for each in troubles):
            stored = [each.probe for each in stored_probes(self._session)]
            self._rules = self._rules.with_probes((each.name, str(each.kind), each.target) for each in stored)
        new = [each for each in troubles if each.before is None]
        longer = [each for each in troubles if each.incident_id is not None and each.lasted_longer]
        self._look_around(new, longer)
        # Machines first, so that what runs on them finds them down.
        new.sort(key=lambda each: (not is_host_down(each.details.labels, self._rules), each.lasted.began_at))
        incidents = {id(each): self._place(each).id for each in new}
        for each in longer:
            self._extend(each)
        for each in news:
            if each.before is None:
                own = incidents.get(id(each))
                placed.setdefault(each.fingerprint, []).append(None if own is None else self._near.today(own))
        for each in troubles:
            if each.has_ended and each.incident_id is not None:
                self._tell_alert(self._near.today(each.incident_id), Kind.ALERT_ENDED, each)
        self._near.write()
        self._look_again(troubles)
        self._end_empty(lost, {each.fingerprint: each.incident_id for each in troubles if each.incident_id})
        return placed

    def _look_again(self, news: Sequence[News]) -> None:
        """Have the sums made anew where news came so late that they may change which alerts are one incident."""
        late = self._near.now - self._rules.reopen_window
        ids = {
            each.incident_id
            for each in news
            if each.incident_id is not None
            and (each.lasted_longer or (each.lasted.ended_at is not None and each.lasted.ended_at < late))
        }
        if ids:
            self._session.execute(update(IncidentRow).where(IncidentRow.id.in_(sorted(ids))).values(news=True))

    def _look_around(self, new: Sequence[News], longer: Sequence[News]) -> None:
        families = {family for each in new for family in self._families(each)}
        if longer:
            self._near.find_by_id(each.incident_id for each in longer if each.incident_id is not None)
            families |= {each.family for each in self._near.known.values() if each.family}
        if not families:
            return
        earliest = min(each.lasted.began_at for each in (*new, *longer))
        self._near.find(families, earliest - self._rules.reopen_window)
        self._find_machines_down(new)

    def _families(self, each: News) -> tuple[str, ...]:
        """The family of its group, and of the machine that it lies on; a machine that is down has only the latter."""
        host = host_of(each.details.labels, self._rules)
        own = family_of(each.group_key or route_key(each.details.labels))
        if host is None:
            return (own,)
        return (host_family(host),) if is_host_down(each.details.labels, self._rules) else (own, host_family(host))

    def _find_machines_down(self, new: Sequence[News]) -> None:
        hosts = {host for each in new if (host := host_of(each.details.labels, self._rules)) is not None}
        families = {host_family(host) for host in hosts}
        ids = [each.id for each in self._near.known.values() if each.family in families]
        if not ids:
            return
        statement = (
            select(SeriesRow.instance, AlertRow.began_at, AlertRow.ended_at, AlertRow.incident_id)
            .join(SeriesRow, SeriesRow.fingerprint == AlertRow.fingerprint)
            .where(AlertRow.incident_id.in_(ids), SeriesRow.name == "InstanceDown", SeriesRow.instance.in_(hosts))
        )
        for host, began_at, ended_at, incident_id in self._session.execute(statement):
            assert incident_id is not None  # noqa: S101 -- asked for above, told to the type checker.
            self._down.append((host, Stretch(began_at, ended_at), incident_id))

    def _place(self, each: News) -> Neighbour:
        host = host_of(each.details.labels, self._rules)
        is_down = is_host_down(each.details.labels, self._rules)
        incident = None if host is None or is_down else self._adopter(host, each.lasted)
        family = self._families(each)[0]
        if incident is None:
            near = self._near.near(family, each.lasted)
            incident = near[0] if near else None
        if incident is None:
            incident = self._open(each, family, host)
        else:
            self._join(incident, each)
        self._tell_alert(incident.id, Kind.ALERT_FIRED, each)
        if is_down and host is not None:
            self._down.append((host, each.lasted, incident.id))
            self._adopt(incident, host, each.lasted)
        return self._merged(incident)

    def _adopter(self, host: str, lasted: Stretch) -> Neighbour | None:
        """The incident of the machine, if that was down while the alert lasted."""
        ids = [id for name, down, id in self._down if name == host and down.overlaps(lasted)]
        return next((self._near.known[id] for id in sorted(ids) if id in self._near.known), None)

    def _open(self, each: News, family: str, host: str | None) -> Neighbour:
        component = component_affected(each.details.labels, self._rules)
        title = title_of(each.details)
        key = each.group_key or route_key(each.details.labels)
        severity = each.details.severity[:SEVERITY_LENGTH]
        incident = self._near.open(
            {
                "title": title.en,
                "title_es": title.es,
                "state": State.OPEN.value,
                "severity": severity,
                "public": False,
                "opened_at": each.lasted.began_at,
                "detected_at": self._near.now,
                "components": [component] if component else [],
                "flapping": False,
                "opened_by": BY_ALERTS,
                "rule": each.details.name[:255],
                "group_key": key[:GROUP_KEY_LENGTH],
                "family": family,
                "host": host,
                "by_hand": False,
                "news": False,
            },
            each.lasted,
        )
        self._near.tell(incident.id, Kind.OPENED, severity=severity)
        return incident

    def _join(self, incident: Neighbour, each: News) -> None:
        before = incident.lasted
        self._near.stretch(incident, each.lasted)
        severity = highest((incident.severity, each.details.severity[:SEVERITY_LENGTH]))
        if severity != incident.severity:
            self._near.tell(incident.id, Kind.SEVERITY_RAISED, old=incident.severity, new=severity)
            incident.severity = severity
            incident.change(severity=severity)
        component = component_affected(each.details.labels, self._rules)
        self._near.affect(incident, [component] if component else [])
        self._wake(incident, before, each.lasted)

    def _extend(self, each: News) -> None:
        incident = self._near.known.get(self._near.today(each.incident_id or 0))
        if incident is None:
            return  # It is part of another one since long; that one's sums are made when it resolves.
        before = incident.lasted
        self._near.stretch(incident, each.lasted)
        if each.fires_again:
            self._tell_alert(incident.id, Kind.ALERT_FIRED, each)
        self._wake(incident, before, each.lasted)
        self._merged(incident)

    def _wake(self, incident: Neighbour, before: Stretch, lasted: Stretch) -> None:
        """What news of an alert mean to the state: what fires reopens, what is over changes only the sums."""
        came_back = before.ended_at is not None and lasted.began_at - before.ended_at > self._rules.hold_down
        if incident.state is not State.RESOLVED:
            if came_back:
                incident.change(flapping=True)
        elif lasted.ended_at is None:
            incident.state = State.OPEN
            incident.change(state=State.OPEN.value, resolved_at=None, resolved_by=None, flapping=True)
            self._near.tell(incident.id, Kind.REOPENED)
        else:
            incident.change(news=True)

    def _adopt(self, incident: Neighbour, host: str, down: Stretch) -> None:
        """Let the alerts of what runs on a machine that went down join its incident."""
        statement = (
            select(AlertRow.id, AlertRow.began_at, AlertRow.ended_at, IncidentRow.id)
            .join(IncidentRow, IncidentRow.id == AlertRow.incident_id)
            .where(IncidentRow.host == host, IncidentRow.family != incident.family, IncidentRow.merged_into.is_(None))
            .with_for_update()
        )
        rows = [row for row in self._session.execute(statement) if Stretch(row[1], row[2]).overlaps(down)]
        if not rows:
            return
        self._session.execute(
            update(AlertRow).where(AlertRow.id.in_([row[0] for row in rows])).values(incident_id=incident.id)
        )
        others = sorted({row[3] for row in rows})
        self._near.find_by_id(others)
        left = set(self._session.scalars(select(AlertRow.incident_id).where(AlertRow.incident_id.in_(others))))
        for began_at, ended_at in ((row[1], row[2]) for row in rows):
            self._near.stretch(incident, Stretch(began_at, ended_at))
        for number in others:
            other = self._near.known.get(number)
            if other is None:
                continue
            severity = highest((incident.severity, other.severity))
            if severity != incident.severity:
                incident.severity = severity
                incident.change(severity=severity)
            self._near.affect(incident, other.components)
            if number in left:
                self._near.tell(number, Kind.MERGED, into=incident.id, in_part=True)
                self._near.tell(incident.id, Kind.ADOPTED, incident=number, in_part=True)
                other.change(news=other.state is State.RESOLVED)
            else:
                self._near.end_as_part(incident, other)

    def _merged(self, incident: Neighbour) -> Neighbour:
        """The incident, after those of its family that it now reaches have become one with it: the oldest stays."""
        near = self._near.near(incident.family, incident.lasted)
        while len(near) > 1:
            incident = near[0]
            for other in near[1:]:
                self._near.merge(incident, other)
            near = self._near.near(incident.family, incident.lasted)
        return incident

    def _tell_alert(self, incident_id: int, kind: Kind, each: News) -> None:
        details = each.details
        told: dict[str, Any] = {
            "alert": details.name[:TITLE_LENGTH],
            "fingerprint": each.fingerprint,
            "severity": details.severity[:SEVERITY_LENGTH],
            "instance": details.instance[:TITLE_LENGTH],
            "began_at": rfc3339(each.lasted.began_at),
        }
        if kind is Kind.ALERT_FIRED:
            title = title_of(details)
            told |= {"summary": title.en, "summary_es": title.es}
            told |= {"left_out": each.left_out} if each.left_out else {}
        if each.lasted.ended_at is not None:
            told["ended_at"] = rfc3339(each.lasted.ended_at)
        self._near.tell(incident_id, kind, **told)

    def _end_empty(self, lost: Sequence[tuple[int, str]], incident_of: Mapping[str, int]) -> None:
        """End the incidents whose last alert turned out to be part of another incident's alert."""
        pairs = {id: incident_of[fingerprint] for id, fingerprint in lost if fingerprint in incident_of}
        pairs = {id: into for id, into in pairs.items() if id != into}
        if not pairs:
            return
        left = set(self._session.scalars(select(AlertRow.incident_id).where(AlertRow.incident_id.in_(list(pairs)))))
        rest = Neighbours(self._session, now=self._near.now, window=self._near.window)
        rest.find_by_id([*pairs, *pairs.values()])
        for id, into in pairs.items():
            if id not in left and id in rest.known and into in rest.known:
                rest.end_as_part(rest.known[into], rest.known[id])
        rest.write()
