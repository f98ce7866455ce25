"""The table that a campaign ends with."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence

from tests.faults.campaign.campaign import Outcome


def table(outcome: Outcome) -> str:
    """All of it, as Markdown."""
    verdict = outcome.verdict
    bound = 3 / verdict.n if verdict.n else 1.0
    lines = [
        f"| {outcome.engine}, seed {outcome.plan.seed}, tagger {outcome.plan.tagger} | |",
        "|---|---|",
        f"| inputs | {outcome.inputs} records, {verdict.n} outputs had to come of them |",
        f"| lost / twice / phantom | {len(verdict.lost)} / {len(verdict.twice)} / {len(verdict.phantom)} (95 %: below {bound:.1e}) |",
        f"| dead letters wrong, rows on record wrong, other | {len(verdict.letters)}, {len(verdict.record)}, {len(verdict.other)} |",
        f"| kills | {', '.join(f'{count} {kind}' for kind, count in sorted(outcome.kills.items())) or 'none'} |",
        f"| duration, steady and under fire | {outcome.seconds:.0f} s, {outcome.steady_per_s:.0f}/s and {outcome.chaos_per_s:.0f}/s |",
        f"| longest time without an output | {outcome.stall_s:.1f} s |",
        f"| documents of transactions that never happened | {outcome.aborted} of {outcome.documents} |",
    ]  # fmt: skip
    if outcome.rebalances:
        lines.append(f"| times extract's group was shared out anew | {outcome.rebalances} |")
    lines += [
        "",
        "| fault | times | next output p50 / p95 / max, s | all partitions again p50 / p95 / max, s |",
        "|---|---|---|---|",
    ]
    by_kind: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for one in outcome.played:
        if one.next_output is not None and one.recovered is not None:
            by_kind[one.kind].append((one.next_output - one.at, one.recovered - one.at))
    for kind, times in sorted(by_kind.items()):
        first, whole = _spread([time for time, _ in times]), _spread([time for _, time in times])
        lines.append(f"| {kind} | {len(times)} | {first} | {whole} |")
    if outcome.soak:
        lines += ["", outcome.soak]
    return "\n".join(lines)


def _spread(seconds: Sequence[float]) -> str:
    ordered = sorted(seconds)
    picked = [ordered[max(0, math.ceil(share * len(ordered)) - 1)] for share in (0.5, 0.95, 1.0)]
    return " / ".join(f"{one:.1f}" for one in picked)
