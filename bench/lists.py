"""Lists and pages with 10,000 incidents and 100,000 alerts in the database: the time of each, as the desk answers it.

The application answers in this process, with a real MariaDB; Nginx and Gunicorn add a millisecond.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

from sqlalchemy import text
from tests.equipment.desk import Visitor, add_cast, desk_app
from tests.equipment.incidents import fill
from tests.equipment.mariadb import MariaDb
from tests.equipment.readings import Readings

from bench.common import print_table
from sereno.core.clock import utc_now
from sereno.database.migrate import migrate
from sereno.database.session import Database, make_engine

INCIDENTS, ALERTS = 10_000, 100_000
ROUNDS = 40
GOAL_MS = 100.0
PATHS = (
    "/desk",
    "/incidents",
    "/incidents?state=resolved&component=mysql",
    "/incidents?owner=bob&severity=critical",
    "/incidents/5000",
    "/alerts",
    "/alerts?state=resolved&name=InstanceDown",
    "/figures",
    "/figures?days=365",
    "/api/v1/incidents",
    "/api/v1/incidents?state=resolved&component=shop&limit=500",
    "/api/v1/incidents/5000",
    "/api/v1/alerts",
    "/api/v1/alerts?instance=node-17&limit=500",
    "/api/v1/rules",
    "/api/v1/figures?days=30",
    "/api/v1/notices",
    "/api/v1/maintenance",
    "/api/v1/status",
)


def milliseconds(visitor: Visitor, path: str) -> list[float]:
    """How long each of `ROUNDS` answers took."""
    taken = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        answer = visitor.get(path)
        taken.append(1000 * (time.perf_counter() - began))
        if answer.status_code != 200:
            raise RuntimeError(f"{path} answered {answer.status_code}")
    return taken


def main() -> None:
    """Print the table."""
    server = MariaDb().create()
    try:
        engine = make_engine(server.url)
        migrate(engine)
        database = Database(engine)
        add_cast(database)
        fill(database, incidents=INCIDENTS, alerts=ALERTS, before=utc_now())
        with engine.connect() as connection:
            connection.execute(text("ANALYZE TABLE alert, alert_series, incident, incident_component, incident_event"))
        with tempfile.TemporaryDirectory() as folder:
            app = desk_app(Path(folder), database=database)
            app.extensions["sereno"].neighbours["readings"] = Readings()
            visitor = Visitor(app)
            visitor.sign_in("bob")
            rows = []
            for path in PATHS:
                visitor.get(path)
                taken = milliseconds(visitor, path)
                p95 = statistics.quantiles(taken, n=20)[18]
                rows.append((f"`{path}`", f"{statistics.median(taken):.0f} ms", f"{p95:.0f} ms"))
        engine.dispose()
    finally:
        server.close()
    print(f"{INCIDENTS} incidents, {ALERTS} alerts; {ROUNDS} answers each; goal: 95 of 100 within {GOAL_MS:.0f} ms\n")
    print_table(("", "median", "95th percentile"), rows)


if __name__ == "__main__":
    main()
