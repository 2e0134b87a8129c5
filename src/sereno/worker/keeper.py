"""Makes one backup and proves it: `python -m sereno.worker.keeper`, which the worker starts and which ends.

It gives way to everything else on the machine. The outcome lies in the folder of backups; the exit code is 1 when
something failed.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
from typing import NoReturn

from sereno.core.errors import SerenoError
from sereno.outside.logs import configure_logging
from sereno.wiring import Surroundings
from sereno.wiring.keep import open_keeper

_log = logging.getLogger("sereno.worker.keeper")


def main() -> int:
    """Make, prove, and say so in the log; the exit code."""
    configure_logging("worker")
    signal.signal(signal.SIGTERM, _stop)
    os.umask(0o077)
    os.nice(15)
    try:
        keeper = open_keeper(Surroundings.from_environment(os.environ))
        made = keeper.make(_log.info)
        proof = keeper.prove(made.name, _log.info)
    except SerenoError as error:
        _log.error("no backup: %s; next: %s", error.message, error.next_step)
        if error.log_tail:
            _log.error("%s", error.log_tail)
        return 1
    if not proof.good:
        _log.error("%s does not restore: %s", made.name, proof.words)
        return 1
    _log.info("%s is made and proven", made.name, extra={"bytes": made.bytes, "rows": made.rows})
    return 0


def _stop(*_: object) -> NoReturn:
    """As an exception, so that what was begun is cleared away."""
    sys.exit(143)


if __name__ == "__main__":
    raise SystemExit(main())
