"""What the doctor looks at where people reach this server: certificate and renewal, names, port 80, the clock."""

from __future__ import annotations

from pathlib import Path

from sereno.cli.here import Here
from sereno.core.clock import utc_now
from sereno.core.errors import SerenoError, SettingsError, Unavailable
from sereno.keep.certificates import record
from sereno.keep.certificates.failures import REMEDIES
from sereno.keep.certificates.model import Report
from sereno.outside import names
from sereno.outside.acme_directory import AcmeDirectory
from sereno.outside.certificate import Certificate, read_certificate
from sereno.outside.shown_certificate import NginxServer
from sereno.outside.tls_folder import own_pair
from sereno.serve.address_findings import (
    Reach,
    is_behind_nat,
    judge_clock_against,
    judge_name,
    judge_reach,
    judge_renewal,
)
from sereno.serve.findings import Finding, Verdict, judge_certificate
from sereno.serve.native.home import State
from sereno.serve.place import COMPOSE_WWW
from sereno.settings import Settings
from sereno.settings.certificate import is_public_name
from sereno.wiring.stack import project_engine

HTTP_PORT = 80
"""On which certificate authorities ask, whatever port Nginx has."""


def examine_address(here: Here, state: State) -> list[Finding]:
    """Certificate, renewal, names, port 80, and the clock beside the authority's."""
    report = told_report(here, state)
    return [
        *_certificate(here, report),
        *_own_files(here, report),
        *_renewal(report),
        *_names(here.settings),
        *_clock(here.settings, here.root),
    ]


def told_report(here: Here, state: State) -> Report | None:
    """What the worker has told of the certificate; None while it has told nothing, or cannot be asked."""
    if state.platform != "compose":
        try:
            return record.read((here.home / "www" / record.FILE_NAME).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError):
            return None
    try:
        engine = project_engine(here.root)
        worker = next((each for each in engine.containers() if each.service == "worker"), None)
        if worker is None or worker.state != "running":
            return None
        told = engine.ask(worker.id, ["cat", str(COMPOSE_WWW / record.FILE_NAME)])
    except SerenoError:
        return None
    return record.read(told.output) if told.code == 0 else None


def renewal_trouble(report: Report | None) -> str:
    """A line for who looks at the stack: why the certificate is not renewed; empty when nothing is wrong."""
    last = report.last_attempt if report is not None else None
    if last is None or last.succeeded:
        return ""
    return f"the certificate is not renewed: {last.detail} (./sereno certificate show)"


def _certificate(here: Here, report: Report | None) -> list[Finding]:
    site = here.settings.site
    held = report.held if report is not None else None
    kept: Certificate | None = None
    if held is None:
        try:
            kept = read_certificate(here.certificate.read_bytes())
        except (OSError, ValueError) as error:
            return [Finding("certificate", Verdict.WRONG, f"it cannot be read: {error}", "./sereno up makes a new one")]
    said = held or kept
    if said is None:
        return []
    return [
        judge_certificate(
            served=NginxServer(f"localhost:{site.https_port}", site.domain, None).fingerprint(),
            on_disk=said.fingerprint,
            not_before=said.not_before,
            not_after=said.not_after,
            names=said.names,
            wanted=here.settings.certificate_names,
            now=utc_now(),
        )
    ]


def _own_files(here: Here, report: Report | None) -> list[Finding]:
    """The user's own pair, where it lies: whether it is right, and whether it is the one that was taken over."""
    try:
        own = own_pair(here.root, here.settings)
    except SettingsError as error:
        return [Finding("own certificate", Verdict.WRONG, error.message, error.next_step)]
    if own is None:
        return []
    present = read_certificate(own[0].read_bytes()).fingerprint
    if report is not None and report.held is not None and report.held.fingerprint != present:
        words = "site.certificate holds another one than what was taken over last"
        return [Finding("own certificate", Verdict.WARNING, words, "./sereno up takes it over, without a pause")]
    return [Finding("own certificate", Verdict.FINE, "pair, dates, names and chain are right")]


def _renewal(report: Report | None) -> list[Finding]:
    if report is None or report.kind == "own":
        return []
    last = report.last_attempt
    code = "" if last is None or last.succeeded else last.code or "other"
    remedy = REMEDIES.get(code, REMEDIES["other"]).en if code else ""
    return [judge_renewal(code, last.detail if last is not None else "", report.failures, remedy)]


def _names(settings: Settings) -> list[Finding]:
    """Each public name: whether it leads here, and whether port 80 ends here where it does lead somewhere."""
    own = names.own_addresses()
    here = names.mark_at("localhost", settings.site.http_port)
    needed = settings.certificate_kind == "acme"
    findings = []
    for name in settings.certificate_names:
        if not is_public_name(name):
            continue
        led_to = names.addresses_of(name)
        findings.append(judge_name(name, led_to, own))
        if led_to and here and (needed or settings.site.http_port == HTTP_PORT):
            there = names.mark_at(name, HTTP_PORT)
            reach: Reach = "nobody" if there is None else "here" if there == here else "elsewhere"
            nat = is_behind_nat(own)
            findings.append(judge_reach(name, reach, http_port=settings.site.http_port, behind_nat=nat, needed=needed))
    return findings


def _clock(settings: Settings, root: Path) -> list[Finding]:
    own = settings.certificate
    if settings.certificate_kind != "acme":
        return []
    try:
        theirs = AcmeDirectory(own.directory, root / own.directory_ca if own.directory_ca else None).time()
    except Unavailable as error:
        words = f"{error.message}, so no certificate can be asked for"
        return [Finding("authority", Verdict.WRONG, words, REMEDIES["unreachable"].en)]
    return [judge_clock_against(own.directory, utc_now() - theirs)]
