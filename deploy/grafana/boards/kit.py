"""Panels in one style: what every panel of every dashboard has in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from grafana_foundation_sdk.builders import (
    bargauge,
    common,
    dashboard,
    heatmap,
    prometheus,
    stat,
    statetimeline,
    table,
    timeseries,
)
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import common as shapes
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models import heatmap as heat_models
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

SOURCE = shapes.DataSourceRef(type_val="prometheus", uid="${datasource}")

GREEN, YELLOW, RED, BLUE = "green", "orange", "red", "blue"

PanelBuilder = Builder[models.Panel]
Mode = Literal["lines", "stacked", "bars"]


@dataclass(frozen=True, slots=True)
class Target:
    """One query. ``legend`` may name labels: ``{{service}}``. ``exemplars`` shows trace ids of a
    histogram."""

    expr: str
    legend: str = ""
    exemplars: bool = False


@dataclass(frozen=True, slots=True)
class Levels:
    """Values from which a panel turns orange and red; ``falling`` when low is bad."""

    warn: float
    bad: float
    falling: bool = False

    def build(self) -> dashboard.ThresholdsConfig:
        low, high = (RED, GREEN) if self.falling else (GREEN, RED)
        first, second = sorted((self.warn, self.bad))
        steps = [(None, low), (first, YELLOW), (second, high)]
        return _absolute([models.Threshold(value, color) for value, color in steps])


@dataclass(frozen=True, slots=True)
class Look:
    """What a panel says and where it stands. ``about`` says what it means and what bad looks like;
    ``runbooks`` are alert names.

    ``minimum`` and ``maximum`` bound the axis; the soft ones only widen it, so that a level stays in sight.
    ``nothing`` is shown instead of "No data" where an empty panel is good news.
    """

    title: str
    about: str
    unit: str
    width: int = 8
    height: int = 8
    levels: Levels | None = None
    runbooks: Sequence[str] = ()
    decimals: int | None = None
    minimum: float | None = 0
    maximum: float | None = None
    soft_minimum: float | None = None
    soft_maximum: float | None = None
    nothing: str = ""
    links: Sequence[Builder[models.DashboardLink]] = field(default=())

    def description(self) -> str:
        """The text behind the panel's *i*, with the runbooks' files."""
        if not self.runbooks:
            return self.about
        files = ", ".join(f"`deploy/runbooks/{name}.md`" for name in self.runbooks)
        return f"{self.about}\n\nRunbook: {files}"

    def all_links(self) -> list[Builder[models.DashboardLink]]:
        """Links to runbooks first, then to other dashboards."""
        return [*(runbook_link(name) for name in self.runbooks), *self.links]


def runbook_link(alert: str) -> Builder[models.DashboardLink]:
    """To an alert's runbook, below the address that the variable *runbooks* holds."""
    link = dashboard.DashboardLink(f"Runbook: {alert}").type(models.DashboardLinkType.LINK)
    return link.url(f"${{runbooks}}/{alert}.md").target_blank(True)


def board_link(title: str, uid: str) -> Builder[models.DashboardLink]:
    """To another dashboard, with the time range and the variables kept."""
    link = dashboard.DashboardLink(title).type(models.DashboardLinkType.LINK)
    return link.url(f"/d/{uid}?${{__url_time_range}}&${{datasource:queryparam}}")


def number(
    look: Look, target: Target, *, no_value: str = "no data", graph: bool = True, text: bool = False
) -> PanelBuilder:
    """One large figure, coloured by its levels, over a faint line of its past; ``text`` shows the legend (an
    info metric's labels)."""
    graph_mode = shapes.BigValueGraphMode.AREA if graph and not text else shapes.BigValueGraphMode.NONE
    panel = (
        stat.Panel()
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]).fields("").values(False))
        .color_mode(
            shapes.BigValueColorMode.VALUE
            if text or look.levels is None
            else shapes.BigValueColorMode.BACKGROUND
        )
        .graph_mode(graph_mode)
        .text_mode(shapes.BigValueTextMode.NAME if text else shapes.BigValueTextMode.VALUE)
        .justify_mode(shapes.BigValueJustifyMode.CENTER)
        .no_value(no_value)
    )
    if look.levels is None:
        panel.color_scheme(dashboard.FieldColor().mode(models.FieldColorModeId.FIXED).fixed_color(BLUE))
    _dress(panel, look)
    query = _query(target, 0)
    return panel.with_target(query if graph and not text else query.instant())


def lines(look: Look, *targets: Target, mode: Mode = "lines", log: bool = False) -> PanelBuilder:
    """Series over time, with a table of their latest, mean and largest values."""
    legend = (
        common.VizLegendOptions()
        .display_mode(shapes.LegendDisplayMode.TABLE)
        .placement(shapes.LegendPlacement.BOTTOM)
    )
    panel = (
        timeseries.Panel()
        .legend(
            legend.calcs(["lastNotNull", "mean", "max"]).show_legend(True).sort_by("Last *").sort_desc(True)
        )
        .tooltip(
            common.VizTooltipOptions().mode(shapes.TooltipDisplayMode.MULTI).sort(shapes.SortOrder.DESCENDING)
        )
        .draw_style(shapes.GraphDrawStyle.BARS if mode == "bars" else shapes.GraphDrawStyle.LINE)
        .line_width(2 if mode == "lines" else 1)
        .fill_opacity({"lines": 8, "stacked": 40, "bars": 80}[mode])
        .show_points(shapes.VisibilityMode.NEVER)
        .axis_border_show(True)
    )
    if look.soft_minimum is not None:
        panel.axis_soft_min(look.soft_minimum)
    if look.soft_maximum is not None:
        panel.axis_soft_max(look.soft_maximum)
    if mode != "lines":
        panel.stacking(common.StackingConfig().mode(shapes.StackingMode.NORMAL).group("A"))
    if log:
        panel.scale_distribution(common.ScaleDistributionConfig().type(shapes.ScaleDistribution.LOG).log(10))
    if look.levels is not None:
        panel.thresholds_style(
            common.GraphThresholdsStyleConfig().mode(shapes.GraphThresholdsStyleMode.DASHED)
        )
    _dress(panel, look)
    return panel.targets([_query(target, index) for index, target in enumerate(targets)])


def bars(look: Look, *targets: Target) -> PanelBuilder:
    """Horizontal bars: one per series, its value at the end of the time range."""
    panel = (
        bargauge.Panel()
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]).fields("").values(False))
        .orientation(shapes.VizOrientation.HORIZONTAL)
        .display_mode(shapes.BarGaugeDisplayMode.BASIC)
        .no_value("none")
    )
    if look.levels is None:
        panel.color_scheme(dashboard.FieldColor().mode(models.FieldColorModeId.FIXED).fixed_color(BLUE))
    _dress(panel, look)
    return panel.targets([_query(target, index).instant() for index, target in enumerate(targets)])


def heat(look: Look, target: Target) -> PanelBuilder:
    """A histogram over time: the darker, the more observations in that bucket."""
    colors = heatmap.HeatmapColorOptions().mode(heat_models.HeatmapColorMode.SCHEME).scheme("Blues").steps(32)
    panel = (
        heatmap.Panel()
        .calculate(False)
        .color(colors.exponent(0.5).fill("dark-blue").reverse(False))
        .y_axis(heatmap.YAxisConfig().unit(look.unit).axis_placement(shapes.AxisPlacement.LEFT))
        .tooltip(heatmap.HeatmapTooltip().mode(shapes.TooltipDisplayMode.SINGLE).y_histogram(True))
        .cell_gap(1)
        .show_value(shapes.VisibilityMode.NEVER)
        .show_legend()
        .exemplars_color("rgba(255,0,255,0.7)")
    )
    _dress(panel, look)
    return panel.with_target(_query(target, 0).format(PromQueryFormat.HEATMAP))


def states(look: Look, target: Target) -> PanelBuilder:
    """One band per series over time, coloured by its levels."""
    mappings: list[models.ValueMapping] = [
        models.ValueMap(
            options={"0": models.ValueMappingResult(text="down"), "1": models.ValueMappingResult(text="up")}
        )
    ]
    panel = (
        statetimeline.Panel()
        .show_value(shapes.VisibilityMode.NEVER)
        .merge_values(True)
        .row_height(0.8)
        .legend(common.VizLegendOptions().show_legend(False).display_mode(shapes.LegendDisplayMode.LIST))
        .mappings(mappings)
    )
    _dress(panel, look)
    return panel.with_target(_query(target, 0))


def rows(
    look: Look, target: Target, *, hide: Sequence[str] = (), names: dict[str, str] | None = None
) -> PanelBuilder:
    """A table: one row per series, one column per label; ``names`` renames and orders columns, ``hide``
    leaves them out."""
    options = {
        "excludeByName": dict.fromkeys(("Time", "__name__", *hide), True),
        "indexByName": {name: index for index, name in enumerate(names or {})},
        "renameByName": names or {},
    }
    panel = table.Panel().show_header(True).cell_height(shapes.TableCellHeight.SM).no_value("none")
    panel.with_transformation(models.DataTransformerConfig(id_val="organize", options=options))
    _dress(panel, look)
    return panel.with_target(_query(target, 0).format(PromQueryFormat.TABLE).instant())


def _query(target: Target, index: int) -> prometheus.Dataquery:
    query = prometheus.Dataquery().datasource(SOURCE).expr(target.expr).ref_id(chr(ord("A") + index)).range()
    return query.legend_format(target.legend or "__auto").exemplar(target.exemplars)


def _absolute(steps: list[models.Threshold]) -> dashboard.ThresholdsConfig:
    return dashboard.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(steps)


_Dressable = (
    stat.Panel | timeseries.Panel | bargauge.Panel | heatmap.Panel | statetimeline.Panel | table.Panel
)


def _dress(panel: _Dressable, look: Look) -> None:
    panel.title(look.title).description(look.description()).datasource(SOURCE).unit(look.unit).span(
        look.width
    ).height(look.height)
    panel.links(look.all_links())
    if look.decimals is not None:
        panel.decimals(look.decimals)
    if look.minimum is not None:
        panel.min(look.minimum)
    if look.maximum is not None:
        panel.max(look.maximum)
    if look.nothing:
        panel.no_value(look.nothing)
    if look.levels is not None:
        panel.thresholds(look.levels.build())
        if not isinstance(panel, timeseries.Panel):
            panel.color_scheme(dashboard.FieldColor().mode(models.FieldColorModeId.THRESHOLDS))
    elif isinstance(panel, timeseries.Panel):
        panel.thresholds(_absolute([models.Threshold(None, GREEN)]))
