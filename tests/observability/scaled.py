"""Our Prometheus configuration and rules, mechanically made fit for a test: other targets, shorter times,
nothing else.

Every duration of the rules (ranges, offsets, ``for``) is divided by :data:`SCALE`, and so is every literal
that is compared with a metric in seconds. The freshness objective's 60 s stay: they are a bucket of a
histogram, and the samples keep them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

PROMETHEUS = Path(__file__).resolve().parents[2] / "deploy" / "prometheus"

SCALE = int(os.environ.get("SCENARIO_SCALE", "20"))
"""20 makes `for: 5m` 15 s and `[2m]` 6 s; 30 is the most with several scrapes in the shortest window. A busy
machine wants less."""

INTERVAL_S = max(1, 30 // SCALE)
"""Seconds between two scrapes: half as many per window as in production, where 15 s is divided by the scale
too."""

_UNIT_MS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
_DURATION = re.compile(r"(?P<before>\[|offset )(?P<number>\d+)(?P<unit>[smhdw])\b")
_SECONDS = re.compile(r"(?P<before>_seconds\b[^<>=]*[<>]=? )(?P<number>\d+)\b")


def duration(text: str) -> str:
    """``5m`` → ``10000ms``."""
    return f"{int(text[:-1]) * _UNIT_MS[text[-1]] // SCALE}ms"


def expression(text: str) -> str:
    """An expression with its times divided."""
    shorter = _DURATION.sub(lambda found: found["before"] + duration(found["number"] + found["unit"]), text)
    return _SECONDS.sub(lambda found: f"{found['before']}{int(found['number']) / SCALE:g}", shorter)


def rules(document: Mapping[str, Any]) -> dict[str, Any]:
    """A rules file with its times divided."""
    return {
        "groups": [
            {**group, "rules": [_rule(rule) for rule in group["rules"]]} for group in document["groups"]
        ]
    }  # fmt: skip


def _rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    held = {"for": duration(rule["for"])} if "for" in rule else {}
    return {**rule, **held, "expr": expression(rule["expr"])}


def rule_files() -> dict[str, dict[str, Any]]:
    """The committed rules files by name."""
    return {
        file.name: yaml.safe_load(file.read_text(encoding="utf-8"))
        for file in sorted((PROMETHEUS / "rules").glob("*.yml"))
    }


def configuration(folder: Path, targets: Mapping[str, str]) -> dict[str, Any]:
    """``prometheus.yml`` with the jobs at ``targets`` (job → host:port) and the divided rules, which are
    written to ``folder``.

    Raises:
        KeyError: a job of the file has no target.
    """
    config = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text(encoding="utf-8"))
    for name, document in rule_files().items():
        (folder / name).write_text(yaml.safe_dump(rules(document)), encoding="utf-8")
    config["global"] |= dict.fromkeys(
        ("scrape_interval", "scrape_timeout", "evaluation_interval"), f"{INTERVAL_S}s"
    )
    config["rule_files"] = [str(folder / name) for name in rule_files()]
    config["alerting"].pop("alertmanagers")
    config["scrape_configs"] = [
        {
            **{key: value for key, value in job.items() if not key.endswith("_configs")},
            "static_configs": [{"targets": [targets[job["job_name"]]]}],
        }
        for job in config["scrape_configs"]
    ]
    return dict(config)
