"""What identity costs: ``python -m tests.benchmarks.identity [--actors 10000 100000]``.

``make bench`` runs it with 10,000. The same events go into two records by turns, one that links names and
tells namesakes apart, and one that leaves every name to itself; printed is the ratio of the processor time of
``Store.apply``, for batches as they come (one name in ten is new) and for batches of nothing but new names.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from services.aggregate.identity import registry
from services.aggregate.store import Store, articles
from services.aggregate.store.identities import Settled
from tests.support.record import feed, open_store
from tests.support.statements import Event, actor, make

BATCH = 50
"""Articles of three statements: as many events as the service takes at once in a backlog."""
ROUNDS = 15
_SYLLABLES = [consonant + vowel for consonant in "bdklmnrst" for vowel in "aeiou"]


def main() -> None:
    """Print a line per number of actors."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--actors", nargs="+", type=int, default=[10_000, 100_000])
    registry.in_use()
    for actors in sorted(parser.parse_args().actors):
        with TemporaryDirectory() as folder:
            usual, fresh = _ratios(Path(folder), actors)
        print(
            f"{actors:9,} actors: {usual:.2f} times as long with one name in ten new, {fresh:.2f} with new"
            " names only",
            flush=True,
        )


def _ratios(folder: Path, actors: int) -> tuple[float, float]:
    draw = random.Random(7)
    known = [_name(draw) for _ in range(actors)]
    stores = {linking: open_store(_made(folder / str(linking))) for linking in (True, False)}
    number = 0
    for start in range(0, actors, 3 * BATCH):
        batch = _batch(number, known[start : start + 3 * BATCH])
        number += BATCH
        for linking, store in stores.items():
            _apply(store, batch, linking=linking)
    found: dict[bool, list[float]] = {True: [], False: []}
    for turn in range(2 * ROUNDS):
        fresh = bool(turn % 2)
        names = [
            _name(draw) if fresh or draw.random() < 0.1 else draw.choice(known) for _ in range(3 * BATCH)
        ]
        batch = _batch(number, names)
        number += BATCH
        order = [True, False] if turn % 4 < 2 else [False, True]
        took = {linking: _apply(stores[linking], batch, linking=linking) for linking in order}
        found[fresh].append(took[True] / took[False])
    for store in stores.values():
        store.close()
    return median(found[False]), median(found[True])


def _apply(store: Store, batch: Sequence[Event], *, linking: bool) -> float:
    with ExitStack() as stack:
        if not linking:
            stack.enter_context(patch.object(articles, "settle", lambda *_: Settled()))
            stack.enter_context(patch.object(articles, "describe", _say_nothing))
        began = time.process_time()
        feed(store, [batch])
        return time.process_time() - began


def _say_nothing(_connection: object, coming: Sequence[dict[str, Any]], _texts: object) -> None:
    for row in coming:
        row["described"] = None


def _batch(number: int, names: Sequence[str]) -> list[Event]:
    speakers = [actor(name) for name in names]
    thirds = [tuple(speakers[place : place + 3]) for place in range(0, len(speakers), 3)]
    return [
        event
        for place, three in enumerate(thirds)
        for event in make(f"art-{number + place}", speakers=three).events
    ]


def _name(draw: random.Random) -> str:
    """A given name of some hundreds and a surname of many, so that names share keys about as often as in the
    news."""
    given = "".join(draw.choices(_SYLLABLES[:12], k=2)).capitalize()
    return f"{given} {''.join(draw.choices(_SYLLABLES, k=4)).capitalize()}"


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


if __name__ == "__main__":
    main()
