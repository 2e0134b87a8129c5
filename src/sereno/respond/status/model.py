"""What the status page says, decided from what was measured. Pure: no clock, no file, no network.

`None` is "not known" throughout, and is never shown as zero or as fine.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sereno.respond.status.gauges import Gauge, Machine, host_gauges, machines, this_host
from sereno.respond.status.things import Group, Thing, Watched, groups
from sereno.watch.model import ComponentReading, HostHistory, Overview, State, Window

SERVING = ("nginx", "webapp", "mysql")
"""The components that a visitor's request passes through: when one of them is down, so is the service."""

STALE_SCRAPE = timedelta(seconds=90)
"""Six scrapes at the usual interval: older measurements say how it was, not how it is."""

PUBLIC_LABELS = frozenset({"alertname", "severity", "job", "component", "groupname", "task", "state", "code"})
"""Labels whose values may stand on the public page; addresses, paths and devices may not."""


class Overall(StrEnum):
    """The whole state in a word, from good to bad; unknown is neither."""

    OK = "ok"
    ATTENTION = "attention"
    DOWN = "down"
    MAINTENANCE = "maintenance"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ShownAlert:
    """An alert as the page shows it; the sentences are by language, the public one without any internals."""

    name: str
    severity: str
    began_at: datetime
    suppressed: bool
    sentences: Mapping[str, str]
    public_sentences: Mapping[str, str]
    id: int | None = None
    """The desk's number for it, None for one that only Prometheus tells of."""

    incident_id: int | None = None
    """The incident that it belongs to, for signed-in readers."""


@dataclass(frozen=True, slots=True)
class Status:
    """Everything that the page, its JSON and its stale copy are made from.

    `groups` holds what users have watched of their own, services and probes; `machines` are the further ones, `gauges`
    this one's. `problem` is None when Prometheus answered. `host_name` is for signed-in readers.
    """

    overall: Overall
    taken_at: datetime
    last_scrape: datetime | None
    scrape_is_old: bool
    problem: str | None
    service: tuple[ComponentReading, ...]
    watch: tuple[ComponentReading, ...]
    groups: tuple[Group, ...]
    gauges: tuple[Gauge, ...]
    machines: tuple[Machine, ...]
    alerts: tuple[ShownAlert, ...]
    host_name: str | None

    @property
    def components(self) -> tuple[ComponentReading, ...]:
        """The stack's own, those that serve first."""
        return self.service + self.watch

    @property
    def things(self) -> tuple[Thing, ...]:
        """What users have watched of their own, in the page's order."""
        return tuple(thing for group in self.groups for thing in group.things)

    @property
    def down(self) -> tuple[ComponentReading, ...]:
        """What everybody may see and is known to be down: the stack's components, then the users' own."""
        shown = (*self.components, *(thing.reading for thing in self.things if thing.watched.public))
        return tuple(one for one in shown if one.state is State.DOWN)


def build_status(
    overview: Overview,
    histories: Mapping[Window, Sequence[HostHistory]],
    alerts: Sequence[ShownAlert],
    *,
    optional: Iterable[str] = (),
    watched: Sequence[Watched] = (),
    hosts: Sequence[str] = (),
) -> Status:
    """Join what was measured into what is shown.

    `optional` names components that need not exist: one that was never seen is left out instead of unknown. `watched`
    is what users have of their own, `hosts` are the names of further machines.
    """
    may_be_missing = frozenset(optional)
    of_users = frozenset(each.name for each in watched)
    shown = [
        one
        for one in overview.components
        if one.name not in of_users
        and not (one.name in may_be_missing and one.state is State.UNKNOWN and one.since is None)
    ]
    host = this_host(overview, hosts)
    old = overview.last_scrape is None or overview.taken_at - overview.last_scrape > STALE_SCRAPE
    gauges = host_gauges(host, overview.thresholds, histories)
    grouped = groups(watched, overview.components)
    further = machines(overview, hosts, histories)
    return Status(
        overall=overall_of(
            shown,
            alerts,
            [*gauges, *(gauge for machine in further for gauge in machine.gauges)],
            [thing for group in grouped for thing in group.things],
            known=overview.answered and not old,
        ),
        taken_at=overview.taken_at,
        last_scrape=overview.last_scrape,
        scrape_is_old=old,
        problem=overview.problem,
        service=tuple(one for one in shown if one.name in SERVING),
        watch=tuple(one for one in shown if one.name not in SERVING),
        groups=grouped,
        gauges=gauges,
        machines=further,
        alerts=tuple(sorted(alerts, key=_loudest_first)),
        host_name=host.name if host else None,
    )


def overall_of(
    components: Sequence[ComponentReading],
    alerts: Sequence[ShownAlert],
    gauges: Sequence[Gauge],
    things: Sequence[Thing] = (),
    *,
    known: bool,
) -> Overall:
    """The worst that is certain comes first; what cannot be seen is told before anything is called well.

    What users have on the page is what their readers come for: when it is down, so is the service. One that has never
    been asked yet is no news.
    """
    loud = [alert for alert in alerts if not alert.suppressed]
    serving = [one for one in components if one.name in SERVING]
    if any(one.state is State.DOWN for one in serving) or any(
        thing.is_down and thing.watched.public for thing in things
    ):
        return Overall.DOWN
    if not known or any(one.state is State.UNKNOWN for one in serving):
        return Overall.UNKNOWN
    if (
        any(one.state is not State.UP for one in components)
        or any(thing.is_down or thing.was_lost for thing in things)
        or any(alert.severity != "info" for alert in loud)
        or any(gauge.beyond for gauge in gauges)
    ):
        return Overall.ATTENTION
    return Overall.OK


def _loudest_first(alert: ShownAlert) -> tuple[int, datetime]:
    order = {"critical": 0, "warning": 1, "info": 3}
    return order.get(alert.severity, 2), alert.began_at


def public_sentence(
    sentence: str, name: str, labels: Mapping[str, str], *, is_ours: bool, public_names: frozenset[str] = frozenset()
) -> str:
    """`sentence` when it gives away nothing of the inside, else the alert's bare name.

    `public_names` may be said whichever label they come from: the components, which the page names anyway. A rule that
    users wrote themselves may say anything, so of those only the name is public.
    """
    hidden = [
        value for label, value in labels.items() if value and label not in PUBLIC_LABELS and value not in public_names
    ]
    return sentence if is_ours and not any(value in sentence for value in hidden) else name
