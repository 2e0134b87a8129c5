"""Keeps this server's certificate: looks when it has to be renewed, renews it, and sees that the new one is served."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from random import random

from sereno.core.clock import Clock, utc_now
from sereno.core.errors import Conflict, SerenoError, Unavailable
from sereno.keep.certificates import record
from sereno.keep.certificates.failures import NOT_SERVED, Failure, explain
from sereno.keep.certificates.model import (
    Attempt,
    Held,
    Kind,
    Report,
    Why,
    Window,
    attempted,
    is_due,
    planned,
    retry_at,
    when_to_ask,
)
from sereno.keep.certificates.ports import Authority, Folder, Issuer, Server, Store

SERVED_SECONDS = 30
"""How long Nginx may take to show a renewed certificate; in Compose its container looks each 3 s."""

_POLL_SECONDS = 0.5

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Certificates:
    """This server's certificate. `issuers` has who gives one, for the kinds that are renewed here."""

    kind: Kind
    names: tuple[str, ...]
    directory: str
    folder: Folder
    issuers: dict[Kind, Issuer]
    authority: Authority
    server: Server
    store: Store
    clock: Clock = utc_now
    luck: Callable[[], float] = random
    sleep: Callable[[float], None] = time.sleep

    def report(self) -> Report:
        """What is known now, without changing anything."""
        return self._looked(self._remembered())

    def renew(self, *, by_hand: bool = False) -> Report:
        """Renew when that is due, or at once when it is asked for by hand; what is known afterwards.

        1. Looks at what is to be served, and asks the authority for its window when that is due.
        2. Plans the next try; ends here when it has not come.
        3. Gets a certificate, puts it where Nginx reads it, has Nginx take it over, and looks whether it is shown.
        What goes wrong is in the report; what was served goes on being served.
        Raises Conflict when it is being done already, or when there is nothing to renew here.
        """
        with self.store.alone():
            report = self._asked(self._looked(self._remembered()))
            if by_hand and report.kind not in self.issuers:
                raise Conflict(
                    "this certificate is your own: it is not renewed here",
                    next_step="put the new pair where site.certificate and site.key lead, then ./sereno up",
                )
            if by_hand or is_due(report, self.clock()):
                report = self._try(report, "by-hand" if by_hand else report.why)
            self.store.write(record.written(report))
        return report

    # -- steps ----------------------------------------------------------------------------------------------------

    def _remembered(self) -> Report:
        found = record.read(self.store.read())
        fresh = Report(made_at=self.clock(), kind=self.kind, wanted=self.names, held=None, planned_at=None, why="none")
        if found is None:
            return fresh
        if found.kind != self.kind:
            return replace(fresh, attempts=found.attempts)
        if found.wanted != self.names or (found.failures and found.directory_asked != self.directory):
            # The user has changed something: worth a try at once, whatever failed before.
            found = replace(found, failures=0, planned_at=None, why="none")
        return found

    def _looked(self, report: Report) -> Report:
        """With the certificate that is to be served now; what was drawn for another is forgotten."""
        served = self.folder.served()
        held = None
        if served is not None:
            kind, said = served
            held = Held(kind, said.names, said.issuer, said.serial, said.fingerprint, said.not_before, said.not_after)
        if report.held is None or held is None or report.held.fingerprint != held.fingerprint:
            report = replace(report, chosen_at=None, window=None)
        report = replace(report, made_at=self.clock(), wanted=self.names, held=held, directory_asked=self.directory)
        return self._planned(report)

    def _planned(self, report: Report) -> Report:
        return planned(report, directory=self.directory, now=self.clock(), luck=self.luck())

    def _asked(self, report: Report) -> Report:
        """With the authority's window, asked for again when it is time; when it does not answer, the one before."""
        now = self.clock()
        served = self.folder.served()
        if served is None or served[0] != "acme" or report.kind != "acme" or not served[1].renewal_id:
            return report
        if report.window is not None and now < report.window.ask_again_at:
            return report
        try:
            found = self.authority.suggestion(served[1].renewal_id)
        except Unavailable as error:
            _log.warning("the authority was not asked when to renew: %s", error.message)
            return report
        if found is None:
            return report
        window = Window(found.start, found.end, when_to_ask(now, found.retry_after_seconds), found.explanation)
        return self._planned(replace(report, window=window))

    def _try(self, report: Report, why: Why) -> Report:
        now = self.clock()
        _log.info("renewing the certificate", extra={"kind": report.kind, "why": why, "names": list(self.names)})
        failure = self._renewed(report.kind)
        if failure is None:
            _log.info("the renewed certificate is served")
            done = attempted(report, Attempt(now, why, succeeded=True), retry=None)
            return self._asked(self._looked(replace(done, directory=self.directory)))
        _log.error("the certificate was not renewed: %s: %s", failure.code, failure.detail)
        retry: datetime | None = retry_at(self.clock(), report.failures + 1, self.luck(), failure.not_before)
        if failure.code == NOT_SERVED:
            # It has been given, and asking for another would help nobody; the watch tells until it is shown.
            report, retry = replace(report, directory=self.directory), None
        attempt = Attempt(now, why, succeeded=False, code=failure.code, detail=failure.detail)
        return self._looked(attempted(report, attempt, retry=retry))

    def _renewed(self, kind: Kind) -> Failure | None:
        """Issue, put in place, take over, look; what went wrong, or None."""
        try:
            certificate, key = self.issuers[kind].issue(self.names)
        except SerenoError as error:
            return explain(error.log_tail) if error.log_tail else Failure("other", error.message)
        try:
            self.folder.install(kind, certificate, key)
        except OSError as error:
            return Failure("other", f"the new certificate cannot be written: {error}")
        self.server.reload()
        return None if self._is_shown() else Failure(NOT_SERVED, "Nginx shows another certificate than the new one")

    def _is_shown(self) -> bool:
        served = self.folder.served()
        wanted = served[1].fingerprint if served else ""
        for _ in range(int(SERVED_SECONDS / _POLL_SECONDS)):
            if self.server.fingerprint() == wanted:
                return True
            self.sleep(_POLL_SECONDS)
        return False
