"""``python -m tests.faults.campaign``: a campaign by hand."""

from __future__ import annotations

import argparse
import random
import signal
import sys
from dataclasses import replace

from tests.faults.campaign.campaign import Plan, run, throughput
from tests.faults.campaign.report import table
from tests.faults.campaign.sabotage import CONTROLS
from tests.faults.campaign.world import embedded_world, kafka_world

PER_S = 5.0
"""Articles a second in a soak: what matters is how long it lasts."""
COST_ARTICLES = 1500


def main() -> None:
    """Run one, print its table, and fail when anything is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine", choices=("kafka", "sqlite"), default="kafka")
    parser.add_argument("--seed", type=int, default=None, help="drawn and printed when not given")
    parser.add_argument("--articles", type=int, default=20_000)
    parser.add_argument("--kills", type=int, default=100, help="of processes")
    parser.add_argument(
        "--outages",
        type=int,
        default=None,
        help="of brokers, database and wire; each kind once when not given",
    )
    parser.add_argument("--tagger", choices=("stand-in", "network"), default="stand-in")
    parser.add_argument(
        "--sabotage",
        choices=tuple(CONTROLS),
        default="",
        help="take a defence away: the campaign should fail",
    )
    parser.add_argument(
        "--minutes",
        type=float,
        default=None,
        help="a soak of this length, in place of --articles and --kills",
    )
    parser.add_argument("--kill-every", type=float, default=60.0, help="seconds between two kills of a soak")
    parser.add_argument(
        "--cost", action="store_true", help="measure exactly once against at least once too (kafka)"
    )
    asked = parser.parse_args()
    if asked.engine == "sqlite" and (asked.minutes is not None or asked.cost or asked.sabotage):
        parser.error("--minutes, --cost and --sabotage need --engine kafka")
    # in order, so that servers, disks and folders go too
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    seed = random.SystemRandom().randrange(10**9) if asked.seed is None else asked.seed
    print(f"seed {seed}", file=sys.stderr, flush=True)
    plan = Plan(
        seed, asked.articles, asked.kills, outages=asked.outages, tagger=asked.tagger, sabotage=asked.sabotage
    )
    if asked.minutes is not None:
        seconds = 60 * asked.minutes
        articles, kills = round(PER_S * seconds), max(2, round(seconds / asked.kill_every))
        plan = replace(plan, articles=articles, kills=kills, per_s=PER_S, soak=True)
    with kafka_world() if asked.engine == "kafka" else embedded_world() as world:
        outcome = run(world, plan, lambda line: print(line, file=sys.stderr, flush=True))
        problems = outcome.verdict.problems()
        print(table(outcome), *problems, sep="\n", flush=True)
        if asked.cost:
            once, least = (
                throughput(world, seed, COST_ARTICLES, sabotage) for sabotage in ("", "transactions-off")
            )
            print(
                f"\nOne extract, undisturbed: {once:.0f} articles/s exactly once, {least:.0f}/s at least"
                " once."
            )
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
