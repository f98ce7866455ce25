"""One target, one engine, in a process of its own: ``python -m tests.fuzz.one TARGET[,TARGET…] ENGINE
--seconds S --seed N --into FOLDER``.

A process of its own because libFuzzer ends the process it runs in, and so that memory is one target's.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from tests.fuzz.engines import instrumented, with_atheris, with_hypothesis
from tests.fuzz.watch import Watched


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.one")
    parser.add_argument("targets", help="names joined by commas; several are run as one")
    parser.add_argument("engine", choices=["atheris", "hypothesis"])
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--runs", type=int, help="instead of --seconds, with atheris")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--into", type=Path, required=True)
    given = parser.parse_args()
    names = tuple(given.targets.split(","))
    if given.engine == "atheris":
        with instrumented():
            from tests.fuzz.registry import TARGETS, everything
    else:
        from tests.fuzz.registry import TARGETS, everything
    target = TARGETS[names[0]] if len(names) == 1 else everything(names)
    watched = Watched(target, given.into, given.engine, given.seconds)
    if given.engine == "hypothesis":
        with_hypothesis(target, watched, given.seed)
    else:
        limit = (
            f"-runs={given.runs}"
            if given.runs is not None
            else f"-max_total_time={max(1, round(given.seconds))}"
        )
        with_atheris(target, watched, given.seed, given.into, limit)
    sys.stdout.flush()
    os._exit(0)  # workers of targets go with their pipes


if __name__ == "__main__":
    main()
