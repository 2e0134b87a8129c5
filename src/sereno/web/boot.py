"""What must be done once before the desk is ready: `python -m sereno.web.boot`, started beside the desk's processes.

1. Bring the schema up to date.
2. Make the first administrator where there is no account yet.

It keeps trying while the database is away and ends when it is done, so what migrations need in memory (Alembic) is
only taken for a moment. Two desks that start together are safe: migrations take a lock, the account's name is unique.
"""

from __future__ import annotations

import logging
import os
import time

from sereno.core.clock import utc_now
from sereno.core.errors import SerenoError, Unavailable
from sereno.database.migrate import migrate
from sereno.database.retry import in_one_transaction
from sereno.database.session import Database
from sereno.guard.service import ensure_first_administrator
from sereno.outside.logs import configure_logging
from sereno.wiring import Surroundings, open_database

FIRST_PASSWORD = "first-admin-password"  # noqa: S105 -- the name of a secret, not its text.
SHORTEST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 5.0
REFUSED_PAUSE_SECONDS = 30.0
"""What only a person can mend is looked at again more slowly, and told again each time."""

_log = logging.getLogger(__name__)


def boot(surroundings: Surroundings, database: Database) -> None:
    """Do it all once. Raises SerenoError; what was done stays done."""
    done = migrate(database.engine)
    if done:
        _log.info("schema brought up to date", extra={"migrations": list(done)})
    password = surroundings.secret(FIRST_PASSWORD)
    added = in_one_transaction(database, lambda session: ensure_first_administrator(session, password, now=utc_now()))
    if added:
        _log.info("first administrator made; its password lies in the secret %s", FIRST_PASSWORD)


def keep_trying(surroundings: Surroundings, database: Database, *, parent: int) -> bool:
    """Boot until it is done; whether it was, or False when the process that started us has gone."""
    pause = SHORTEST_PAUSE_SECONDS
    while True:
        try:
            boot(surroundings, database)
            return True
        except Unavailable as error:
            _log.warning("not ready yet: %s", error.message)
            pause = min(LONGEST_PAUSE_SECONDS, pause * 1.6)
        except SerenoError as error:
            _log.error("not ready: %s; %s", error.message, error.next_step)
            pause = REFUSED_PAUSE_SECONDS
        if not _waited(pause, parent):
            return False


def _waited(seconds: float, parent: int) -> bool:
    """Wait, looking each half second whether `parent` is still there; False when it is not."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if os.getppid() != parent:
            return False
        time.sleep(0.5)
    return True


def main() -> None:
    """Boot the desk that the environment describes."""
    parent = os.getppid()
    configure_logging("boot")
    surroundings = Surroundings.from_environment(os.environ)
    keep_trying(surroundings, open_database(surroundings, pool_size=1), parent=parent)


if __name__ == "__main__":
    main()
