"""What went wrong, item by item: the errors that listings show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lab.quality.polnear import GoldArticle
from lab.quality.scoring import (
    EXACT,
    OVERLAP,
    Item,
    Tokens,
    agree,
    attributions_as_items,
    gold_as_items,
    match_items,
)
from services.extract.types import Attribution

MISSED, FALSE, WRONG_SOURCE, WRONG_CUE, EDGES = (
    "missed",
    "false",
    "wrong source",
    "wrong cue",
    "edges of content",
)
KINDS = (MISSED, FALSE, WRONG_SOURCE, WRONG_CUE, EDGES)


@dataclass(frozen=True, slots=True)
class Error:
    """An item that is not as annotated. ``kinds``: everything wrong with it; ``subset``: the annotated item's
    type, or that of what was found where nothing is annotated; ``detail`` says which edges; ``confidence`` is
    the extractor's, None when it found nothing."""

    kinds: tuple[str, ...]
    subset: str
    gold: Item | None
    found: Item | None
    confidence: float | None
    detail: str = ""

    @property
    def start(self) -> int:
        """Where its content begins in the text."""
        return min(
            span.start
            for item in (self.gold, self.found)
            if item is not None
            for span in item.ranges["content"]
        )


def errors_of(article: GoldArticle, found: Sequence[Attribution]) -> tuple[Error, ...]:
    """The article's errors in text order. Roles are wrong when they share no token; edges when content is not
    the same tokens."""
    tokens = Tokens(article.text)
    gold, predicted = gold_as_items(article, tokens), attributions_as_items(article.text, tokens, found)
    pairs = match_items(gold, predicted)
    rows, columns = {row for row, _ in pairs}, {column for _, column in pairs}
    errors = [
        Error((MISSED,), item.kind, item, None, None) for row, item in enumerate(gold) if row not in rows
    ]
    errors += [
        Error((FALSE,), item.kind, None, item, found[column].confidence)
        for column, item in enumerate(predicted)
        if column not in columns
    ]
    for row, column in pairs:
        left, other = gold[row], predicted[column]
        kinds = [
            kind
            for kind, role, level in (
                (WRONG_SOURCE, "source", OVERLAP),
                (WRONG_CUE, "cue", OVERLAP),
                (EDGES, "content", EXACT),
            )
            if not agree(left.tokens[role], other.tokens[role], level)
        ]
        if kinds:
            detail = _edges(left, other) if EDGES in kinds else ""
            errors.append(Error(tuple(kinds), left.kind, left, other, found[column].confidence, detail))
    return tuple(sorted(errors, key=lambda error: (error.start, error.kinds)))


def _edges(gold: Item, found: Item) -> str:
    """Which edges of the content differ, seen from the annotation: ``begins late, ends early``."""
    said = []
    for name, pick, late in (("begins", min, "late"), ("ends", max, "late")):
        here, there = pick(gold.tokens["content"], default=0), pick(found.tokens["content"], default=0)
        if here != there:
            said.append(f"{name} {late if there > here else 'early'}")
    return ", ".join(said) or "differs inside"
