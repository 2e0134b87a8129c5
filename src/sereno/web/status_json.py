"""The public state for programs: what `/status.json` tells. null is "not known", never zero."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from flask_babel import force_locale, gettext

from sereno.core.clock import rfc3339
from sereno.core.text import LANGUAGES, Text
from sereno.respond.maintenance.model import EVERYTHING, Maintenance, in_language
from sereno.respond.status.gauges import Gauge
from sereno.respond.status.news import PublicIncident
from sereno.respond.status.uptime import Uptime
from sereno.serve.catalogue import BY_NAME
from sereno.watch.model import ComponentReading
from sereno.web.front import View
from sereno.web.public_words import titles


def public_members(view: View, sentence: str) -> dict[str, Any]:
    """The members; `sentence` is the one of the whole state, marked for translation."""
    status, uptimes = view.status, view.uptimes
    shown = {*titles(status, LANGUAGES[0]), EVERYTHING}
    return {
        "status": view.overall.value,
        "sentence": {code: _translated(sentence, code) for code in LANGUAGES},
        "taken_at": rfc3339(status.taken_at),
        "last_scrape": rfc3339(status.last_scrape) if status.last_scrape else None,
        "components": [
            *(
                _component(one, "component", BY_NAME[one.name].title, uptimes.get(one.name))
                for one in status.components
            ),
            *(
                _component(
                    each.reading,
                    each.watched.kind,
                    each.watched.title,
                    uptimes.get(each.watched.name),
                    each.watched.group,
                )
                for each in status.things
                if each.watched.public
            ),
        ],
        "measurements": [_measurement(gauge) for gauge in status.gauges],
        "machines": [
            {"name": machine.name, "measurements": [_measurement(gauge) for gauge in machine.gauges]}
            for machine in status.machines
        ],
        "alerts": [
            {
                "name": alert.name,
                "severity": alert.severity,
                "since": rfc3339(alert.began_at),
                "sentence": dict(alert.public_sentences),
            }
            for alert in status.alerts
        ],
        "incidents": [_incident(each, shown) for each in view.news.incidents],
        "maintenance": [_maintenance(each, view.now, shown) for each in view.news.maintenance],
    }


def _component(one: ComponentReading, kind: str, title: Text, uptime: Uptime | None, group: str = "") -> dict[str, Any]:
    return {
        "name": one.name,
        "kind": kind,
        "title": _both(title),
        "group": group or None,
        "state": one.state.value,
        "since": rfc3339(one.since) if one.since else None,
        "since_is_earliest_known": one.since_is_earliest_known,
        "uptime": {
            "days_90": uptime.bar.uptime if uptime else None,
            "year": uptime.year.uptime if uptime else None,
        },
    }


def _incident(one: PublicIncident, shown: Collection[str]) -> dict[str, Any]:
    return {
        "id": one.id,
        "title": _both(one.title),
        "severity": one.severity,
        "opened_at": rfc3339(one.opened_at),
        "resolved_at": rfc3339(one.resolved_at) if one.resolved_at else None,
        "components": [name for name in one.components if name in shown],
        "updates": [{"at": rfc3339(each.at), "text": each.text} for each in one.updates],
    }


def _maintenance(one: Maintenance, now: datetime, shown: Collection[str]) -> dict[str, Any]:
    return {
        "id": one.id,
        "title": {code: in_language(one.title, code) for code in LANGUAGES},
        "text": {code: in_language(one.text, code) for code in LANGUAGES},
        "phase": one.phase(now).value,
        "begins_at": rfc3339(one.begins_at),
        "ends_at": rfc3339(one.over_at),
        "components": [name for name in one.components if name in shown],
    }


def _measurement(gauge: Gauge) -> dict[str, Any]:
    return {
        "kind": gauge.kind,
        "number": gauge.number,
        "percent": None if gauge.percent is None else round(gauge.percent, 1),
        "threshold": gauge.limit,
        "trouble": gauge.trouble,
        "beyond": gauge.beyond,
    }


def _both(text: Text) -> dict[str, str]:
    return {code: text.in_language(code) for code in LANGUAGES}


def _translated(message: str, code: str) -> str:
    with force_locale(code):
        return str(gettext(message))
