"""The frame of every dashboard: identity, variables, links between dashboards, alerts as annotations,
numbered panels."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from grafana_foundation_sdk.builders import dashboard, prometheus
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as models

from boards.kit import RED, SOURCE, PanelBuilder
from boards.queries import SERVICES

TAG = "onrecord"

EVERY_JOB = "|".join(SERVICES)

RUNBOOKS = "/public/runbooks"
"""Where the runbooks are read: Grafana itself serves `deploy/runbooks` when it is mounted below its public
folder."""


@dataclass(frozen=True, slots=True)
class Row:
    """Panels under one heading; without a title, at the top of the dashboard."""

    title: str
    panels: Sequence[PanelBuilder]


@dataclass(frozen=True, slots=True)
class Board:
    """One dashboard. ``uid`` never changes: addresses and links hold it."""

    uid: str
    title: str
    description: str
    rows: Sequence[Row]
    span: str = "now-1h"

    @property
    def filename(self) -> str:
        """The committed file."""
        return f"{self.uid.removeprefix('onrecord-')}.json"

    def build(self) -> models.Dashboard:
        """The dashboard in Grafana's schema, with the panels numbered from 1 in reading order."""
        builder = (
            dashboard.Dashboard(f"onrecord · {self.title}")
            .uid(self.uid)
            .description(self.description)
            .tags([TAG])
            .readonly()
            .tooltip(models.DashboardCursorSync.CROSSHAIR)
            .time(self.span, "now")
            .timezone("browser")
            .refresh("30s")
            .variables(_variables())
            .link(_links())
            .annotation(_alerts())
        )
        for row in self.rows:
            if row.title:
                builder.with_row(dashboard.Row(row.title))
            for item in row.panels:
                builder.with_panel(item)
        built = builder.build()
        for number, panel in enumerate(built.panels or [], start=1):
            panel.id_val = number
        return built

    def json(self) -> str:
        """The file's text: sorted keys, so that a change shows as a small difference."""
        shape = json.loads(json.dumps(self.build(), cls=JSONEncoder), object_hook=_trimmed)
        return json.dumps(shape, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _trimmed(shape: dict[str, object]) -> dict[str, object]:
    """Without what the SDK always writes and Grafana's schema does not have there: settings of interval
    variables on every variable, and the one constant for ``placement``, which hides links and switches in a
    menu.
    """
    hidden = models.DashboardLinkPlacement.IN_CONTROLS_MENU
    return {
        name: value
        for name, value in shape.items()
        if name not in _INTERVAL_ONLY and (name != "placement" or value != hidden)
    }


_INTERVAL_ONLY = {"auto", "auto_count", "auto_min"}


def _variables() -> list[Builder[models.VariableModel]]:
    everything = models.VariableOption(selected=True, text="All", value="$__all")
    return [
        dashboard.DatasourceVariable("datasource")
        .label("Data source")
        .type("prometheus")
        .current(models.VariableOption(selected=True, text="Prometheus", value="onrecord-prometheus")),
        _values("job", "Service", f'label_values(up{{job=~"{EVERY_JOB}"}}, job)')
        .all_value(EVERY_JOB)
        .current(everything),
        _values("instance", "Instance", 'label_values(up{job=~"$job"}, instance)')
        .all_value(".*")
        .current(everything),
        dashboard.TextBoxVariable("runbooks")
        .label("Runbooks at")
        .description("Address below which the runbooks are read: the links of panels lead there.")
        .default_value(RUNBOOKS)
        .current(models.VariableOption(selected=True, text=RUNBOOKS, value=RUNBOOKS))
        .hide(models.VariableHide.HIDE_VARIABLE),
    ]


def _values(name: str, label: str, query: str) -> dashboard.QueryVariable:
    return (
        dashboard.QueryVariable(name)
        .label(label)
        .datasource(SOURCE)
        .query({"query": query, "refId": name, "qryType": 1})
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(models.VariableSort.ALPHABETICAL_ASC)
        .multi(True)
        .include_all(True)
    )


def _links() -> dashboard.DashboardLink:
    link = dashboard.DashboardLink("onrecord").type(models.DashboardLinkType.DASHBOARDS).tags([TAG])
    return link.as_dropdown(False).include_vars(True).keep_time(True)


def _alerts() -> dashboard.AnnotationQuery:
    """A mark wherever an alert fires, from Prometheus's own series: it shows past alerts too, and needs no
    Grafana alerting."""
    return (
        dashboard.AnnotationQuery()
        .name("Alerts")
        .datasource(SOURCE)
        .enable(True)
        .icon_color(RED)
        .target(
            prometheus.Dataquery()
            .datasource(SOURCE)
            .expr('ALERTS{alertstate="firing"}')
            .interval("30s")
            .ref_id("Anno")
        )
        .title_format("{{alertname}}")
        .text_format("{{severity}} · {{job}} {{service}} {{group}}")
        .tag_keys("alertname,severity")
    )
