"""Whether anything grows: memory, open files, threads and lag of the processes that live through it all."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import psutil

from tests.faults.campaign.auditor import Auditor
from tests.faults.campaign.fleet import Fleet

SAMPLE_S = 5.0
WARM_UP = 0.2
"""Share of the samples that is left out of a slope: pools and caches fill first."""
HOUR_S = 3600.0


@dataclass(frozen=True)
class Sample:
    """One process at one moment, ``at`` seconds of its life."""

    at: float
    memory_mb: float
    files: int
    threads: int


@dataclass
class Sampler:
    """Looks at the members that are never harmed; called often, it looks every few seconds."""

    spared: frozenset[str]
    samples: dict[str, list[Sample]] = field(default_factory=lambda: defaultdict(list))
    lags: list[tuple[float, int]] = field(default_factory=list)
    _last: float = 0.0

    def look(self, fleet: Fleet, auditor: Auditor) -> None:
        """Take a sample when it is time."""
        now = time.monotonic()
        if now - self._last < SAMPLE_S:
            return
        self._last = now
        for name in self.spared & fleet.members.keys():
            try:
                process = psutil.Process(fleet.members[name].process.pid)
                with process.oneshot():
                    memory = process.memory_info().rss / 2**20
                    self.samples[name].append(Sample(now, memory, process.num_fds(), process.num_threads()))
            except psutil.NoSuchProcess:
                continue
        self.lags.append((now, auditor.unread()))

    def table(self) -> str:
        """As Markdown."""
        lines = [
            "| process | samples | memory, MB | per hour | open files | per hour | threads | per hour |",
            "|---|---|---|---|---|---|---|---|",
        ]
        for name, samples in sorted(self.samples.items()):
            cells = [name, str(len(samples))]
            for read in (
                lambda one: one.memory_mb,
                lambda one: float(one.files),
                lambda one: float(one.threads),
            ):
                points = [(one.at, read(one)) for one in samples]
                cells += [f"{points[0][1]:.0f} → {points[-1][1]:.0f}", f"{slope_per_hour(points):+.1f}"]
            lines.append(f"| {' | '.join(cells)} |")
        lag = sorted(lag for _, lag in self.lags)
        if lag:
            growth = slope_per_hour([(at, float(lag)) for at, lag in self.lags])
            lines.append(
                f"\nLag of extract in offsets: median {lag[len(lag) // 2]}, most {lag[-1]}, {growth:+.1f} per"
                " hour."
            )
        return "\n".join(lines)


def slope_per_hour(points: Sequence[tuple[float, float]]) -> float:
    """Least squares, without the beginning."""
    kept = points[int(WARM_UP * len(points)) :]
    if len(kept) < 2:
        return 0.0
    mean_at = sum(at for at, _ in kept) / len(kept)
    mean = sum(value for _, value in kept) / len(kept)
    spread = sum((at - mean_at) ** 2 for at, _ in kept)
    return HOUR_S * sum((at - mean_at) * (value - mean) for at, value in kept) / spread if spread else 0.0
