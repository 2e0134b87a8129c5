"""`./sereno doctor`: what is wrong with this machine or this system, each finding with its fix."""

from __future__ import annotations

import grp
import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import click

import sereno
from sereno.cli.address import examine_address
from sereno.cli.console import show_json
from sereno.cli.database import examine_database
from sereno.cli.here import SERVICE_USER, Here
from sereno.cli.live import Addresses, check_live
from sereno.cli.live_server import Promises
from sereno.core.clock import utc_now
from sereno.core.errors import SerenoError
from sereno.core.units import parse_duration
from sereno.outside import lookup, machine
from sereno.outside.processes import Processes
from sereno.outside.systemd import Systemd
from sereno.serve.address_findings import judge_port_holder
from sereno.serve.catalogue import BY_NAME, default_ports
from sereno.serve.findings import (
    Finding,
    Verdict,
    judge_clock,
    judge_disk,
    judge_memory,
)
from sereno.serve.native.boot_unit import name_of
from sereno.serve.native.home import State
from sereno.serve.platforms import ComponentStatus
from sereno.watch.probes.stored import ALLOW_PINGS
from sereno.wiring.stack import project_engine

SIGNS = {Verdict.FINE: ("✓", "green"), Verdict.WARNING: ("!", "yellow"), Verdict.WRONG: ("✗", "red")}


@click.command()
@click.option("--live", is_flag=True, help="Also check every promise on the running stack (a minute at most).")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def doctor(live: bool, as_json: bool) -> None:
    """Look for what is wrong, and say how to mend it. The exit code is 1 when something is."""
    here = Here.from_environment()
    findings = examine(here)
    if live:
        findings += check_live(addresses(here))
    if as_json:
        show_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            sign, colour = SIGNS[finding.verdict]
            click.echo(f"{click.style(sign, fg=colour)} {finding.subject}: {finding.words}")
            if finding.fix:
                click.echo(f"    next: {finding.fix}")
        click.echo(_summary(findings))
    if any(finding.verdict is Verdict.WRONG for finding in findings):
        raise SystemExit(1)


def examine(here: Here) -> list[Finding]:
    """Settings, machine, permissions, certificate, ports and components. Settings have been read to come here."""
    state = here.home.state()
    profile = state.profile if state else "standard"
    findings = [
        Finding("settings", Verdict.FINE, "every key and value is allowed"),
        judge_memory(*machine.memory(), "small" if profile == "small" else "standard"),
        judge_disk(str(here.home.path), *machine.disk(here.home.path)),
        judge_clock(utc_now(), machine.newest_file(Path(sereno.__file__).parent), machine.clock_is_synchronised()),
        _permissions(here),
    ]
    if state is None:
        return [*findings, Finding("setup", Verdict.WARNING, "Sereno has not been set up here", "./sereno up")]
    runs = here.platform(state)
    rows = runs.status()
    running = [row for row in rows if row.health not in ("stopped", "absent")]
    return [
        *findings,
        *examine_address(here, state),
        *_pings(here),
        *(_components(rows) if running else _ports(state)),
        *examine_database(runs, rows),
    ]


def addresses(here: Here) -> Addresses:
    """Where the system of this home answers. Raises SerenoError when there is none."""
    state = here.home.state()
    if state is None:
        raise SerenoError("there is no stack to look at", next_step="./sereno up")
    ports = dict(default_ports()) | state.ports
    rows = {row.name: row for row in here.platform(state).status()}
    alerts = here.settings.alerts
    return Addresses(
        https_port=here.settings.site.https_port,
        http_port=here.settings.site.http_port,
        prometheus=f"http://localhost:{ports['prometheus']}",
        alertmanager=f"http://localhost:{ports['alertmanager']}",
        node_exporter=f"http://localhost:{ports['node-exporter']}",
        grafana=None if rows["grafana"].health == "absent" else f"http://localhost:{ports['grafana']}",
        root=here.root,
        rules={
            "HighCpuUsage": (parse_duration(alerts.cpu_for).total_seconds(), f"> {alerts.cpu_percent:g}"),
            "LowMemoryAvailable": (0, f"< {alerts.memory_available_percent:g}"),
            "LowDiskSpace": (0, f"< {alerts.disk_free_percent:g}"),
            "InstanceDown": (0, "== 0"),
        },
        promises=Promises(
            services=tuple(each.name for each in here.settings.services),
            probes=tuple(each.name for each in here.settings.probes),
            hosts=tuple(each.name for each in here.settings.hosts),
            comes_back=_comes_back(here, state),
        ),
    )


def _comes_back(here: Here, state: State) -> Callable[[], bool] | None:
    """Whether the next boot starts it: natively by systemd where it runs and root set Sereno up, else by the engine."""
    if state.platform == "compose":
        engine = project_engine(here.root)
        return lambda: all(each.comes_back for each in engine.containers() if each.service in BY_NAME)
    is_an_ordinary_users = os.getuid() != 0 and here.home.path.stat().st_uid == os.getuid()
    if is_an_ordinary_users or not Systemd.is_first_process():
        return None  # `up` has said what else can start it.
    return lambda: Systemd.is_enabled(name_of(here.home.path))


def _pings(here: Here) -> list[Finding]:
    """Whether the probes of the kind icmp can work at all; nothing where the settings name none."""
    names = ", ".join(probe.name for probe in here.settings.probes if probe.kind == "icmp")
    state = here.home.state()
    if not names or (state is not None and state.platform == "compose"):
        return []  # The engine lets every container ping.
    groups = [os.getegid(), *os.getgroups()] if os.geteuid() else [grp.getgrnam(SERVICE_USER).gr_gid]
    if lookup.may_ping(groups):
        return [Finding("pings", Verdict.FINE, f"may be sent, for {names}")]
    return [Finding("pings", Verdict.WRONG, f"this machine keeps them for root, so {names} must fail", ALLOW_PINGS)]


def _permissions(here: Here) -> Finding:
    try:
        readable = machine.open_to_others(here.home / "secrets")
    except PermissionError:
        return Finding("permissions", Verdict.FINE, "this user can't read the secrets, as it should be")
    if readable:
        names = ", ".join(str(path) for path in readable[:3])
        return Finding("permissions", Verdict.WRONG, f"others can read {names}", "./sereno up sets them right")
    return Finding("permissions", Verdict.FINE, "secrets are closed to others")


def _components(rows: list[ComponentStatus]) -> list[Finding]:
    findings = []
    for row in rows:
        if row.health == "absent":
            words, verdict, fix = row.detail or "not installed", Verdict.WARNING, "sudo ./sereno up --yes"
        elif row.health == "healthy":
            words, verdict, fix = "healthy", Verdict.FINE, ""
        else:
            words, verdict = f"{row.health} {row.detail}".strip(), Verdict.WRONG
            fix = f"./sereno logs {row.name}; ./sereno start {row.name}"
        if row.memory_bytes and row.memory_limit_bytes and row.memory_bytes > row.memory_limit_bytes:
            words, verdict = f"{words}, but over its memory limit", Verdict.WARNING
            fix = fix or f"./sereno restart {row.name}, and tell us if it comes back"
        findings.append(Finding(row.name, verdict, words, fix))
    return findings


def _ports(state: State) -> list[Finding]:
    findings = [Finding("components", Verdict.WARNING, "nothing runs", "./sereno up")]
    for name, port in sorted((state.ports or default_ports()).items()):
        holder = Processes().port_holder(port)
        if holder is not None:
            findings.append(judge_port_holder(port, name, holder.program, holder.pid))
    return findings


def _summary(findings: list[Finding]) -> str:
    count = {verdict: sum(finding.verdict is verdict for finding in findings) for verdict in Verdict}
    return f"\n{count[Verdict.FINE]} fine, {count[Verdict.WARNING]} to know, {count[Verdict.WRONG]} wrong"
