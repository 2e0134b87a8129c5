"""What a rule is, and how it is written in Prometheus's own format."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from sereno.core.text import Text
from sereno.watch.model import Severity

_HEADER = """\
# Written by ./sereno render; what is changed here is lost. Thresholds are settings (sereno.toml, [alerts]).
# Rules of your own go into files beside this one, in custom/, which nothing ever overwrites.
"""


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert rule. `expr` is PromQL, `lasting` how long it must hold before the alert fires (None: at once).

    `summary` is one line, `description` says what it means; both may use Prometheus's templates ({{ $labels.x }},
    {{ $value }}). `component` is the part of the system that it is about, where that is one.
    """

    name: str
    expr: str
    severity: Severity
    summary: Text
    description: Text
    lasting: str | None = None
    component: str | None = None

    def written(self, desk_url: str) -> dict[str, Any]:
        """The rule as Prometheus reads it; the runbook lies on the desk at `desk_url`."""
        rule: dict[str, Any] = {"alert": self.name, "expr": self.expr}
        if self.lasting:
            rule["for"] = self.lasting
        rule["labels"] = {"severity": str(self.severity)} | ({"component": self.component} if self.component else {})
        rule["annotations"] = {
            "summary": self.summary.en,
            "description": self.description.en,
            "summary_es": self.summary.es,
            "description_es": self.description.es,
            "runbook_url": f"{desk_url}/runbooks/{self.name}",
        }
        return rule


@dataclass(frozen=True, slots=True)
class Recording:
    """A recorded series: what `expr` gives is kept under the name `record`."""

    record: str
    expr: str
    labels: Mapping[str, str] = field(default_factory=dict)

    def written(self) -> dict[str, Any]:
        """The rule as Prometheus reads it."""
        return {"record": self.record, "expr": self.expr} | ({"labels": dict(self.labels)} if self.labels else {})


@dataclass(frozen=True, slots=True)
class RuleFile:
    """One file of rules, evaluated in order as one group: a later rule may use what an earlier one recorded."""

    name: str
    about: str
    rules: tuple[Alert | Recording, ...]

    @property
    def alerts(self) -> tuple[Alert, ...]:
        return tuple(rule for rule in self.rules if isinstance(rule, Alert))

    def text(self, desk_url: str) -> str:
        """The file as it is checked in."""
        rules = [rule.written(desk_url) if isinstance(rule, Alert) else rule.written() for rule in self.rules]
        group = {"name": self.name.removesuffix(".yml"), "rules": rules}
        body = yaml.dump(
            {"groups": [group]},
            Dumper=_Dumper,
            sort_keys=False,
            allow_unicode=True,
            width=10_000,
            default_flow_style=False,
        )
        return f"{_HEADER}# {self.about}\n{body}"


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as blocks, so that expressions stay readable."""


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Dumper.add_representer(str, _text)


def number(value: float) -> str:
    """A threshold as a person would write it: `80`, not `80.0`."""
    return f"{value:g}"
