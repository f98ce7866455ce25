"""Writes ``rules/slo.yml``: ``python deploy/prometheus/generate.py`` (``--check`` only compares).

Two objectives, alerted on by how fast the error budget burns (Google's SRE workbook, chapter 5, *multiwindow,
multi-burn-rate*): a burn rate of 1 spends the budget of 30 days in exactly 30 days. An alert needs the long
window (it matters) and the short one (it still goes on) and enough bad articles to be more than chance.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

RULES = Path(__file__).parent / "rules" / "slo.yml"

HEADER = "# Made by deploy/prometheus/generate.py; `python deploy/prometheus/generate.py` writes it anew.\n"

WINDOWS = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")

LEAST_BAD = 10
"""Bad articles in the long window below which no burn rate alerts: at night three articles may be 15 % of an
hour."""


@dataclass(frozen=True, slots=True)
class Burn:
    """One condition: ``rate`` times the sustainable rate over both windows spends ``budget`` of the 30 days'
    budget in ``long``."""

    rate: float
    long: str
    short: str
    budget: str


FAST = (Burn(14.4, "1h", "5m", "2 %"), Burn(6, "6h", "30m", "5 %"))
SLOW = (Burn(3, "1d", "2h", "10 %"), Burn(1, "3d", "6h", "10 %"))


@dataclass(frozen=True, slots=True)
class Objective:
    """A share of articles that must be good. ``bad`` and ``all`` are PromQL with ``WINDOW`` for the range."""

    slo: str
    alert: str
    target: float
    bad: str
    all: str
    what: str
    meaning: str

    @property
    def budget(self) -> float:
        """The share that may be bad."""
        return round(1 - self.target, 6)


PROCESSED = "onrecord_articles_processed_total"

OBJECTIVES = (
    Objective(
        slo="article_success",
        alert="ArticleSuccessBurnRate",
        target=0.99,
        # an article ends on record or as a dead letter, of extract or of aggregate: each exactly once
        bad=f'rate({PROCESSED}{{service=~"extract|aggregate",outcome="dead_lettered"}}[WINDOW])',
        all=(
            f'rate({PROCESSED}{{service="aggregate"}}[WINDOW]) or'
            f' rate({PROCESSED}{{service="extract",outcome="dead_lettered"}}[WINDOW])'
        ),
        what="of the articles became dead letters",
        meaning="What these articles say is not on record until they are replayed.",
    ),
    Objective(
        slo="freshness",
        alert="FreshnessBurnRate",
        target=0.99,
        bad=(
            "rate(onrecord_event_age_seconds_count[WINDOW]) - ignoring (le)"
            ' rate(onrecord_event_age_seconds_bucket{le="60.0"}[WINDOW])'
        ),
        all="rate(onrecord_event_age_seconds_count[WINDOW])",
        what="of the articles came on record later than 60 s after they came in",
        meaning=(
            "Readers see the news late. Articles that wait still are not counted yet: see ConsumerStalled and"
            " LagGrowing for those."
        ),
    ),
)


def recordings(objective: Objective) -> Iterator[dict[str, Any]]:
    """The error ratio per window, and the number of bad articles per long window."""
    labels = {"slo": objective.slo}
    for window in WINDOWS:
        bad, total = (part.replace("WINDOW", window) for part in (objective.bad, objective.all))
        # no articles, no ratio: an idle weekend burns nothing
        expr = f"(sum({bad}) or vector(0))\n/\n(sum({total}) > 0)"
        yield {"record": f"slo:sli_error:ratio_rate{window}", "expr": expr, "labels": labels}
    for window in sorted({burn.long for burn in (*FAST, *SLOW)}, key=WINDOWS.index):
        bad = objective.bad.replace("rate(", "increase(").replace("WINDOW", window)
        yield {"record": f"slo:sli_bad:increase{window}", "expr": f"sum({bad})", "labels": labels}


def alert(objective: Objective, name: str, severity: str, burns: Sequence[Burn], hold: str) -> dict[str, Any]:
    """One alert: any of the conditions."""
    select = f'{{slo="{objective.slo}"}}'
    conditions = [
        f"(\n  slo:sli_error:ratio_rate{burn.long}{select} > {burn.rate} * {objective.budget}\n"
        f"  and slo:sli_error:ratio_rate{burn.short}{select} > {burn.rate} * {objective.budget}\n"
        f"  and slo:sli_bad:increase{burn.long}{select} >= {LEAST_BAD}\n)"
        for burn in burns
    ]
    spends = " or ".join(f"{burn.budget} of the month's budget in {burn.long}" for burn in burns)
    title = objective.alert + name
    return {
        "alert": title,
        "expr": "\nor\n".join(conditions),
        "for": hold,
        "labels": {"severity": severity},
        "annotations": {
            "summary": f"{{{{ $value | humanizePercentage }}}} {objective.what}",
            "description": (
                f"The objective allows {objective.budget:.0%}. At this rate (the long window's share is"
                f" shown) it spends {spends}. {objective.meaning}"
            ),
            "runbook": f"{{{{ $externalLabels.runbook_base }}}}deploy/runbooks/{title}.md",
        },
    }


def document() -> dict[str, Any]:
    """The rules file's content."""
    # for: two evaluations of 15 s could be one broken scrape; a ticket can wait for a quarter of an hour
    groups = [
        {
            "name": f"slo-{objective.slo.replace('_', '-')}",
            "rules": [
                *recordings(objective),
                alert(objective, "Fast", "page", FAST, "2m"),
                alert(objective, "Slow", "ticket", SLOW, "15m"),
            ],
        }
        for objective in OBJECTIVES
    ]
    return {"groups": groups}


class _Dumper(yaml.SafeDumper):
    """Expressions of several lines stay several lines; nothing is an alias."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Dumper.add_representer(str, _text)


def render() -> str:
    """The rules file's text."""
    return HEADER + yaml.dump(document(), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=140)


def main() -> int:
    """Write the file, or with ``--check`` say whether it is what would be written."""
    if "--check" in sys.argv[1:]:
        same = RULES.read_text(encoding="utf-8") == render()
        if not same:
            print(f"{RULES} is out of step: run python deploy/prometheus/generate.py", file=sys.stderr)
        return 0 if same else 1
    RULES.write_text(render(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
