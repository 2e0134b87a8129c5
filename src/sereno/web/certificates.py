"""`/certificates`: what is served, where it comes from, and how renewing it goes; the same for programs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from flask import Blueprint, render_template
from pydantic import Field

from sereno.core.errors import Unavailable
from sereno.guard.model import Role
from sereno.keep.certificates import record
from sereno.keep.certificates.failures import REMEDIES
from sereno.keep.certificates.model import Attempt, Held, Report, missing_names
from sereno.outside.prometheus import PrometheusClient
from sereno.watch.conventions import CERTIFICATE_SERVED
from sereno.web.api import PREFIX, ApiModel, operation
from sereno.web.auth import require
from sereno.web.desk import desk
from sereno.web.here import now
from sereno.web.i18n import N_, language
from sereno.wiring import open_prometheus

blueprint = Blueprint("certificates", __name__)

ORIGINS = {
    "self-signed": N_("made on this server; browsers warn about it"),
    "own": N_("your own pair, from the settings"),
    "acme": N_("from a certificate authority, renewed by itself"),
}

REASONS = {
    "first": N_("there is none from the authority yet"),
    "names": N_("it is not for every name of the settings"),
    "authority-changed": N_("the settings name another authority"),
    "lifetime": N_("its lifetime"),
    "asked-by-authority": N_("the authority asks for it"),
    "retry": N_("the last try failed"),
    "by-hand": N_("asked for by hand"),
}

WARNING_LEFT = timedelta(days=7)

TAG = N_("Certificates")


@dataclass(frozen=True, slots=True)
class Seen:
    """One certificate as the page shows it. `served` is None while nobody knows."""

    held: Held
    days_left: int
    level: str
    """`ok`, `warn` or `bad`: how near its end is."""
    served: bool | None
    missing: tuple[str, ...]


@blueprint.get("/certificates")
@require(Role.VIEWER)
def show() -> str:
    """The certificate, the last tries to renew it, and the next one."""
    report = known_report()
    return render_template(
        "keep/certificates.html",
        report=report,
        seen=None if report is None or report.held is None else seen(report.held, report, now()),
        tries=[] if report is None else [(each, remedy(each)) for each in report.attempts],
        origins=ORIGINS,
        reasons=REASONS,
    )


def seen(held: Held, report: Report, moment: datetime) -> Seen:
    """What the page says of a certificate at that moment."""
    left = held.not_after - moment
    level = "bad" if left <= timedelta() else "warn" if left < min(WARNING_LEFT, held.lifetime / 4) else "ok"
    return Seen(held, max(0, left.days), level, is_served(), missing_names(held, report.wanted))


def remedy(attempt: Attempt) -> str:
    """What to do about a try that failed, in the reader's language; empty for one that succeeded."""
    if attempt.succeeded:
        return ""
    return REMEDIES.get(attempt.code, REMEDIES["other"]).in_language(language())


def known_report() -> Report | None:
    """What the worker has told, or None while it has told nothing."""
    try:
        return record.read((desk().surroundings.www / record.FILE_NAME).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        return None


def is_served() -> bool | None:
    """Whether Nginx shows it, as the worker last measured; None when that is not known now."""
    found = desk().neighbours.get("certificates-prometheus")
    if found is None:
        # After forking, so not at the start.
        found = desk().neighbours["certificates-prometheus"] = open_prometheus(desk().surroundings)
    try:
        values = [series.value for series in cast(PrometheusClient, found).instant(CERTIFICATE_SERVED)]
    except Unavailable:
        return None
    known = [value for value in values if value in (0, 1)]
    return None if not known else min(known) == 1


class AttemptOut(ApiModel):
    """A try to get a new certificate."""

    at: datetime
    why: str
    succeeded: bool
    code: str = Field(description=N_("What kind of failure; empty when it succeeded."))
    detail: str = Field(description=N_("The authority's own words; empty when it succeeded."))


class CertificateOut(ApiModel):
    """This server's certificate."""

    kind: str = Field(description=N_("self-signed, own or acme."))
    names: list[str]
    issuer: str
    serial: str
    fingerprint: str = Field(description=N_("SHA-256 in hex."))
    not_before: datetime
    not_after: datetime
    served: bool | None = Field(description=N_("Whether Nginx shows it; null when that is not known now."))
    missing_names: list[str] = Field(description=N_("Names of the settings that it is not for."))
    planned_at: datetime | None = Field(description=N_("The next try; null where it is not renewed here."))
    failures: int = Field(description=N_("Tries that have failed in a row."))
    attempts: list[AttemptOut]


class CertificateList(ApiModel):
    """Every certificate that is looked after here."""

    certificates: list[CertificateOut]


@blueprint.get(f"{PREFIX}/certificates")
@require(Role.VIEWER)
@operation(TAG, N_("Show the certificates"), answers=CertificateList)
def listed() -> CertificateList:
    """One, or none while the worker has told nothing."""
    report = known_report()
    if report is None or report.held is None:
        return CertificateList(certificates=[])
    held = report.held
    plain: dict[str, Any] = {name: getattr(held, name) for name in ("kind", "issuer", "serial", "fingerprint")}
    certificate = CertificateOut(
        **plain,
        names=list(held.names),
        not_before=held.not_before,
        not_after=held.not_after,
        served=is_served(),
        missing_names=list(missing_names(held, report.wanted)),
        planned_at=report.planned_at,
        failures=report.failures,
        attempts=[
            AttemptOut(at=each.at, why=each.why, succeeded=each.succeeded, code=each.code, detail=each.detail)
            for each in report.attempts
        ],
    )
    return CertificateList(certificates=[certificate])
