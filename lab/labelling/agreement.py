"""How far two readers of the same pages agree: who said what, who that is, and what of it is a claim."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field

from lab.labelling.reading import ReadAttribution, ReadClaim, ReadPage
from schemas.ids import name_key
from services.extract.types import Range

ACTOR = "actor"
_HALF = 0.5


@dataclass(slots=True)
class Agreement:
    """Counts of two readings. ``judgements``: pairs of what both said of the same thing, by what was
    judged."""

    left: int = 0
    right: int = 0
    overlap: int = 0
    mostly: int = 0
    judgements: dict[str, list[tuple[Hashable, Hashable]]] = field(default_factory=dict)

    def judged(self, what: str, left: Hashable, right: Hashable) -> None:
        """Take down a pair of judgements."""
        self.judgements.setdefault(what, []).append((left, right))

    def lines(self) -> list[str]:
        """The figures, for people."""
        both = max(1, self.left + self.right)
        found = (
            f"found by both, F1: any overlap {200 * self.overlap / both:.1f}, half of the words"
            f" {200 * self.mostly / both:.1f}"
        )
        lines = [f"attributions: {self.left} and {self.right}; {found}"]
        for what, pairs in self.judgements.items():
            same = (
                f"{what}: the same for {100 * sum(left == right for left, right in pairs) / len(pairs):.1f} %"
                f" of {len(pairs)}"
            )
            # names are compared, not chosen from a list: chance has no share in their agreement
            lines.append(same if what == ACTOR else f"{same}, kappa {kappa(pairs):.2f}")
        return lines


def agreement(left: Sequence[ReadPage], right: Sequence[ReadPage]) -> Agreement:
    """Compare two readings of the pages that both have read."""
    total = Agreement()
    others = {page.name: page for page in right}
    for page in left:
        other = others.get(page.name)
        if other is not None:
            _compare(total, page, other)
    return total


def kappa(pairs: Sequence[tuple[Hashable, Hashable]]) -> float:
    """Cohen's kappa (Cohen 1960); 1 where both always say the same one thing."""
    total = len(pairs)
    observed = sum(left == right for left, right in pairs) / total
    lefts, rights = Counter(left for left, _ in pairs), Counter(right for _, right in pairs)
    expected = sum(count * rights[value] for value, count in lefts.items()) / total**2
    return 1.0 if expected == 1 else (observed - expected) / (1 - expected)


def _compare(total: Agreement, left: ReadPage, right: ReadPage) -> None:
    total.left += len(left.attributions)
    total.right += len(right.attributions)
    places = [[_characters(left.text, a) for a in page.attributions] for page in (left, right)]
    candidates = sorted(
        (-len(one & other) / len(one | other), i, j)
        for i, one in enumerate(places[0])
        for j, other in enumerate(places[1])
        if one & other
    )
    taken: tuple[set[int], set[int]] = (set(), set())
    for share, i, j in candidates:
        if i in taken[0] or j in taken[1]:
            continue
        taken[0].add(i)
        taken[1].add(j)
        total.overlap += 1
        total.mostly += -share >= _HALF
        _judge(total, left.attributions[i], right.attributions[j])


def _judge(total: Agreement, left: ReadAttribution, right: ReadAttribution) -> None:
    names = [set(name_key(a.actor["name"]).split("-")) if a.actor else set() for a in (left, right)]
    same = names[0] <= names[1] or names[1] <= names[0]
    total.judged(ACTOR, True, bool(same and (bool(names[0]) == bool(names[1]))))
    total.judged("doubtful", left.doubtful, right.doubtful)
    total.judged("denied", left.denied, right.denied)
    for claim in left.claims:
        other = max(right.claims, key=lambda c: _shared(claim.place, c.place), default=None)
        if other is not None and _shared(claim.place, other.place) >= _HALF:
            _judge_claim(total, claim, other)


def _judge_claim(total: Agreement, left: ReadClaim, right: ReadClaim) -> None:
    total.judged("claim worth checking", left.worth, right.worth)
    total.judged("claim's type", left.type, right.type)
    total.judged("claim negated", left.negated, right.negated)


def _characters(text: str, attribution: ReadAttribution) -> frozenset[int]:
    return frozenset(i for piece in attribution.content for i in range(*piece) if not text[i].isspace())


def _shared(left: Range, right: Range) -> float:
    """The Jaccard index of two stretches."""
    shared = max(0, min(left.end, right.end) - max(left.start, right.start))
    return shared / (left.end - left.start + right.end - right.start - shared)
