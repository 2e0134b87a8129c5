"""Writes dashboards in Grafana's own format, through the types of Grafana's Foundation SDK.

The SDK is needed only here, by those who render; a server runs with the rendered files.
"""

from __future__ import annotations

import itertools
import json
from typing import Any

from grafana_foundation_sdk.builders import (
    bargauge,
    common,
    dashboard,
    prometheus,
    stat,
    statetimeline,
    table,
    timeseries,
)
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import common as common_models
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models import prometheus as prometheus_models

from sereno.core.text import Text
from sereno.watch.dashboards.model import Dashboard, Kind, Limit, Panel, Query, Variable

DATASOURCE = models.DataSourceRef(type_val="prometheus", uid="${datasource}")
_GOOD, _BAD = "green", "red"


def to_json(spec: Dashboard) -> str:
    """The dashboard as a file: the same text for the same dashboard, whenever and wherever it is written."""
    return json.dumps(to_sdk(spec), cls=JSONEncoder, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def to_sdk(spec: Dashboard) -> models.Dashboard:
    """The dashboard as the SDK knows it: read-only, in the reader's time zone, over the last hour."""
    builder = (
        dashboard.Dashboard(spec.title)
        .uid(f"sereno-{spec.name}")
        .description(_both(spec.description))
        .tags(["sereno"])
        .readonly()
        .timezone("browser")
        .time("now-1h", "now")
        .refresh("30s")
        .tooltip(models.DashboardCursorSync.CROSSHAIR)
        .link(
            dashboard.DashboardLink("Sereno")
            .type(models.DashboardLinkType.DASHBOARDS)
            .tags(["sereno"])
            .include_vars(False)
            .keep_time(True)
        )
        .with_variable(dashboard.DatasourceVariable("datasource").label("Data source").type("prometheus"))
    )
    for variable in spec.variables:
        builder.with_variable(_variable(variable))
    numbers = itertools.count(1)
    for row in spec.rows:
        builder.with_row(dashboard.Row(row.title).id(next(numbers)))
        for panel in row.panels:
            builder.with_panel(_panel(panel, next(numbers)))
    return builder.build()


def _both(text: Text) -> str:
    return f"{text.en}\n\n{text.es}"


def _variable(variable: Variable) -> dashboard.QueryVariable:
    return (
        dashboard.QueryVariable(variable.name)
        .label(variable.title)
        .datasource(DATASOURCE)
        .query(f"label_values({variable.metric}, {variable.label})")
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(models.VariableSort.ALPHABETICAL_ASC)
        .multi(True)
        .include_all(True)
        .all_value(".+")
        .current(models.VariableOption(text="All", value="$__all"))
    )


def _panel(panel: Panel, number: int) -> Any:
    """A builder of the panel's kind with everything that all kinds share."""
    builder: Any = _BUILDERS[panel.kind]()
    builder.id(number).title(panel.title).description(_both(panel.description)).unit(panel.unit)
    builder.datasource(DATASOURCE).span(panel.width).height(panel.height).thresholds(_thresholds(panel.limit))
    if panel.minimum is not None:
        builder.min(panel.minimum)
    if panel.maximum is not None:
        builder.max(panel.maximum)
    for letter, query in zip("ABCDEFGH", panel.queries, strict=False):
        builder.with_target(_query(query, letter, panel.kind))
    if panel.limit is not None and panel.kind in (Kind.LINES, Kind.STACK):
        builder.thresholds_style(
            common.GraphThresholdsStyleConfig().mode(common_models.GraphThresholdsStyleMode.DASHED)
        )
    return builder


def _query(query: Query, letter: str, kind: Kind) -> prometheus.Dataquery:
    builder = prometheus.Dataquery().ref_id(letter).expr(query.expr).legend_format(query.legend).datasource(DATASOURCE)
    if kind is Kind.TABLE:
        return builder.instant().format(prometheus_models.PromQueryFormat.TABLE)
    return builder.instant() if kind is Kind.BARS else builder.range()


def _thresholds(limit: Limit | None) -> dashboard.ThresholdsConfig:
    """Green on the good side of the limit and red on the other; green throughout without one."""
    first, then = (_BAD, _GOOD) if limit is not None and limit.below else (_GOOD, _BAD)
    steps = [models.Threshold(value=None, color=first)]
    if limit is not None:
        steps.append(models.Threshold(value=limit.value, color=then))
    return dashboard.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(steps)


def _lines() -> timeseries.Panel:
    return (
        timeseries.Panel()
        .line_width(1)
        .fill_opacity(8)
        .show_points(common_models.VisibilityMode.NEVER)
        .legend(
            common.VizLegendOptions()
            .display_mode(common_models.LegendDisplayMode.LIST)
            .placement(common_models.LegendPlacement.BOTTOM)
            .show_legend(True)
        )
        .tooltip(
            common.VizTooltipOptions()
            .mode(common_models.TooltipDisplayMode.MULTI)
            .sort(common_models.SortOrder.DESCENDING)
        )
    )


def _stack() -> timeseries.Panel:
    return _lines().fill_opacity(40).stacking(common.StackingConfig().mode(common_models.StackingMode.NORMAL))


def _last() -> common.ReduceDataOptions:
    return common.ReduceDataOptions().calcs(["lastNotNull"])


def _number() -> stat.Panel:
    return (
        stat.Panel()
        .reduce_options(_last())
        .color_mode(common_models.BigValueColorMode.VALUE)
        .graph_mode(common_models.BigValueGraphMode.NONE)
    )


def _bars() -> bargauge.Panel:
    return (
        bargauge.Panel()
        .reduce_options(_last())
        .orientation(common_models.VizOrientation.HORIZONTAL)
        .display_mode(common_models.BarGaugeDisplayMode.BASIC)
    )


def _states() -> statetimeline.Panel:
    """1 is up and 0 is down, in words and not by colour alone."""
    return (
        statetimeline.Panel()
        .merge_values(True)
        .line_width(0)
        .fill_opacity(70)
        .show_value(common_models.VisibilityMode.AUTO)
        .mappings(
            [
                models.ValueMap(
                    options={
                        "1": models.ValueMappingResult(text="up", color=_GOOD, index=0),
                        "0": models.ValueMappingResult(text="down", color=_BAD, index=1),
                    }
                )
            ]
        )
    )


def _table() -> table.Panel:
    return table.Panel().show_header(True).inspect(False)


_BUILDERS = {
    Kind.LINES: _lines,
    Kind.STACK: _stack,
    Kind.NUMBER: _number,
    Kind.BARS: _bars,
    Kind.STATES: _states,
    Kind.TABLE: _table,
}
