"""``python -m tests.faults.campaign``: a campaign by hand."""

from __future__ import annotations

import argparse
import random
import sys

from tests.faults.campaign.campaign import Plan, run
from tests.faults.campaign.report import table
from tests.faults.campaign.world import embedded_world, kafka_world


def main() -> None:
    """Run one, print its table, and fail when anything is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine", choices=("kafka", "sqlite"), default="kafka")
    parser.add_argument("--seed", type=int, default=None, help="drawn and printed when not given")
    parser.add_argument("--articles", type=int, default=20_000)
    parser.add_argument("--kills", type=int, default=100, help="of processes")
    parser.add_argument("--outages", type=int, default=None, help="of brokers, database and wire; each kind once when not given")
    parser.add_argument("--tagger", choices=("stand-in", "network"), default="stand-in")
    parser.add_argument("--sabotage", default="", help="a control: the campaign must fail")
    asked = parser.parse_args()
    seed = random.SystemRandom().randrange(10**9) if asked.seed is None else asked.seed
    say = lambda line: print(line, file=sys.stderr, flush=True)  # noqa: E731
    say(f"seed {seed}")
    plan = Plan(seed, asked.articles, asked.kills, outages=asked.outages, tagger=asked.tagger, sabotage=asked.sabotage)
    with kafka_world() if asked.engine == "kafka" else embedded_world() as world:
        outcome = run(world, plan, say)
    print(table(outcome))
    problems = outcome.verdict.problems()
    for problem in problems:
        print(problem)
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
