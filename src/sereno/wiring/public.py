"""What the public pages know besides the present moment, introduced to the database, the calendar and the names."""

from __future__ import annotations

from sereno.core.clock import Clock, utc_now
from sereno.database.session import Database
from sereno.respond.status.past import Past
from sereno.respond.status.public_incidents import PublicIncidents
from sereno.respond.status.remembered import Remembered
from sereno.serve.catalogue import BY_NAME
from sereno.settings.logo import FOLDER
from sereno.watch.rules import all_alerts
from sereno.wiring import Surroundings
from sereno.wiring.maintenance import open_calendar
from sereno.wiring.probes import open_probes


def open_past(surroundings: Surroundings, database: Database, *, clock: Clock = utc_now) -> Past:
    """As the webapp uses it."""
    settings, probes = surroundings.settings, open_probes(surroundings, database)

    def public_names() -> frozenset[str]:
        own = (*probes.of_settings, *(each.probe for each in probes.asked()))
        return frozenset(
            (*BY_NAME, *(host.name for host in settings.hosts), *(each.name for each in own if each.public))
        )

    own_alerts = frozenset(alert.name for alert in all_alerts(settings))
    incidents = PublicIncidents(database, own_alerts=own_alerts, public_names=public_names)
    remembered = Remembered(surroundings.www / FOLDER)
    return Past(database, open_calendar(surroundings, database, clock=clock), incidents, remembered, clock=clock)
