"""The worker's part in keeping the certificate: looks whether the one on the disk is shown, and begins what is due.

Renewing is done by a child (`sereno.worker.renewal`) that ends: what it loads, the worker need not carry.
"""

from __future__ import annotations

import logging
import subprocess
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from math import nan
from pathlib import Path
from secrets import token_hex

from prometheus_client import CollectorRegistry, Gauge

from sereno.core.clock import Clock, utc_now
from sereno.core.files import replace_file
from sereno.keep.certificates import record
from sereno.keep.certificates.model import Report, is_due
from sereno.keep.certificates.ports import Server, Store
from sereno.outside.child import start_module
from sereno.outside.shown_certificate import fingerprint_in
from sereno.wiring import Surroundings
from sereno.wiring.tls import TlsPlaces, open_record, open_server
from sereno.worker.clock import Job
from sereno.worker.counting import OWN

MODULE = "sereno.worker.renewal"
LOOK_SECONDS = 15
LEAST_PAUSE = timedelta(minutes=1)
"""Between two children: one that cannot even begin is not started again at once."""

MARK_PATH = "/.well-known/acme-challenge/sereno"
"""Where `doctor` looks for it (`outside/names.py`)."""

_log = logging.getLogger(__name__)


class Measures:
    """What `/metrics` tells of the certificate. Times are Unix seconds, 0 for never."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def gauge(name: str, words: str) -> Gauge:
            return Gauge(f"sereno_certificate_{name}", words, registry=registry)

        self._served = gauge("served", "1 when Nginx shows the certificate that lies on the disk, else 0.")
        self._ends = gauge("not_after_timestamp_seconds", "When the certificate on the disk ends.")
        self._begins = gauge("not_before_timestamp_seconds", "When the certificate on the disk began.")
        self._failures = gauge("renewal_failures", "How many tries to renew have failed in a row.")
        self._tried = gauge("renewal_last_attempt_timestamp_seconds", "When it was last tried to renew.")
        self._renewed = gauge("renewal_last_success_timestamp_seconds", "When it was last renewed.")
        self._planned = gauge(
            "renewal_planned_timestamp_seconds", "When the next try is due; 0: it is not renewed here."
        )
        self._info = Gauge(
            "sereno_certificate_info",
            "1, labelled with where the certificate on the disk comes from.",
            ["kind", "issuer", "serial"],
            registry=registry,
        )
        self._served.set(nan)

    def show(self, report: Report | None, *, served: bool | None) -> None:
        """Set every gauge; `served` is None while Nginx shows none at all, which NginxDown tells."""
        self._served.set(nan if served is None else served)
        if report is None:
            return
        self._failures.set(report.failures)
        self._planned.set(_seconds(report.planned_at))
        self._tried.set(_seconds(report.last_attempt.at if report.last_attempt else None))
        succeeded = next((each.at for each in report.attempts if each.succeeded), None)
        self._renewed.set(_seconds(succeeded))
        self._info.clear()
        if report.held is not None:
            self._begins.set(report.held.not_before.timestamp())
            self._ends.set(report.held.not_after.timestamp())
            self._info.labels(report.held.kind, report.held.issuer, report.held.serial).set(1)


class CertificateWatch:
    """Looks again and again. `on_disk` gives the fingerprint of what is to be served, `wanted` the names in force."""

    def __init__(
        self,
        *,
        wanted: tuple[str, tuple[str, ...], str],
        on_disk: Callable[[], str | None],
        server: Server,
        store: Store,
        measures: Measures,
        start: Callable[[str], subprocess.Popen[bytes]],
        clock: Clock,
    ) -> None:
        self._wanted = wanted
        """Kind, names and directory by the settings."""
        self._on_disk = on_disk
        self._server = server
        self._store = store
        self._measures = measures
        self._start = start
        self._clock = clock
        self._child: subprocess.Popen[bytes] | None = None
        self._began: datetime | None = None

    def look(self) -> None:
        """Measure, have Nginx take over what it does not show, and begin a renewal that is due.

        Without Nginx nothing is renewed: an authority could not see that the name is this server's.
        """
        shown, wanted = self._server.fingerprint(), self._on_disk()
        report = record.read(self._store.read())
        self._measures.show(report, served=None if shown is None else shown == wanted)
        busy = self._is_at_work()
        if shown is None or busy:
            return
        if shown != wanted:
            _log.warning("Nginx shows another certificate than the one on the disk; it is asked to take that over")
            self._server.reload()
        if self._is_work(report, wanted) and self._may_begin():
            self._began = self._clock()
            self._child = self._start(MODULE)

    def _is_work(self, report: Report | None, on_disk: str | None) -> bool:
        now = self._clock()
        if report is None or report.held is None or report.held.fingerprint != on_disk:
            return True
        if (report.kind, report.wanted, report.directory_asked) != self._wanted or is_due(report, now):
            return True
        if report.kind != "acme" or report.held.kind != "acme":
            return False
        # An authority that had no window may have one by now.
        asked_again_at = report.window.ask_again_at if report.window else report.made_at + timedelta(hours=6)
        return asked_again_at <= now

    def _may_begin(self) -> bool:
        return self._began is None or self._clock() - self._began >= LEAST_PAUSE

    def _is_at_work(self) -> bool:
        """Whether the child runs; one that has ended is forgotten."""
        if self._child is not None and self._child.poll() is not None:
            self._child = None
        return self._child is not None


def certificate_jobs(surroundings: Surroundings, environment: Mapping[str, str]) -> list[Job]:
    """The job that looks after the certificate; none where there is no folder of certificates (see `wiring.tls`)."""
    places = TlsPlaces.from_environment(environment)
    if places is None:
        return []
    settings, served = surroundings.settings, places.folder / "served/cert.pem"
    leave_mark(surroundings.www)
    watch = CertificateWatch(
        wanted=(settings.certificate_kind, settings.certificate_names, settings.certificate.directory),
        on_disk=lambda: fingerprint_in(served),
        server=open_server(surroundings, places),
        store=open_record(surroundings, places),
        measures=Measures(OWN),
        start=start_module,
        clock=utc_now,
    )
    return [Job("certificate", LOOK_SECONDS, watch.look)]


def leave_mark(www: Path) -> None:
    """A word that no other machine has, shown over plain HTTP, so that `doctor` sees whether a name leads here."""
    file = www / "acme" / MARK_PATH.lstrip("/")
    try:
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            replace_file(file, token_hex(16).encode())
    except OSError as error:
        _log.warning("no mark for the doctor can be left: %s", error)


def _seconds(moment: datetime | None) -> float:
    return 0 if moment is None else moment.timestamp()
