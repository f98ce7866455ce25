"""Type and check-worthiness of claims on labelled pages: ``python -m lab.quality.page_claims --pages FOLDER
[--part PART]``.

Twice, with 95 % intervals (pages drawn with replacement): of the labelled claims as they are (*given*), and
of those that the extraction found (*found*: the claim that shares half of the characters, the best one; a
claim that is not found counts as wrong and as not worth checking). The confusion of types is printed for
parts that may be read only.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lab.quality.checkworthiness import average_precision
from lab.quality.news_speech_labels import (
    COMMITTED,
    LOCKED,
    SHOWN,
    WORK,
    Carrier,
    LabelledClaim,
    PageLabels,
    read_pages,
)
from schemas.events import Claim
from services.extract.claims.checkworthiness import check_worthiness
from services.extract.claims.propositions import TYPES, claim_type
from services.extract.cli_json import read_article
from services.extract.extract import EXTRACTOR_VERSION, Extractor
from services.extract.tagger import Tagger
from services.extract.types import ClaimEvidence, Range

_DRAWS = 1000
_HALF = 0.5


@dataclass(frozen=True, slots=True)
class Answer:
    """A labelled claim of a page with what is said of it: given its words, and by the extraction (None: not
    found)."""

    page: str
    label: LabelledClaim
    given: tuple[str, float]
    found: tuple[str, float] | None


def page_claims(page: PageLabels, text: str) -> Iterator[tuple[Range, LabelledClaim]]:
    """The labelled claims that have a place in the page's present text."""
    carrier = Carrier(page, text)
    for label in carrier.carry()[0]:
        for claim in label.label.claims or ():
            span = carrier.place(claim.place)
            if span is not None:
                yield span, claim


def answers(page: PageLabels, text: str, claims: Sequence[Claim], evidence: ClaimEvidence) -> list[Answer]:
    """What is said of every labelled claim of a page."""
    rows = []
    for span, label in page_claims(page, text):
        words = text[span.start : span.end]
        given = (claim_type(words).value, check_worthiness(words, evidence([span])))
        rows.append(Answer(page.page, label, given, _found(span, claims)))
    return rows


def _found(span: Range, claims: Sequence[Claim]) -> tuple[str, float] | None:
    """Type and worth of the claim that covers a stretch best, if it shares half of the characters."""
    wanted = set(range(span.start, span.end))
    best: tuple[float, tuple[str, float] | None] = (_HALF, None)
    for claim in claims:
        here = {index for place in claim.spans for index in range(place.start, place.end)}
        shared = len(wanted & here) / len(wanted | here)
        if shared >= best[0]:
            best = (shared, (claim.claim_type.value, claim.check_worthiness))
    return best[1]


def worth_precision(rows: Sequence[Answer], found: bool) -> float:
    """Average precision of worth."""
    scores = [(row.found[1] if row.found else 0.0) if found else row.given[1] for row in rows]
    return average_precision(scores, [row.label.worth for row in rows])


def types_right(rows: Sequence[Answer], found: bool) -> float:
    """The share of claims with the right type."""
    right = [
        (
            (row.found is not None and row.found[0] == row.label.type)
            if found
            else row.given[0] == row.label.type
        )
        for row in rows
    ]
    return sum(right) / len(rows) if rows else 0.0


def interval(
    rows: Sequence[Answer], figure: Callable[[Sequence[Answer], bool], float], found: bool
) -> tuple[float, float]:
    """The 95 % interval of a figure when whole pages are drawn with replacement."""
    pages: dict[str, list[Answer]] = {}
    for row in rows:
        pages.setdefault(row.page, []).append(row)
    groups, generator = list(pages.values()), np.random.default_rng(0)
    draws = (generator.integers(0, len(groups), len(groups)) for _ in range(_DRAWS))
    values = [figure([row for pick in draw for row in groups[pick]], found) for draw in draws]
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)


def table(rows: Sequence[Answer]) -> str:
    """All figures as text for a terminal."""
    worthy = sum(row.label.worth for row in rows)
    worth = f"{worthy} worth checking (base rate {worthy / len(rows):.3f})"
    lines = [f"{len(rows)} claims, {worth}, {sum(r.found is not None for r in rows)} found"]
    for name, found in (("given", False), ("found", True)):
        for title, figure in (("worth, average precision", worth_precision), ("type right", types_right)):
            low, high = interval(rows, figure, found)
            lines.append(f"{name}: {title:26}{figure(rows, found):.3f}  {low:.3f}–{high:.3f}")
    lines.append(f"{'type':12}{'labelled':>9}{'given':>7}{'right':>7}")
    for kind in TYPES:
        labelled = [row for row in rows if row.label.type == kind.value]
        given = sum(row.given[0] == kind.value for row in rows)
        lines.append(
            f"{kind.value:12}{len(labelled):>9}{given:>7}{sum(row.given[0] == kind.value for row in labelled):>7}"
        )
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run."""
    parser = argparse.ArgumentParser(prog="python -m lab.quality.page_claims", description=__doc__)
    parser.add_argument("--pages", type=Path, required=True, help="folder with the labelled pages (.html.gz)")
    parser.add_argument("--part", choices=[WORK, LOCKED], default=WORK, help="which pages")
    options = parser.parse_args(arguments)
    tagger, rows = Tagger.load(), []
    with Extractor(tagger) as extractor:
        for page in (page for page in read_pages(COMMITTED) if page.part == options.part):
            extraction = extractor.extract(read_article(options.pages / page.page))
            text = extraction.document.text
            rows += answers(page, text, extraction.claims, tagger(text).claims)
    print(f"onrecord {EXTRACTOR_VERSION} on {options.part} pages\n{table(rows)}")
    if options.part in SHOWN:
        mistaken = Counter((row.label.type, row.given[0]) for row in rows if row.label.type != row.given[0])
        print(
            "\n".join(
                f"{wanted} taken for {given}: {count}" for (wanted, given), count in mistaken.most_common(15)
            )
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
