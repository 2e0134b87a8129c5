"""What the desk does with incidents: lists them, lets people change them, and lets them end when their alerts do.

Manual resolution while alerts fire is possible: it ends the incident at that moment under the person's name, and only
an alert that begins later reopens it. What still fires stays on the list of alerts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from sereno.core.clock import Clock, utc_now
from sereno.core.errors import NotFound, UsageError
from sereno.core.text import Text
from sereno.database.retry import in_one_transaction
from sereno.database.session import Database
from sereno.guard import audit
from sereno.guard.model import Actor
from sereno.guard.store import user_row_by_name
from sereno.respond.alerts.model import Alert
from sereno.respond.alerts.store import alerts_of_incident
from sereno.respond.incidents import settle, store
from sereno.respond.incidents.families import event_values
from sereno.respond.incidents.grouping import Rules
from sereno.respond.incidents.model import (
    COMPONENT_LENGTH,
    MAY_BECOME,
    SEVERITY_LENGTH,
    TEXT_LENGTH,
    TITLE_LENGTH,
    Event,
    Incident,
    Kind,
    State,
    refuse,
)
from sereno.respond.incidents.orphans import place_orphans
from sereno.respond.incidents.store import Wanted

_Answer = TypeVar("_Answer")

_STATE_KINDS = (Kind.ACKNOWLEDGED, Kind.RESOLVED, Kind.REOPENED, Kind.OPENED, Kind.MERGED)
"""The kinds of entry that tell of a change of state."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list; `next` is what to ask for to see older ones, None at the end."""

    incidents: tuple[Incident, ...]
    next: tuple[datetime, int] | None


class Incidents:
    """The desk's incidents. Every method is one transaction of its own and raises Unavailable without a database."""

    def __init__(self, database: Database, *, clock: Clock = utc_now, rules: Rules | None = None) -> None:
        self._database = database
        self._clock = clock
        self._rules = rules or Rules()

    def page(self, wanted: Wanted) -> Page:
        """The incidents that are `wanted`, newest first, with where the next page begins."""
        with self._database.unit_of_work() as session:
            found = store.list_incidents(session, replace(wanted, limit=wanted.limit + 1))
        shown = tuple(found[: wanted.limit])
        more = len(found) > wanted.limit
        return Page(shown, (shown[-1].opened_at, shown[-1].id) if more else None)

    def get(self, id: int) -> Incident:
        """One incident. Raises NotFound."""
        with self._database.unit_of_work() as session:
            return _found(store.incident_by_id(session, id), id)

    def timeline(self, id: int, *, after: int = 0, limit: int = 500, public_only: bool = False) -> tuple[Event, ...]:
        """At most `limit` entries of its timeline with larger numbers than `after`, oldest first."""
        with self._database.unit_of_work() as session:
            return tuple(store.events(session, id, after=after, limit=limit, public_only=public_only))

    def newest(self, id: int, *, before: int | None = None, limit: int = 100) -> tuple[Event, ...]:
        """At most `limit` entries of its timeline with smaller numbers than `before`, newest first."""
        with self._database.unit_of_work() as session:
            return tuple(store.newest_events(session, id, before=before, limit=limit))

    def last_change(self, id: int) -> Event | None:
        """The entry that tells how it came into its present state."""
        with self._database.unit_of_work() as session:
            return store.last_event(session, id, _STATE_KINDS)

    def alerts(self, id: int, *, limit: int = 200) -> tuple[Alert, ...]:
        """At most `limit` of its alerts, newest first."""
        with self._database.unit_of_work() as session:
            return tuple(alerts_of_incident(session, id, limit))

    def open(
        self,
        title: Text,
        severity: str,
        components: Sequence[str] = (),
        *,
        actor: Actor,
        text: str = "",
        opened_at: datetime | None = None,
        also: Callable[[Session, int], None] | None = None,
    ) -> Incident:
        """Open an incident by hand; it stays open until a person resolves it. Raises UsageError.

        `also` is done in the same transaction, with the incident's number.
        """
        now = self._clock()
        values = _values_by_hand(title, severity, components, opened_by=actor.name, opened_at=opened_at or now, now=now)

        def work(session: Session) -> Incident:
            number = store.insert_incident(session, values)
            details = {"severity": severity}
            words = _accepted_text(text) if text else ""
            event = event_values(number, Kind.OPENED, at=now, actor=actor.name, text=words, details=details)
            store.add_event(session, event)
            audit.record(session, actor, "incident.open", subject(number), now=now, new={"title": values["title"]})
            if also is not None:
                also(session, number)
            return _found(store.incident_by_id(session, number), number)

        return in_one_transaction(self._database, work)

    def acknowledge(self, id: int, actor: Actor) -> Incident:
        """Take the incident: whoever is first also becomes its owner, if it has none. Raises Conflict, NotFound."""
        now = self._clock()

        def work(session: Session, incident: Incident) -> None:
            values: dict[str, Any] = {"state": State.ACKNOWLEDGED.value}
            if incident.acknowledged_at is None:
                values |= {"acknowledged_at": now, "acknowledged_by": actor.name[:100]}
            if incident.owner is None and user_row_by_name(session, actor.name) is not None:
                values["owner"] = actor.name
            store.change(session, id, **values)
            store.add_event(session, event_values(id, Kind.ACKNOWLEDGED, at=now, actor=actor.name))

        return self._move(id, State.ACKNOWLEDGED, actor, now, "incident.acknowledge", work)

    def resolve(self, id: int, actor: Actor, text: str = "") -> Incident:
        """End the incident under the person's name. Raises Conflict, NotFound.

        Its `resolved_at` is the latest end of its alerts, or now while one fires or where it has none.
        """
        now = self._clock()
        words = _accepted_text(text) if text else ""

        def work(session: Session, incident: Incident) -> None:
            ended_at = settle.latest_end(session, id) or now
            store.change(
                session,
                id,
                state=State.RESOLVED.value,
                resolved_at=max(ended_at, incident.opened_at),
                resolved_by=actor.name[:100],
                by_hand=False,
            )
            store.add_event(session, event_values(id, Kind.RESOLVED, at=now, actor=actor.name, text=words))

        return self._move(id, State.RESOLVED, actor, now, "incident.resolve", work)

    def reopen(self, id: int, actor: Actor, text: str = "") -> Incident:
        """Open a resolved incident again; from then on only a person resolves it. Raises Conflict, NotFound."""
        now = self._clock()
        words = _accepted_text(text) if text else ""

        def work(session: Session, _incident: Incident) -> None:
            store.change(
                session, id, state=State.OPEN.value, resolved_at=None, resolved_by=None, by_hand=True, news=False
            )
            store.add_event(session, event_values(id, Kind.REOPENED, at=now, actor=actor.name, text=words))

        return self._move(id, State.OPEN, actor, now, "incident.reopen", work)

    def assign(self, id: int, owner: str | None, actor: Actor) -> Incident:
        """Give the incident to somebody, or to nobody (None). Raises NotFound for an incident or account."""
        now = self._clock()

        def work(session: Session) -> Incident:
            incident = _found(store.incident_by_id(session, id, lock=True), id)
            if owner == incident.owner:
                return incident
            if owner is not None:
                user = user_row_by_name(session, owner)
                if user is None or user.disabled:
                    raise NotFound(f"there is no active account {owner}", next_step="see /users")
            store.change(session, id, owner=owner)
            kind = Kind.UNASSIGNED if owner is None else Kind.ASSIGNED
            details = {"old": incident.owner, "new": owner}
            store.add_event(session, event_values(id, kind, at=now, actor=actor.name, details=details))
            old, new = {"owner": incident.owner}, {"owner": owner}
            audit.record(session, actor, "incident.assign", subject(id), now=now, old=old, new=new)
            return _found(store.incident_by_id(session, id), id)

        return in_one_transaction(self._database, work)

    def comment(self, id: int, text: str, actor: Actor) -> Event:
        """Add a comment (Markdown) to the timeline. Raises NotFound, UsageError."""
        return self._say(id, Kind.COMMENT, text, actor, public=False)

    def publish(self, id: int, text: str, actor: Actor) -> Event:
        """Make the incident public, with this update (Markdown) for strangers to read. Raises NotFound, UsageError."""
        return self._say(id, Kind.PUBLISHED, text, actor, public=True)

    def counts(self) -> dict[tuple[State, str], int]:
        """How many incidents that are not over there are, by state and severity."""
        with self._database.unit_of_work() as session:
            return store.counts_by_state(session)

    def settle(self) -> int:
        """Resolve what is over for longer than the hold-down, let go of groups, and see to alerts without an incident.

        Answers how many resolved.
        """
        now = self._clock()
        with self._database.unit_of_work() as session:
            numbers = settle.due(session, self._rules, now)
        resolved = sum(in_one_transaction(self._database, _settling(number, self._rules, now)) for number in numbers)
        in_one_transaction(self._database, lambda session: settle.let_go(session, self._rules, now))
        in_one_transaction(self._database, lambda session: place_orphans(session, self._rules, now))
        return resolved

    def _say(self, id: int, kind: Kind, text: str, actor: Actor, *, public: bool) -> Event:
        now, words = self._clock(), _accepted_text(text)

        def work(session: Session) -> Event:
            _found(store.incident_by_id(session, id, lock=public), id)
            if public:
                store.change(session, id, public=True)
            values = event_values(id, kind, at=now, actor=actor.name, text=words, public=public)
            number = store.add_event(session, values)
            action = "incident.publish" if public else "incident.comment"
            audit.record(session, actor, action, subject(id), now=now, new={"event": number})
            return Event(number, id, now, kind, actor.name[:100], words, {}, public)

        return in_one_transaction(self._database, work)

    def _move(
        self,
        id: int,
        wanted: State,
        actor: Actor,
        now: datetime,
        action: str,
        work: Callable[[Session, Incident], None],
    ) -> Incident:
        """Change the state from one in which that is allowed; whoever comes second is told who was first."""

        def guarded(session: Session) -> Incident:
            incident = _found(store.incident_by_id(session, id, lock=True), id)
            if incident.state not in MAY_BECOME[wanted] or incident.merged_into is not None:
                raise refuse(id, incident.state, wanted, store.last_event(session, id, _STATE_KINDS))
            work(session, incident)
            old, new = {"state": incident.state.value}, {"state": wanted.value}
            audit.record(session, actor, action, subject(id), now=now, old=old, new=new)
            return _found(store.incident_by_id(session, id), id)

        return in_one_transaction(self._database, guarded)


def subject(id: int) -> str:
    """How the audit trail names an incident."""
    return f"incident:{id}"


def _settling(number: int, rules: Rules, now: datetime) -> Callable[[Session], bool]:
    return lambda session: settle.settle_one(session, number, rules, now)


def _found(incident: Incident | None, id: int) -> Incident:
    if incident is None:
        raise NotFound(f"there is no incident {id}", next_step="see the list at /incidents")
    return incident


def _accepted_text(text: str) -> str:
    words = text.strip()
    if not words or len(words) > TEXT_LENGTH:
        raise UsageError(f"the text has {len(words)} signs; 1 to {TEXT_LENGTH} are allowed")
    return words


def _values_by_hand(
    title: Text, severity: str, components: Sequence[str], *, opened_by: str, opened_at: datetime, now: datetime
) -> dict[str, Any]:
    english = title.en.strip()
    if not english or len(english) > TITLE_LENGTH or len(title.es) > TITLE_LENGTH:
        raise UsageError(f"a title has 1 to {TITLE_LENGTH} signs")
    if len(severity) > SEVERITY_LENGTH:
        raise UsageError(f"a severity has at most {SEVERITY_LENGTH} signs")
    if any(not each or len(each) > COMPONENT_LENGTH for each in components):
        raise UsageError(f"a component's name has 1 to {COMPONENT_LENGTH} signs")
    if opened_at > now:
        raise UsageError("an incident cannot have begun in the future")
    return {
        "title": english,
        "title_es": title.es.strip() or english,
        "state": State.OPEN.value,
        "severity": severity,
        "public": False,
        "opened_at": opened_at,
        "detected_at": now,
        "components": list(dict.fromkeys(components)),
        "flapping": False,
        "opened_by": opened_by[:100],
        "rule": "",
        "group_key": None,
        "family": None,
        "slot": None,
        "host": None,
        "by_hand": True,
        "news": False,
    }
