"""`./sereno watch`: have something asked again and again, without editing a file."""

from __future__ import annotations

import os
from typing import Any

import click

from sereno.cli.console import show_json, show_table
from sereno.cli.desk_command import DeskCommand, caller
from sereno.core.clock import rfc3339, utc_now
from sereno.core.errors import UsageError
from sereno.watch.probes import Kind
from sereno.watch.probes.examples import example_probes
from sereno.watch.probes.stored import REASONS, accepted, fields_of, likely_kind, likely_name
from sereno.wiring import Surroundings, open_database, open_prometheus
from sereno.wiring.probes import Listed, Probes, open_probes


@click.command(cls=DeskCommand)
@click.argument("target", required=False)
@click.option("--name", help="How measurements and alerts call it; else made from the host.")
@click.option("--kind", type=click.Choice([str(kind) for kind in Kind]), help="How it is asked; else as TARGET looks.")
@click.option("--interval", default="15s", show_default=True, help="How often: 5s to 2m.")
@click.option("--expect", type=int, multiple=True, help="http: a status that is good (may be repeated); else 200-299.")
@click.option("--contains", default="", help="http: words that the answer must contain.")
@click.option("--certificate-days", type=int, default=21, show_default=True, help="https: warn so early; 0: never.")
@click.option("--any-certificate", is_flag=True, help="https: also one that browsers refuse.")
@click.option("--title", default="", help="How pages call it.")
@click.option("--title-es", default="", help="The same in Spanish.")
@click.option("--group", default="", help="Heading under which the public page shows it.")
@click.option("--hidden", is_flag=True, help="Keep it off the public page.")
@click.option("--list", "show", is_flag=True, help="Show all probes, with what was last seen.")
@click.option("--remove", metavar="NAME", help="Ask it no more.")
@click.option("--examples", is_flag=True, help="Add the classroom's examples, which ask this very system.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def watch(
    target: str | None,
    *,
    name: str | None,
    kind: str | None,
    expect: tuple[int, ...],
    show: bool,
    remove: str | None,
    examples: bool,
    as_json: bool,
    **wanted: Any,
) -> None:
    """Probe TARGET from now on: https://example.org/health, host:port, a host to ping, or NAME@SERVER for dns.

    Prometheus asks within 30 seconds; it stands on the status page, and an alert tells when it fails twice in a row.
    """
    if [bool(target), show, bool(remove), examples].count(True) != 1:
        raise UsageError("give one of TARGET, --list, --remove NAME, --examples", next_step="./sereno watch --help")
    surroundings = Surroundings.from_environment(os.environ)
    probes = open_probes(surroundings, open_database(surroundings, pool_size=1))
    if target:
        _add(probes, target, name, kind, list(expect), wanted, as_json=as_json)
    elif remove:
        _remove(probes, remove, as_json=as_json)
    elif examples:
        _add_examples(probes, surroundings.nginx_address)
    else:
        listed = probes.listed(open_prometheus(surroundings))
        if as_json:
            show_json([_told(each) for each in listed])
        else:
            show_table(("name", "kind", "target", "every", "from", "state", "last answer"), map(_cells, listed))


def _add(
    probes: Probes, target: str, name: str | None, kind: str | None, expect: list[int], wanted: Any, *, as_json: bool
) -> None:
    taken = probes.taken | {each.probe.name for each in probes.stored()}
    probe = accepted(
        {
            "name": name or likely_name(target, taken),
            "kind": kind or str(likely_kind(target)),
            "target": target,
            "status": tuple(expect),
            "contains": wanted["contains"],
            "certificate_days": wanted["certificate_days"],
            "verify": not wanted["any_certificate"],
            "interval": wanted["interval"],
            "title": wanted["title"],
            "title_es": wanted["title_es"],
            "group": wanted["group"],
            "status_page": not wanted["hidden"],
        }
    )
    added = probes.add(probe, actor=caller(), now=utc_now())
    if as_json:
        show_json({"id": added.id, **fields_of(added.probe)})
    else:
        click.echo(f"{probe.name} is asked every {probe.interval_seconds} s from now on", err=True)
        click.echo("its first answer: ./sereno watch --list, in half a minute", err=True)


def _add_examples(probes: Probes, nginx: str) -> None:
    taken = probes.taken | {each.probe.name for each in probes.stored()}
    for probe in example_probes(nginx):
        if probe.name not in taken:
            probes.add(probe, actor=caller(), now=utc_now())
            click.echo(f"{probe.name} is asked from now on; ./sereno watch --remove {probe.name} ends it", err=True)


def _remove(probes: Probes, name: str, *, as_json: bool) -> None:
    if name in {each.name for each in probes.of_settings}:
        raise UsageError(
            f"{name} stands in sereno.toml", next_step="remove its [[probes]] table there, then run ./sereno up"
        )
    gone = probes.remove(probes.named(name).id, actor=caller(), now=utc_now())
    if as_json:
        show_json({"id": gone.id, **fields_of(gone.probe)})
    else:
        click.echo(f"{name} is asked no more", err=True)


def _told(each: Listed) -> dict[str, Any]:
    """The probe with the members that the API gives it."""
    stored, seen = each.stored, each.seen
    return {
        "id": stored.id if stored else None,
        "source": str(each.probe.source),
        **fields_of(each.probe),
        "state": str(seen.state),
        "asked_at": rfc3339(seen.asked_at) if seen.asked_at else None,
        "seconds": seen.seconds,
        "http_status": seen.http_status,
        "certificate_ends_at": rfc3339(seen.certificate_ends_at) if seen.certificate_ends_at else None,
        "refused": REASONS[stored.refused].en if stored and stored.refused else None,
        "hidden_by_file": each.is_hidden,
    }


def _cells(each: Listed) -> tuple[str, ...]:
    probe, seen = each.probe, each.seen
    return (
        probe.name,
        str(probe.kind),
        probe.target,
        f"{probe.interval_seconds} s",
        "desk" if each.stored else "sereno.toml",
        str(seen.state),
        _last_answer(each),
    )


def _last_answer(each: Listed) -> str:
    if each.is_hidden:
        return "rests: sereno.toml has come to use its name"
    if each.stored and each.stored.refused:
        return f"rests: {REASONS[each.stored.refused].en}"
    if each.seen.asked_at is None:
        return "none yet"
    parts = [f"{each.seen.asked_at:%H:%M:%S} UTC"]
    parts += [f"status {each.seen.http_status}"] if each.seen.http_status else []
    parts += [f"{each.seen.seconds * 1000:.0f} ms"] if each.seen.seconds is not None else []
    parts += [f"certificate until {each.seen.certificate_ends_at:%Y-%m-%d}"] if each.seen.certificate_ends_at else []
    return ", ".join(parts)
