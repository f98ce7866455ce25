"""How well a statement answers a search: a number made of the search and the statement alone, so that it is
the same on both databases and stays the same while the record grows, as pages that go on need it.

There is no weight for rare words (as in BM25): that would change with every article.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from services.query.search.language import leaves
from services.query.search.matching import Match

SCALE = 1_000_000
"""Scores are whole numbers: cursors hold them, and both sides must agree on every digit."""
BEHIND = SCALE * 1_000
"""More than any score: what is taken from that of a statement that must not lead."""


def score(match: Match, tokens: Sequence[str]) -> int:
    """How well the words of a statement answer.

    In this order: how many of the words looked for it has (one suffices with OR), whether as they were typed,
    how close together they stand, and how much of the statement they are.
    """
    there: list[tuple[int, int]] = []
    """Place and number of each word or phrase found."""
    held = typed = 0
    for number, words in enumerate(leaves(match.tree)):
        places = match.places(words, tokens)
        held += bool(places)
        typed += any(tuple(tokens[place : place + len(words.tokens)]) == words.tokens for place in places)
        there += [(place, number) for place in places]
    if not held:
        return 0
    closeness = held / max(held, _window(sorted(there), held))
    share = 1 / (1 + math.log2(1 + len(tokens) / held))
    return round(SCALE * (4 * held + typed + closeness + share))


def _window(there: Sequence[tuple[int, int]], held: int) -> int:
    """Words from the first to the last of the shortest stretch that has all that was found."""
    counts: dict[int, int] = {}
    best, start = len(there) and there[-1][0] - there[0][0] + 1, 0
    for place, number in there:
        counts[number] = counts.get(number, 0) + 1
        while len(counts) == held:
            first, leaving = there[start]
            best = min(best, place - first + 1)
            counts[leaving] -= 1
            if not counts[leaving]:
                del counts[leaving]
            start += 1
    return best
