"""What a dashboard holds, as plain values; `build` writes them in Grafana's own format."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sereno.core.text import Text

GRID_WIDTH = 24
"""Columns of Grafana's grid."""

SELECTED = 'job=~"$job",instance=~"$instance"'
"""Matchers for what the reader has selected above the dashboard."""


class Kind(StrEnum):
    """How a panel shows its series."""

    LINES = "lines"
    STACK = "stack"
    NUMBER = "number"
    BARS = "bars"
    STATES = "states"
    TABLE = "table"


@dataclass(frozen=True, slots=True)
class Query:
    """A PromQL expression and how its series are called (`{{label}}` is replaced)."""

    expr: str
    legend: str


@dataclass(frozen=True, slots=True)
class Limit:
    """The line that a panel draws at a threshold. `below`: it is bad to be under it, else to be over it."""

    value: float
    below: bool = False


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel. `unit` is Grafana's name of a unit; `description` is shown in both languages."""

    title: str
    description: Text
    unit: str
    queries: tuple[Query, ...]
    kind: Kind = Kind.LINES
    limit: Limit | None = None
    width: int = 12
    height: int = 8
    minimum: float | None = 0
    maximum: float | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A headed group of panels."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True)
class Variable:
    """A choice above the dashboard: the values of `label` in the series that `metric` selects."""

    name: str
    title: str
    metric: str
    label: str


@dataclass(frozen=True, slots=True)
class Dashboard:
    """A whole dashboard; `name` is its file's name without `.json` and part of its address."""

    name: str
    title: str
    description: Text
    variables: tuple[Variable, ...]
    rows: tuple[Row, ...]

    @property
    def panels(self) -> tuple[Panel, ...]:
        return tuple(panel for row in self.rows for panel in row.panels)


def job_and_instance(metric: str) -> tuple[Variable, Variable]:
    """The two choices that every dashboard offers, among the targets that have `metric`."""
    return (
        Variable("job", "Job", metric, "job"),
        Variable("instance", "Instance", f'{metric}{{job=~"$job"}}', "instance"),
    )
