"""Who said what in German: ``python -m lab.quality.german --corpus FOLDER [--json OUT]``.

``FOLDER`` is the data set of Petersen-Frey and Biemann (“Dataset of Quotation Attribution in German News
Articles”, 2024; CC BY-NC-SA), or one of its parts: a JSON file per article. It is for measuring only: no rule
is written by reading it, so figures are all that is printed.

What its annotators mark as direct speech counts, also a few words of it inside indirect speech; *standing
alone* leaves those out on both sides. A quotation is found if words are shared, and its speaker is right if
the source shares a word with the one marked; of a quotation that names none, the source of whoever goes on
speaking.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.quality.polnear import GoldArticle, GoldAttribution
from lab.quality.scoring import (
    ITEM,
    JACCARD,
    OVERLAP,
    WHO_SAID_WHAT,
    Count,
    Counts,
    add_up,
    bootstrap_f1,
    score_article,
)
from lab.quality.whole import placed, plain_article
from schemas.events import Resolution
from services.extract.extract import EXTRACTOR_VERSION, Extractor
from services.extract.tagger import ModelBroken, Tagger
from services.extract.types import Attribution, Range

DIRECT = "Direct"
ROWS = (
    ("direct speech found", (ITEM, OVERLAP)),
    ("direct speech with the right speaker", (WHO_SAID_WHAT, OVERLAP)),
    ("the same, J ≥ .5", (WHO_SAID_WHAT, JACCARD)),
)


class CorpusMissing(Exception):
    """A folder without articles of the data set; the message says which."""


@dataclass(frozen=True, slots=True)
class German:
    """An article with its direct speech; ``within`` is that inside other speech."""

    article: GoldArticle
    within: frozenset[GoldAttribution]


def read_german(folder: Path) -> Iterator[German]:
    """The articles of the data set below a folder with their direct speech, in order of their files.

    Raises:
        CorpusMissing: there is none.
    """
    paths = sorted(folder.rglob("*.json"))
    if not paths:
        raise CorpusMissing(
            f"{folder}: no article (*.json) of the German data set in this folder; --corpus names it"
        )
    for path in paths:
        article = json.loads(path.read_text(encoding="utf-8"))
        direct = [item for item in article["annotations"] if item["type"] == DIRECT]
        gold = [
            GoldAttribution(*(_spans(item[role]) for role in ("speaker", "cue", "quote"))) for item in direct
        ]
        within = frozenset(said for said, item in zip(gold, direct, strict=True) if item["isNested"])
        yield German(GoldArticle(path.stem, article["originalText"], tuple(gold), 1, path), within)


def _spans(role: Any) -> tuple[Range, ...]:
    """A role's stretches; a role that is not there is an empty list."""
    return tuple(sorted(Range(span["charBegin"], span["charEnd"]) for span in role["spans"])) if role else ()


def found_in(extractor: Extractor, article: GoldArticle) -> list[Attribution]:
    """The direct speech that is found in an article, each with the source of whoever speaks."""
    extraction = extractor.extract(
        plain_article(article.name, article.text).model_copy(update={"language": "de"})
    )
    whole = placed(extraction, article.text)
    sources = {
        actor.actor_id: item.source
        for item, actor in zip(whole.attributions, whole.actors, strict=True)
        if item.source
    }
    found = []
    for item, actor in zip(whole.attributions, whole.actors, strict=True):
        inherited = item.source is None and actor.resolution is not Resolution.UNRESOLVED
        source = sources.get(actor.actor_id) if item.source is None else item.source
        if item.kind == "direct":
            kept = source if inherited or item.source is not None or actor.actor_id in sources else None
            found.append(Attribution(item.kind, item.content, kept, item.cue, item.confidence))
    return found


def standing_alone(german: German, found: Sequence[Attribution]) -> Counts:
    """Counts of an article without its direct speech inside other speech, and without what is found of
    that."""
    article = german.article
    inside = [piece for said in german.within for piece in said.content]
    alone = tuple(said for said in article.attributions if said not in german.within)
    kept = [item for item in found if not any(_shared(item.content, piece) for piece in inside)]
    return score_article(GoldArticle(article.name, article.text, alone, 1, article.annotation), kept)


def _shared(content: Sequence[Range], other: Range) -> bool:
    return any(piece.start < other.end and other.start < piece.end for piece in content)


def figures(name: str, counts: Sequence[Counts]) -> list[dict[str, Any]]:
    """One row per measure in per cent, F1 with its 95 % interval by article."""
    total = add_up(counts)
    rows = []
    for row, (measure, level) in ROWS:
        key = (measure, level, "all")
        count = total.get(key, Count())
        low, high = bootstrap_f1(counts, key)
        shares = {side: round(100 * getattr(count, side), 1) for side in ("precision", "recall", "f1")}
        numbers = {side: int(getattr(count, side)) for side in ("hits", "predicted", "gold")}
        rows.append(
            {"measure": f"{name}: {row}"}
            | shares
            | {"low": round(100 * low, 1), "high": round(100 * high, 1)}
            | numbers
        )
    return rows


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 2 with one line on standard error where the corpus or the model cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m lab.quality.german", description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True, help="folder of the German data set")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the figures there too")
    options = parser.parse_args(arguments)
    try:
        articles = list(read_german(options.corpus))
        with Extractor(Tagger.load()) as extractor:
            found = [found_in(extractor, german.article) for german in articles]
    except (CorpusMissing, ModelBroken) as error:
        print(error, file=sys.stderr)
        return 2
    scored = list(zip(articles, found, strict=True))
    rows = figures("all", [score_article(german.article, items) for german, items in scored])
    rows += figures("standing alone", [standing_alone(german, items) for german, items in scored])
    print(f"onrecord {EXTRACTOR_VERSION} on German news: {len(articles)} articles")
    print(f"{'':56}{'P':>7}{'R':>7}{'F1':>7}  95 %")
    for row in rows:
        name = f"{row['measure']} ({row['gold']})"
        print(f"{name:56}{row['precision']:>7}{row['recall']:>7}{row['f1']:>7}  {row['low']}–{row['high']}")
    if options.json:
        options.json.write_text(json.dumps(rows, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
