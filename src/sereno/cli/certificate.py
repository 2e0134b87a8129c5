"""`./sereno certificate`: what is served, where it comes from, when it is renewed; and renewing it at once."""

from __future__ import annotations

import os
from datetime import datetime

import click

from sereno.cli.console import show_json
from sereno.cli.desk_command import DeskCommand
from sereno.core.clock import utc_now
from sereno.core.errors import SerenoError
from sereno.keep.certificates import record
from sereno.keep.certificates.failures import REMEDIES
from sereno.keep.certificates.model import Report, missing_names
from sereno.keep.certificates.service import Certificates
from sereno.outside.users import become_owner_of
from sereno.wiring import Surroundings
from sereno.wiring.certificates import open_certificates
from sereno.wiring.tls import TlsPlaces

ORIGINS = {
    "self-signed": "made here; browsers warn about it",
    "own": "your own (site.certificate and site.key)",
    "acme": "an authority",
}
REASONS = {
    "first": "there is none from the authority yet",
    "names": "it is not for every name of the settings",
    "authority-changed": "the settings name another authority",
    "lifetime": "its lifetime",
    "asked-by-authority": "the authority asks for it (RFC 9773)",
    "retry": "the last try failed",
    "by-hand": "it was asked for by hand",
}

as_json = click.option("--json", "as_json", is_flag=True, help="For programs.")


@click.group()
def certificate() -> None:
    """The certificate for HTTPS: what is served, and when it is renewed."""


@certificate.command(cls=DeskCommand)
@as_json
def show(as_json: bool) -> None:
    """Show the certificate, its dates, where it comes from, the last try to renew it and the next one."""
    keeper = _keeper()
    _tell(keeper.report(), keeper.server.fingerprint(), as_json=as_json)


@certificate.command(cls=DeskCommand)
@as_json
def renew(as_json: bool) -> None:
    """Renew it now, without waiting for its time. The exit code is 1 when that fails; what is served stays."""
    keeper = _keeper()
    report = keeper.renew(by_hand=True)
    _tell(report, keeper.server.fingerprint(), as_json=as_json)
    if report.last_attempt is None or not report.last_attempt.succeeded:
        raise SystemExit(1)


def _keeper() -> Certificates:
    places = TlsPlaces.from_environment(os.environ)
    if places is None:
        raise SerenoError("certificates are looked after by the worker, which does not run", next_step="./sereno up")
    become_owner_of(places.folder)
    return open_certificates(Surroundings.from_environment(os.environ), places)


def _tell(report: Report, shown: str | None, *, as_json: bool) -> None:
    if as_json:
        is_served = None if shown is None else report.held is not None and shown == report.held.fingerprint
        show_json({**record.told(report), "shown": shown, "served": is_served})
        return
    for line in lines(report, shown, utc_now()):
        click.echo(line)


def lines(report: Report, shown: str | None, now: datetime) -> list[str]:
    """The report in words, a fact on each line."""
    held = report.held
    if held is None:
        return ["there is no certificate yet", "next: ./sereno up"]
    told = [
        f"names       {', '.join(held.names)}",
        f"from        {held.issuer}: {ORIGINS[held.kind]}",
        f"valid       {held.not_before:%Y-%m-%d %H:%M} to {held.not_after:%Y-%m-%d %H:%M} UTC, "
        f"{max(0, (held.not_after - now).days)} days left",
        f"serial      {held.serial}",
        f"served      {_shown(shown, held.fingerprint)}",
    ]
    missing = missing_names(held, report.wanted)
    if missing:
        told.append(f"lacks       {', '.join(missing)}")
    last = report.last_attempt
    if last is not None:
        told.append(f"last try    {last.at:%Y-%m-%d %H:%M} UTC, {REASONS.get(last.why, last.why)}: {_outcome(report)}")
        if not last.succeeded:
            told += [f"            {last.detail}", f"next        {REMEDIES.get(last.code, REMEDIES['other']).en}"]
    if report.planned_at is not None:
        told.append(f"next try    {report.planned_at:%Y-%m-%d %H:%M} UTC, {REASONS.get(report.why, report.why)}")
    return told


def _shown(shown: str | None, wanted: str) -> str:
    if shown is None:
        return "Nginx does not answer"
    return "yes" if shown == wanted else "no: Nginx shows another one; ./sereno restart nginx"


def _outcome(report: Report) -> str:
    last = report.last_attempt
    if last is None or last.succeeded:
        return "renewed"
    return f"failed, {report.failures} in a row" if report.failures > 1 else "failed"
