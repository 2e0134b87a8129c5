"""How blackbox-exporter is told what a good answer is: one module for each distinct expectation. Pure.

A module that only probes of the settings file or of the usual kind need is always there (`USUAL`), so that most probes
that are added later work without a new file.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from sereno.core.text import Text
from sereno.watch.probes.model import Kind, Probe, Source

MODULES_FILE = "blackbox.yml"

TIMEOUT = "10s"
"""Prometheus's own time-out, less half a second, ends a probe earlier where that is shorter."""

LARGEST_SEARCHED_BODY = "4MB"
"""An answer is held in memory while words are looked for in it."""

HEADER = (
    "# Written by Sereno from the settings and the probes that were added at the desk; changes made here are lost.\n"
)

_IPV4_FIRST = {"preferred_ip_protocol": "ip4"}

DESKS_OWN: Mapping[str, Mapping[str, Any]] = {
    # The certificate may be this machine's own; its end date is watched, its signature can't be.
    "https": {
        "prober": "http",
        "timeout": "5s",
        "http": {
            "valid_status_codes": [200],
            **_IPV4_FIRST,
            "fail_if_not_ssl": True,
            "tls_config": {"insecure_skip_verify": True},
        },
    },
    "redirect": {
        "prober": "http",
        "timeout": "5s",
        "http": {"valid_status_codes": [301], **_IPV4_FIRST, "follow_redirects": False},
    },
}
"""For the desk as its readers meet it."""


def module_name(probe: Probe) -> str:
    """The module that a probe is asked by: a word for the usual ones, else its kind and part of a hash of it."""
    wanted = module(probe)
    usual = next((name for name, each in USUAL.items() if each == wanted), None)
    return usual or f"{probe.kind}_{hashlib.sha256(json.dumps(wanted, sort_keys=True).encode()).hexdigest()[:12]}"


def module(probe: Probe) -> dict[str, Any]:
    """The module's content, as blackbox-exporter reads it (0.23 and later)."""
    return {"prober": str(probe.kind), "timeout": TIMEOUT, str(probe.kind): _question(probe)}


def _question(probe: Probe) -> dict[str, Any]:
    if probe.kind is Kind.HTTP:
        return _http(probe)
    if probe.kind is Kind.DNS:
        return {
            **_IPV4_FIRST,
            "query_name": probe.target.partition("@")[0],
            "query_type": "A",
            # A name without an address is no good answer either.
            "validate_answer_rrs": {"fail_if_none_matches_regexp": [".+"]},
        }
    return dict(_IPV4_FIRST)


def _http(probe: Probe) -> dict[str, Any]:
    question: dict[str, Any] = dict(_IPV4_FIRST)
    if probe.status:
        question["valid_status_codes"] = sorted(set(probe.status))
    if not probe.follow or any(300 <= status < 400 for status in probe.status):
        question["follow_redirects"] = False
    if probe.contains:
        question["fail_if_body_not_matches_regexp"] = [re.escape(probe.contains)]
        question["body_size_limit"] = LARGEST_SEARCHED_BODY
    if not probe.verify:
        question["tls_config"] = {"insecure_skip_verify": True}
    return question


def _usual(kind: Kind, *, follow: bool = True) -> dict[str, Any]:
    return module(Probe("usual", kind, "", Source.STORED, Text("", ""), follow=follow))


USUAL: Mapping[str, Mapping[str, Any]] = {
    "http": _usual(Kind.HTTP),
    "http_here": _usual(Kind.HTTP, follow=False),
    "tcp": _usual(Kind.TCP),
    "icmp": _usual(Kind.ICMP),
}
"""Always there."""


def modules(probes: Iterable[Probe]) -> dict[str, Mapping[str, Any]]:
    """Every module that the desk and `probes` need, by name."""
    return {**DESKS_OWN, **USUAL, **{module_name(each): module(each) for each in probes}}


def render_modules(wanted: Mapping[str, Mapping[str, Any]]) -> str:
    """blackbox-exporter's whole file."""
    body = yaml.safe_dump(
        {"modules": {name: dict(wanted[name]) for name in sorted(wanted)}},
        sort_keys=False,
        default_flow_style=False,
        width=10_000,
        allow_unicode=True,
    )
    return HEADER + body


def with_kept(text: str, before: str) -> str:
    """`text` with the modules of the file that was there `before` which it lacks.

    Whoever writes the file without the database (`up`, and `prepare` in Compose) does not know the stored probes, and
    must not take their modules away. What nobody needs any more goes when the worker writes the file. A file that
    cannot be read counts as none.
    """
    present = _read(text)
    kept = {name: each for name, each in _read(before).items() if name not in present}
    return render_modules({**present, **kept}) if kept else text


def _read(text: str) -> dict[str, Any]:
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError:
        return {}
    found = content.get("modules") if isinstance(content, dict) else None
    return dict(found) if isinstance(found, dict) else {}
