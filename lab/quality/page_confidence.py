"""How far confidences can be believed on labelled pages: ``python -m lab.quality.page_confidence --pages
FOLDER [--part PART]``.

For attributions, their sources and actors: reliability by ten bins and the expected calibration error with
its 95 % interval (pages drawn with replacement). Doubtful labels are set aside, and so is what is found of
beliefs and plans, which are not labelled.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from lab.quality.calibration import (
    Judged,
    expected_calibration_error,
    reliability,
    reliability_table,
    source_verdicts,
)
from lab.quality.kinds import OTHER_CUE, attribution_type
from lab.quality.news_speech import Scored, score_page
from lab.quality.news_speech_labels import CLOSED, COMMITTED, LOCKED, OPEN, WORK, read_pages
from lab.quality.whole import placed
from services.extract.cli_json import read_article
from services.extract.extract import EXTRACTOR_VERSION, Extractor
from services.extract.tagger import Tagger

_DRAWS = 1000


def judged(page: Scored) -> dict[str, list[Judged]]:
    """The confidences of a page's attributions, sources (of contents that are right) and actors (of matched
    items), each with whether it is right."""
    right = source_verdicts(page.article, page.found)
    kept = [
        number
        for number, item in enumerate(page.found)
        if number in right
        or attribution_type(page.article.text, item.content, (item.cue,) if item.cue else ()) != OTHER_CUE
    ]
    return {
        "attribution": [(page.found[number].confidence, right.get(number, False)) for number in kept],
        "source": [(page.found[number].source_confidence, correct) for number, correct in right.items()],
        "actor": [(verdict.found.confidence, verdict.right) for verdict in page.verdicts],
    }


def interval(pages: Sequence[Sequence[Judged]]) -> tuple[float, float]:
    """The 95 % interval of the expected calibration error when whole pages are drawn with replacement."""
    generator = np.random.default_rng(0)
    draws = (generator.integers(0, len(pages), len(pages)) for _ in range(_DRAWS))
    errors = [
        expected_calibration_error(reliability([pair for pick in draw for pair in pages[pick]]))
        for draw in draws
    ]
    low, high = np.percentile(errors, [2.5, 97.5])
    return float(low), float(high)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run."""
    parser = argparse.ArgumentParser(prog="python -m lab.quality.page_confidence", description=__doc__)
    parser.add_argument("--pages", type=Path, required=True, help="folder with the labelled pages (.html.gz)")
    parser.add_argument("--part", choices=[OPEN, CLOSED, WORK, LOCKED], default=WORK, help="which pages")
    options = parser.parse_args(arguments)
    with Extractor(Tagger.load()) as extractor:
        chosen = [page for page in read_pages(COMMITTED) if page.part == options.part]
        found = [
            judged(score_page(page, placed(extractor.extract(read_article(options.pages / page.page)))))
            for page in chosen
        ]
    print(f"onrecord {EXTRACTOR_VERSION} on {len(found)} {options.part} pages")
    for title in ("attribution", "source", "actor"):
        pages = [page[title] for page in found]
        low, high = interval(pages)
        print(reliability_table(title, [pair for page in pages for pair in page]))
        print(f"   expected calibration error, 95 %: {low:.3f}–{high:.3f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
