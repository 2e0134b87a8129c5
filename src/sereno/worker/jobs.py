"""Which job of which room runs when."""

from __future__ import annotations

from collections.abc import Callable

from sereno.core.clock import Clock as WallClock
from sereno.core.clock import utc_now
from sereno.core.errors import Unavailable
from sereno.database.retry import in_one_transaction
from sereno.database.schema import head_revision, present_revision
from sereno.database.session import Database
from sereno.guard import sessions
from sereno.guard.store import delete_old_failures
from sereno.keep.backups.folder import condition_of
from sereno.outside.child import Answering, start_module
from sereno.outside.webapp import WebappClient
from sereno.respond.alerts.service import Alerts
from sereno.respond.heartbeats.service import LOOK_SECONDS as HEARTBEATS_SECONDS
from sereno.respond.incidents.grouping import Rules
from sereno.respond.incidents.service import Incidents
from sereno.respond.status.copies import write_copies
from sereno.wiring import Surroundings, open_alertmanager, open_prometheus
from sereno.wiring.maintenance import open_roll_ups, open_silence_keeper
from sereno.wiring.notices import address_of, open_heartbeats, open_notices
from sereno.wiring.probes import open_modules_writer, open_probes
from sereno.wiring.shelf import open_shelf
from sereno.worker.backups import LOOK_SECONDS, Backups, Measures
from sereno.worker.clock import Job
from sereno.worker.counting import OWN
from sereno.worker.incidents import AROUND_SECONDS, Around, IncidentMeasures
from sereno.worker.incidents import MEASURE_SECONDS as INCIDENTS_SECONDS
from sereno.worker.notices import LOOK_SECONDS as NOTICES_SECONDS
from sereno.worker.notices import NoticesJob

COPIES_SECONDS = 15
RECONCILE_SECONDS = 60
SETTLE_SECONDS = 5
TIDY_SECONDS = 3600
MODULES_SECONDS = 5
"""As often as Prometheus asks for targets, so that what is expected is known before the first answer is judged."""
LOOKUP_SECONDS = 60
MEASURE_SECONDS = 15
SILENCES_SECONDS = 5
"""A maintenance may begin at once: by then its alerts should be silent."""
ROLL_UP_SECONDS = 60


def jobs_without_database(surroundings: Surroundings) -> list[Job]:
    """What must go on while the database is away."""
    webapp = WebappClient(surroundings.webapp_url)
    folder = surroundings.www / "status"
    shelf, measures = open_shelf(surroundings), Measures(OWN)
    return [
        Job("status-copies", COPIES_SECONDS, lambda: write_copies(webapp, folder)),
        Job("backup-measures", MEASURE_SECONDS, lambda: measures.show(condition_of(shelf))),
    ]


def jobs_with_database(surroundings: Surroundings, database: Database, clock: WallClock = utc_now) -> list[Job]:
    """What one worker alone may do, under the lock."""
    alertmanager, prometheus = open_alertmanager(surroundings), open_prometheus(surroundings)
    rules = Rules.of(surroundings.settings)
    alerts = Alerts(database, clock=clock, rules=rules)
    incidents = Incidents(database, clock=clock, rules=rules)
    probes, modules = open_probes(surroundings, database), open_modules_writer(surroundings, database)

    silences = open_silence_keeper(surroundings, database, clock=clock)
    roll_ups = open_roll_ups(surroundings, database, clock=clock)

    heartbeats, webapp = open_heartbeats(surroundings, database, clock=clock), WebappClient(surroundings.webapp_url)
    notices = NoticesJob(
        open_notices(surroundings, database, clock=clock),
        start=Answering,
        address_of=lambda name: address_of(surroundings, name),
    )

    def reconcile() -> None:
        alerts.reconcile(alertmanager, prometheus)

    def settle() -> None:
        incidents.settle()

    def tidy() -> None:
        now = clock()
        in_one_transaction(database, lambda session: sessions.delete_ended(session, now=now))
        in_one_transaction(database, lambda session: delete_old_failures(session, now=now))

    shelf = open_shelf(surroundings)
    around = Around(surroundings.settings, database, prometheus, shelf, clock=clock)
    measures = IncidentMeasures(OWN, surroundings.settings, database, clock)
    backups = Backups(surroundings.settings.backup, shelf, database, start=start_module, clock=clock)
    return [
        Job("reconcile-alerts", RECONCILE_SECONDS, reconcile),
        Job("settle-incidents", SETTLE_SECONDS, settle),
        Job("around-incidents", AROUND_SECONDS, around.look),
        Job("incident-measures", INCIDENTS_SECONDS, measures.show),
        Job("notices", NOTICES_SECONDS, notices.look),
        Job("heartbeats", HEARTBEATS_SECONDS, lambda: heartbeats.look(webapp.is_ready)),
        Job("tidy-sessions", TIDY_SECONDS, tidy),
        Job("probe-modules", MODULES_SECONDS, modules.write),
        Job("probe-addresses", LOOKUP_SECONDS, lambda: probes.look_up_again(clock())),
        Job("backups", LOOK_SECONDS, backups.look),
        Job("maintenance-silences", SILENCES_SECONDS, silences.keep),
        Job("uptime", ROLL_UP_SECONDS, roll_ups.run),
    ]


def schema_is_ready(database: Database) -> Callable[[], bool]:
    """Asks whether the schema is the one that this program works with, until it once was."""
    was_ready = False

    def ask() -> bool:
        nonlocal was_ready
        if not was_ready:
            present = present_revision(database.engine)
            if present != head_revision():
                raise Unavailable(f"the schema is {present or 'not made yet'}, and {head_revision()} is needed")
            was_ready = True
        return True

    return ask
