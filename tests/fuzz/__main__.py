"""``python -m tests.fuzz --minutes M --seed S [TARGET…]``: every target by both fuzzers.

Prints what that came to. Corpora and inputs that broke something lie in ``var/fuzz`` (not in git); such an
input is mended and then moved to ``tests/fuzz/cases``, where every test run tries it again.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from tests.fuzz.engines import HAS_ATHERIS, NO_ATHERIS
from tests.fuzz.registry import TARGETS
from tests.fuzz.target import Target

_ROOT = Path(__file__).parents[2]
_KEPT = _ROOT / "var" / "fuzz"
_ENGINES = {"atheris": 0.85, "hypothesis": 0.15} if HAS_ATHERIS else {"hypothesis": 1.0}
"""Shares of a target's time."""
_LEAST_S = 3.0


@dataclass(frozen=True, slots=True)
class Account:
    """What one run of one target came to."""

    target: str
    engine: str
    inputs: int
    seconds: float
    slowest_ms: float
    peak_mb: float
    growth_mb: float
    crashed: bool


def run(target: Target, engine: str, seconds: float, number: int) -> Account:
    """Run one target by one engine in a process of its own."""
    folder = _KEPT / target.name / engine
    (folder / "account.json").unlink(missing_ok=True)
    command = [
        sys.executable,
        "-m",
        "tests.fuzz.one",
        target.name,
        engine,
        "--seconds",
        f"{seconds:.1f}",
        "--seed",
        str(number),
    ]
    done = subprocess.run(
        [*command, "--into", str(folder)],
        cwd=_ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=False,
    )
    account = folder / "account.json"
    if done.returncode or not account.exists():
        sys.stderr.write(done.stderr.decode("utf-8", "replace"))
    known = (
        json.loads(account.read_text()) if account.exists() else {name.name: 0 for name in fields(Account)}
    )
    return Account(**{**known, "target": target.name, "engine": engine, "crashed": done.returncode != 0})


def campaign(
    names: Sequence[str], engines: Mapping[str, float], minutes: float, number: int
) -> Iterator[Account]:
    """Each target by each engine, its share of the time each."""
    targets = [TARGETS[name] for name in names]
    total = sum(target.weight for target in targets)
    for target in targets:
        for engine, share in engines.items():
            yield run(target, engine, max(_LEAST_S, 60 * minutes * share * target.weight / total), number)


def main() -> int:
    """Run the campaign and print its table; 1 when something broke or memory grew beyond its bound."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.fuzz", description=__doc__.splitlines()[0] if __doc__ else None
    )
    parser.add_argument(
        "targets", nargs="*", metavar="TARGET", help=f"of {', '.join(TARGETS)}; all when none is named"
    )
    parser.add_argument("--by", choices=list(_ENGINES), help="one fuzzer only")
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**31))
    given = parser.parse_args()
    unknown = sorted(set(given.targets) - set(TARGETS))
    if unknown:
        parser.error(f"no such target: {', '.join(unknown)}; there are {', '.join(TARGETS)}")
    print(f"seed {given.seed}; {given.minutes:g} minutes")
    if not HAS_ATHERIS:
        print(NO_ATHERIS)
    print(f"{'target':15}{'by':>12}{'inputs':>10}{'seconds':>9}{'slowest':>10}{'peak':>9}{'growth':>9}")
    accounts = []
    engines = {given.by: 1.0} if given.by else _ENGINES
    for account in campaign(given.targets or list(TARGETS), engines, given.minutes, given.seed):
        accounts.append(account)
        grew = account.growth_mb > TARGETS[account.target].growth_mb
        print(
            f"{account.target:15}{account.engine:>12}{account.inputs:10,}{account.seconds:8.0f}s{account.slowest_ms:8.0f}ms"
            f"{account.peak_mb:7.0f}MB{account.growth_mb:+7.0f}MB{'  BROKEN' if account.crashed else '  MEMORY' if grew else ''}",
            flush=True,
        )
    broken = [
        account
        for account in accounts
        if account.crashed or account.growth_mb > TARGETS[account.target].growth_mb
    ]
    total, seconds = sum(account.inputs for account in accounts), sum(account.seconds for account in accounts)
    print(f"{total:,} inputs in {seconds:,.0f} s; {len(broken)} runs broken")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
