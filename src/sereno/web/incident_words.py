"""Incidents in words: states, severities, and what each entry of a timeline tells, in the reader's language."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from flask_babel import gettext as _

from sereno.core.clock import parse_rfc3339
from sereno.core.text import Text
from sereno.respond.incidents.grouping import MACHINE
from sereno.respond.incidents.model import BY_ALERTS, Event, Incident, Kind, State
from sereno.serve.catalogue import BY_NAME
from sereno.web.alerts import SEVERITIES
from sereno.web.desk import desk
from sereno.web.i18n import N_, language

STATES = {
    State.OPEN: N_("Open"),
    State.ACKNOWLEDGED: N_("Acknowledged"),
    State.RESOLVED: N_("Resolved"),
}
STATE_BADGES = {State.OPEN: "bad", State.ACKNOWLEDGED: "warn", State.RESOLVED: "ok"}

SIGNS = {
    Kind.OPENED: "bad",
    Kind.ALERT_FIRED: "bad",
    Kind.SEVERITY_RAISED: "bad",
    Kind.REOPENED: "bad",
    Kind.ACKNOWLEDGED: "warn",
    Kind.ALERT_ENDED: "ok",
    Kind.RESOLVED: "ok",
    Kind.COMMENT: "said",
    Kind.PUBLISHED: "told",
}
"""The mark beside an entry; the rest has a plain one. It only repeats what the words say."""

HEARTBEAT = "heartbeat:"
"""How a heartbeat is named as the one who opened or resolved an incident."""


def severity_in_words(severity: str) -> str:
    """A severity of our own rules in words, any other as it was given."""
    return str(_(SEVERITIES[severity])) if severity in SEVERITIES else severity or str(_("No severity"))


def title_of(incident: Incident) -> str:
    """The incident's title in the reader's language."""
    return incident.title.in_language(language()) or incident.title.en or str(_("Incident without a title"))


def component_title(name: str) -> str:
    """A component's title in the reader's language; its name where nothing is known of it."""
    return dict(known_components()).get(name, name)


def known_components() -> list[tuple[str, str]]:
    """What an incident may affect, as names and titles: the machine, the stack's components, services and probes."""
    settings = desk().surroundings.settings
    own = [(name, component.title.in_language(language())) for name, component in BY_NAME.items()]
    things = [(each.name, _title(each.name, each.title, each.title_es)) for each in settings.services]
    things += [(each.name, _title(each.name, each.title, each.title_es)) for each in settings.probes]
    hosts = [(each.name, each.name) for each in settings.hosts]
    return list(dict([(MACHINE, str(_("Processors, memory, disks"))), *own, *things, *hosts]).items())


def _title(name: str, title: str, title_es: str) -> str:
    return Text(title or name, title_es or title or name).in_language(language())


def by_whom(name: str) -> str:
    """Who opened an incident: a name, or the program that did."""
    if name == BY_ALERTS:
        return str(_("an alert"))
    if name.startswith(HEARTBEAT):
        return str(_("the missing heartbeat %(name)s", name=name.removeprefix(HEARTBEAT)))
    return name


def ended_by_itself(incident: Incident) -> bool:
    """Whether it resolved without a person: its alerts ended, or a missing heartbeat came back."""
    return incident.resolved_by is None or incident.resolved_by.startswith(HEARTBEAT)


def sentence(event: Event) -> str:
    """What an entry tells, without the text that may follow it."""
    tell = _SENTENCES.get(event.kind)
    return tell(event) if tell else str(event.kind)


def faster(incident: Incident, last: Event | None, at: str) -> str:
    """What to say to somebody whose change came too late; `at` is the time of `last` as this page writes it."""
    state = str(_(STATES[incident.state]))
    if last is None:
        return str(_("This incident is in the state “%(state)s” already.", state=state))
    who = {"name": last.actor, "at": at}
    if last.kind is Kind.MERGED:
        return str(_("Meanwhile this incident has become part of another one (%(at)s).", **who))
    if _by_itself(last):
        words = {
            Kind.RESOLVED: N_("Meanwhile the incident has resolved by itself (%(at)s)."),
            Kind.REOPENED: N_("Meanwhile the trouble has come back by itself (%(at)s)."),
        }
    else:
        words = {
            Kind.ACKNOWLEDGED: N_("%(name)s was faster and acknowledged it at %(at)s."),
            Kind.RESOLVED: N_("%(name)s was faster and resolved it at %(at)s."),
            Kind.REOPENED: N_("%(name)s was faster and reopened it at %(at)s."),
        }
    if last.kind in words:
        return str(_(words[last.kind], **who))
    return str(_("This incident is in the state “%(state)s” already.", state=state))


def _by_itself(event: Event) -> bool:
    return event.actor == BY_ALERTS or event.actor.startswith(HEARTBEAT)


def together(events: Sequence[Event]) -> list[Event]:
    """The entries, with components that started anew in one look told in one: a start of everything is one news."""
    told: list[Event] = []
    looks: dict[datetime, int] = {}
    for event in events:
        if event.kind is Kind.RESTARTED and event.at in looks:
            first = told[looks[event.at]]
            names = [*_names(first), *_names(event)]
            told[looks[event.at]] = replace(first, details={**first.details, "component": names})
            continue
        if event.kind is Kind.RESTARTED:
            looks[event.at] = len(told)
        told.append(event)
    return told


def _names(event: Event) -> list[str]:
    value = event.details.get("component", [])
    return value if isinstance(value, list) else [str(value)]


def happened_at(event: Event) -> datetime:
    """When what an entry tells happened; the entry itself may be later, since somebody had to look first."""
    try:
        return parse_rfc3339(str(event.details["happened_at"]))
    except (KeyError, ValueError):
        return event.at


def _detail(event: Event, name: str) -> str:
    value = event.details.get(name)
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value if value is not None else "")


def _opened(event: Event) -> str:
    if event.actor.startswith(HEARTBEAT):
        return str(_("Opened: the heartbeat %(name)s is missing", name=event.actor.removeprefix(HEARTBEAT)))
    if _by_itself(event):
        return str(_("Opened by an alert"))
    return str(_("%(name)s opened it by hand", name=event.actor))


def _fired(event: Event) -> str:
    told = str(_("Alert fires: %(alert)s", alert=summary_of(event) or _detail(event, "alert")))
    left_out = _detail(event, "left_out")
    if not left_out:
        return told
    return told + " · " + str(_("more alerts that did not fit into the message: %(count)s", count=left_out))


def _ended(event: Event) -> str:
    return str(_("Alert is over: %(alert)s", alert=_detail(event, "alert") or summary_of(event)))


def summary_of(event: Event) -> str:
    """The alert's own sentence in the reader's language, as the entry keeps it; may be empty."""
    return Text(_detail(event, "summary"), _detail(event, "summary_es")).in_language(language())


def _raised(event: Event) -> str:
    old, new = severity_in_words(_detail(event, "old")), severity_in_words(_detail(event, "new"))
    return str(_("Severity raised from %(old)s to %(new)s", old=old, new=new))


def _assigned(event: Event) -> str:
    owner = _detail(event, "new")
    if owner == event.actor:
        return str(_("%(name)s took it", name=event.actor))
    return str(_("%(name)s gave it to %(owner)s", name=event.actor, owner=owner))


def _components(event: Event) -> str:
    told = []
    if added := _detail(event, "added"):
        told.append(str(_("Affected as well: %(names)s", names=added)))
    if removed := _detail(event, "removed"):
        told.append(str(_("Not affected after all: %(names)s", names=removed)))
    who = "" if _by_itself(event) else f" ({event.actor})"
    return " · ".join(told) + who


def _resolved(event: Event) -> str:
    return _either(event, N_("Resolved by itself"), N_("%(name)s resolved it"))


def _reopened(event: Event) -> str:
    return _either(event, N_("It came back"), N_("%(name)s reopened it"))


def _either(event: Event, by_itself: str, by_somebody: str) -> str:
    return str(_(by_itself) if _by_itself(event) else _(by_somebody, name=event.actor))


def _adopted(event: Event) -> str:
    words = (
        N_("Took over alerts of incident %(number)s")
        if event.details.get("in_part")
        else N_("Took over incident %(number)s: it is the same trouble")
    )
    return str(_(words, number=_detail(event, "incident")))


def _merged(event: Event) -> str:
    words = (
        N_("Some of its alerts went over to incident %(number)s")
        if event.details.get("in_part")
        else N_("Became part of incident %(number)s: it is the same trouble")
    )
    return str(_(words, number=_detail(event, "into")))


def _happened(message: str) -> Callable[[Event], str]:
    """Something that happened around the incident; `what` is a component or a file."""

    def told(event: Event) -> str:
        titles = dict(known_components())
        return str(_(message, what=", ".join(titles.get(name, name) for name in _names(event))))

    return told


def _notice(event: Event) -> str:
    channel = _detail(event, "channel")
    if event.details.get("state") == "sent":
        return str(_("People were told by %(channel)s", channel=channel))
    reason = _detail(event, "words")
    told = str(_("Nobody could be told by %(channel)s", channel=channel))
    return f"{told}: {reason}" if reason else told


def _named(message: str) -> Callable[[Event], str]:
    return lambda event: str(_(message, name=event.actor))


_SENTENCES: Mapping[Kind, Callable[[Event], str]] = {
    Kind.OPENED: _opened,
    Kind.ALERT_FIRED: _fired,
    Kind.ALERT_ENDED: _ended,
    Kind.SEVERITY_RAISED: _raised,
    Kind.ACKNOWLEDGED: _named(N_("%(name)s acknowledged it")),
    Kind.ASSIGNED: _assigned,
    Kind.UNASSIGNED: _named(N_("%(name)s gave it back: nobody has it")),
    Kind.COMMENT: _named(N_("%(name)s wrote")),
    Kind.PUBLISHED: _named(N_("%(name)s told the public")),
    Kind.COMPONENTS: _components,
    Kind.RESOLVED: _resolved,
    Kind.REOPENED: _reopened,
    Kind.ADOPTED: _adopted,
    Kind.MERGED: _merged,
    Kind.NOTICE: _notice,
    Kind.RESTARTED: _happened(N_("Started anew: %(what)s")),
    Kind.SETTINGS_CHANGED: _happened(N_("The settings were changed (now %(what)s)")),
    Kind.BACKUP: _happened(N_("A backup was made: %(what)s")),
}
