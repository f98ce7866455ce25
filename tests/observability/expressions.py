"""Every expression of the dashboards and rules, as Prometheus takes it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.observability import scaled

DASHBOARDS = Path(__file__).resolve().parents[2] / "deploy" / "grafana" / "dashboards"

RATE_INTERVAL = f"{10 * scaled.INTERVAL_S}s"
"""Grafana makes at least four scrape intervals of it; ten are steadier on a busy machine."""

_VARIABLE = re.compile(r"\$(?:\{(?P<braced>\w+)(?::\w+)?\}|(?P<bare>\w+))")


@dataclass(frozen=True, slots=True)
class Expression:
    """PromQL and where it stands. ``or vector(0)`` is left out of ``strict``: it would always have data."""

    where: str
    text: str

    @property
    def strict(self) -> str:
        """The expression without the zeros it falls back to."""
        return self.text.replace(" or vector(0)", "")


def panels(range_s: int) -> Iterator[Expression]:
    """The queries of all dashboards with their variables set: everything selected, ``range_s`` seconds
    shown."""
    for file in sorted(DASHBOARDS.glob("*.json")):
        board = json.loads(file.read_text(encoding="utf-8"))
        for panel in _panels(board["panels"]):
            for target in panel.get("targets", []):
                yield Expression(f"{board['title']} / {panel['title']}", substituted(target["expr"], range_s))


def substituted(text: str, range_s: int) -> str:
    """Grafana's variables replaced: its own by durations, the dashboards' by a pattern that everything
    matches."""
    own = {
        "__rate_interval": RATE_INTERVAL,
        "__interval": f"{scaled.INTERVAL_S}s",
        "__range": f"{range_s}s",
        "__range_s": str(range_s),
    }

    def value(found: re.Match[str]) -> str:
        name = found["braced"] or found["bare"]
        if name.startswith("__"):
            return own[name]
        return ".*"

    return _VARIABLE.sub(value, text)


def rules() -> Iterator[Expression]:
    """The expressions of all rules, with their times divided as in the scenario."""
    for name, document in scaled.rule_files().items():
        for group in scaled.rules(document)["groups"]:
            for rule in group["rules"]:
                yield Expression(f"{name} / {rule.get('alert') or rule['record']}", rule["expr"])


def _panels(items: list[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for item in items:
        yield item
        yield from _panels(item.get("panels", []))
