"""Comparing predicted attributions with annotated ones: spans, whole items, and who said what."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.optimize import linear_sum_assignment

from lab.quality.kinds import SPEECH, TYPES, attribution_type
from lab.quality.polnear import GoldArticle
from services.extract.types import Attribution, Range

ROLES = ("source", "cue", "content")
EXACT, OVERLAP, JACCARD = "exact", "overlap", "Jaccard ≥ .5"
LEVELS = (EXACT, OVERLAP, JACCARD)
ITEM, WHO_SAID_WHAT, FULL = "content of an item", "who-said-what", "full attribution"
MEASURES = {ITEM: ("content",), WHO_SAID_WHAT: ("source", "content"), FULL: ("source", "cue", "content")}
SUBSETS = ("all", "speech", *TYPES)

_TOKEN = re.compile(r"\w+|[^\w\s]")
_HALF = 0.5


class Count(NamedTuple):
    """True positives, predicted and annotated items: sums of them give micro-averaged figures."""

    hits: float = 0
    predicted: float = 0
    gold: float = 0

    def plus(self, other: Count) -> Count:
        """The sum of both."""
        return Count(self.hits + other.hits, self.predicted + other.predicted, self.gold + other.gold)

    @property
    def precision(self) -> float:
        return self.hits / self.predicted if self.predicted else 0.0

    @property
    def recall(self) -> float:
        return self.hits / self.gold if self.gold else 0.0

    @property
    def f1(self) -> float:
        return 2 * self.hits / (self.predicted + self.gold) if self.predicted + self.gold else 0.0


Key = tuple[str, str, str]  # (measure, level, subset)
Counts = dict[Key, Count]


@dataclass(frozen=True, slots=True)
class Item:
    """One attribution as a scorer sees it: every role as ranges, and as the set of tokens it touches."""

    ranges: dict[str, tuple[Range, ...]]
    tokens: dict[str, frozenset[int]]
    kind: str


class Tokens:
    """The tokens of a text: runs of letters and digits, and single marks. Spans are compared by the tokens
    they touch."""

    def __init__(self, text: str) -> None:
        places = [match.span() for match in _TOKEN.finditer(text)]
        self._starts = np.array([start for start, _ in places], np.int64)
        self._ends = np.array([end for _, end in places], np.int64)

    def touched(self, span: Range) -> range:
        """Indexes of the tokens that share a character with ``span``."""
        return range(
            int(np.searchsorted(self._ends, span.start, "right")),
            int(np.searchsorted(self._starts, span.end, "left")),
        )

    def set_of(self, spans: tuple[Range, ...]) -> frozenset[int]:
        """All tokens touched by any of ``spans``."""
        return frozenset(index for span in spans for index in self.touched(span))


def make_item(
    text: str, tokens: Tokens, source: tuple[Range, ...], cue: tuple[Range, ...], content: tuple[Range, ...]
) -> Item:
    """An item to be scored, with its type by the frozen rule."""
    ranges = dict(zip(ROLES, (source, cue, content), strict=True))
    return Item(
        ranges,
        {role: tokens.set_of(spans) for role, spans in ranges.items()},
        attribution_type(text, content, cue),
    )


def gold_as_items(article: GoldArticle, tokens: Tokens) -> list[Item]:
    """What annotators marked, as items."""
    return [
        make_item(article.text, tokens, item.source, item.cue, item.content) for item in article.attributions
    ]


def attributions_as_items(text: str, tokens: Tokens, found: Sequence[Attribution]) -> list[Item]:
    """What an extractor found, as items."""
    return [
        make_item(
            text, tokens, (item.source,) if item.source else (), (item.cue,) if item.cue else (), item.content
        )
        for item in found
    ]


def jaccard(left: frozenset[int], right: frozenset[int]) -> float:
    """Shared part of two token sets; two empty ones agree."""
    union = len(left | right)
    return len(left & right) / union if union else 1.0


def agree(left: frozenset[int], right: frozenset[int], level: str) -> bool:
    """Whether one role agrees at a level. A role that both leave empty agrees; one that only one leaves empty
    does not."""
    if not left and not right:
        return True
    if level == EXACT:
        return left == right
    return bool(left & right) if level == OVERLAP else jaccard(left, right) >= _HALF


def match_items(gold: Sequence[Item], predicted: Sequence[Item]) -> list[tuple[int, int]]:
    """Pairs (gold, predicted) that share content, one to one, such that the summed Jaccard of content is
    greatest; the Jaccard of source and cue breaks ties."""
    if not gold or not predicted:
        return []
    gain = np.zeros((len(gold), len(predicted)))
    for row, item in enumerate(gold):
        for column, other in enumerate(predicted):
            if item.tokens["content"] & other.tokens["content"]:
                extra = jaccard(item.tokens["source"], other.tokens["source"]) + jaccard(
                    item.tokens["cue"], other.tokens["cue"]
                )
                gain[row, column] = jaccard(item.tokens["content"], other.tokens["content"]) + 0.01 * extra
    rows, columns = linear_sum_assignment(gain, maximize=True)
    return [
        (int(row), int(column)) for row, column in zip(rows, columns, strict=True) if gain[row, column] > 0
    ]


def _span_counts(tokens: Tokens, gold: Sequence[Item], predicted: Sequence[Item]) -> Counts:
    """Contiguous spans with equal token boundaries, each distinct span once (several attributions may share a
    source)."""
    counts: Counts = {}
    for role in ROLES:
        sides = []
        for items in (gold, predicted):
            spans = {tokens.touched(span) for item in items for span in item.ranges[role]}
            sides.append({(span.start, span.stop) for span in spans if span})
        counts[f"{role} span", EXACT, "all"] = Count(len(sides[0] & sides[1]), len(sides[1]), len(sides[0]))
    return counts


def subsets_of(kind: str) -> tuple[str, ...]:
    """The subsets an item of one type counts in."""
    return ("all", "speech", kind) if kind in SPEECH else ("all", kind)


def score_article(article: GoldArticle, found: Sequence[Attribution]) -> Counts:
    """Counts of one article for every measure, level and subset.

    A predicted item counts in the subset of the annotated one it is matched with; unmatched, in the one its
    own type says.
    """
    tokens = Tokens(article.text)
    gold, predicted = gold_as_items(article, tokens), attributions_as_items(article.text, tokens, found)
    counts = Counter[tuple[Key, str]]()
    partner = {column: row for row, column in match_items(gold, predicted)}
    for item in gold:
        for subset in subsets_of(item.kind):
            counts[("", "", subset), "gold"] += 1
    for column, item in enumerate(predicted):
        match = gold[partner[column]] if column in partner else None
        for subset in subsets_of((match or item).kind):
            counts[("", "", subset), "predicted"] += 1
            if match is None:
                continue
            for measure, roles in MEASURES.items():
                for level in LEVELS:
                    hit = all(agree(match.tokens[role], item.tokens[role], level) for role in roles)
                    counts[(measure, level, subset), "hits"] += hit
    result = _span_counts(tokens, gold, predicted)
    for measure in MEASURES:
        for level in LEVELS:
            for subset in SUBSETS:
                totals = ("", "", subset)
                hits = counts[(measure, level, subset), "hits"]
                result[measure, level, subset] = Count(
                    hits, counts[totals, "predicted"], counts[totals, "gold"]
                )
    return result


def add_up(counts: Sequence[Counts]) -> Counts:
    """Micro totals over articles."""
    total: Counts = {}
    for one in counts:
        for key, count in one.items():
            total[key] = total.get(key, Count()).plus(count)
    return total


def bootstrap_f1(counts: Sequence[Counts], key: Key, draws: int = 1000, seed: int = 0) -> tuple[float, float]:
    """The 95 % interval of a micro F1 when whole articles are drawn with replacement (items of one article go
    together)."""
    rows = np.array([counts_of.get(key, Count()) for counts_of in counts], float)
    if not len(rows):
        return 0.0, 0.0
    picks = np.random.default_rng(seed).integers(0, len(rows), (draws, len(rows)))
    hits, predicted, gold = np.moveaxis(rows[picks].sum(axis=1), 1, 0)
    f1 = 2 * hits / np.maximum(predicted + gold, 1)
    low, high = np.percentile(f1, [2.5, 97.5])
    return float(low), float(high)
