"""Looks after the certificate once: `python -m sereno.worker.renewal`, which the worker starts and which ends.

It renews when that is due. The outcome lies in the report that pages and commands read.
"""

from __future__ import annotations

import logging
import os
import sys

from sereno.core.errors import Conflict, SerenoError
from sereno.outside.logs import configure_logging
from sereno.wiring import Surroundings
from sereno.wiring.certificates import open_certificates
from sereno.wiring.tls import TlsPlaces

_log = logging.getLogger("sereno.worker.renewal")


def main() -> int:
    """Look, renew when due; the exit code is 1 when what was due did not succeed."""
    configure_logging("worker")
    try:
        places = TlsPlaces.from_environment(os.environ)
        if places is None:
            _log.error("SERENO_TLS names no folder of certificates")
            return 2
        report = open_certificates(Surroundings.from_environment(os.environ), places).renew()
    except Conflict as error:
        _log.info("%s", error.message)
        return 0
    except (SerenoError, OSError) as error:
        _log.error("the certificate could not be looked after: %s", error)
        return 1
    return 1 if report.failures else 0


if __name__ == "__main__":
    sys.exit(main())
