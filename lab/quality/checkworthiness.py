"""Check-worthiness on news: ``python -m lab.quality.checkworthiness [--corpus POLNEAR] [--pages FOLDER]``.

Ranks the labelled sentences (lab/labels/checkworthiness) by the shipped scores and prints the average
precision with its 95 % interval (files drawn with replacement), beside the base rate, which a random order
reaches, and two baselines: the longest sentence first, and the one with most figures first. The part of GUM
is always scored; the others where their folders are given.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np

from lab.quality.gum_gold import COMMITTED as GUM
from lab.quality.gum_gold import read_gum
from lab.quality.news_labels import COMMITTED as LABELS
from lab.quality.news_labels import SOURCES, Label, locate, read_labels
from lab.quality.polnear import CorpusMissing, read_raw, split_folder
from lab.quality.whole import Whole, placed, reader
from services.extract.claims.checkworthiness import WORTH_CHECKING, check_worthiness
from services.extract.cli_json import read_article
from services.extract.extract import EXTRACTOR_VERSION, Extractor
from services.extract.tagger import ModelBroken, Tagger
from services.extract.types import Range

_PARTS = {"polnear": "dev", "polnear-train": "train"}
_DRAWS = 1000
_HALF = 0.5
_FIGURE = re.compile(r"\d[\d,.]*")
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Ranked:
    """A labelled sentence with its shipped score."""

    label: Label
    text: str
    score: float


RANKINGS: dict[str, Callable[[Ranked], float]] = {
    "shipped scorer": lambda item: item.score,
    "longest first": lambda item: len(_WORD.findall(item.text)),
    "most figures first": lambda item: len(_FIGURE.findall(item.text)),
}


def published_score(found: Whole, spans: Sequence[Range]) -> float:
    """What readers of the record get for a sentence: the check-worthiness of the claim that is that sentence
    (characters: Jaccard ≥ .5, the best one), or, where it is no claim, :func:`check_worthiness` of its words.

    Sentences of direct quotes below the threshold are published as no claim, and what the tagger finds
    changes with the model; the words alone then stand in, so that every model ranks the same sentences.
    """
    wanted = {index for start, end in spans for index in range(start, end)}
    best: tuple[float, float | None] = (_HALF, None)
    for statement in found.statements:
        here = {index for start, end in statement.spans for index in range(start, end)}
        overlap = len(wanted & here) / len(wanted | here)
        if overlap >= best[0]:
            best = (overlap, statement.check_worthiness)
    return best[1] if best[1] is not None else check_worthiness(_words(found.text, spans))


def average_precision(scores: Sequence[float], worthy: Sequence[bool]) -> float:
    """Precision at each score, weighted by the recall gained there; equal scores count as one step, so no
    order among them matters. 0 when nothing is worthy."""
    total, before, area = sum(worthy), 0, 0.0
    seen = right = 0
    ordered = sorted(zip(scores, worthy, strict=True), reverse=True)
    for _, group in groupby(ordered, key=itemgetter(0)):
        here = [label for _, label in group]
        seen, right = seen + len(here), right + sum(here)
        area += (right - before) * right / seen
        before = right
    return area / total if total else 0.0


def interval(
    ranked: Sequence[Ranked], ranking: Callable[[Ranked], float], seed: int = 0
) -> tuple[float, float]:
    """The 95 % interval of the average precision when whole files are drawn with replacement."""
    files: dict[str, list[Ranked]] = {}
    for item in ranked:
        files.setdefault(item.label.file, []).append(item)
    groups = list(files.values())
    generator, drawn = np.random.default_rng(seed), []
    for _ in range(_DRAWS):
        items = [item for pick in generator.integers(0, len(groups), len(groups)) for item in groups[pick]]
        if any(item.label.worthy for item in items):
            drawn.append(
                average_precision([ranking(item) for item in items], [item.label.worthy for item in items])
            )
    low, high = np.percentile(drawn, [2.5, 97.5]) if drawn else (0.0, 0.0)
    return float(low), float(high)


def figures(ranked: Sequence[Ranked]) -> list[dict[str, Any]]:
    """One row per part and ranking; parts without a worthy sentence are left out."""
    rows: list[dict[str, Any]] = []
    for part in ("all", *SOURCES):
        items = [item for item in ranked if part in ("all", item.label.source)]
        worthy = [item.label.worthy for item in items]
        for name, ranking in RANKINGS.items() if any(worthy) else ():
            low, high = interval(items, ranking)
            precision = average_precision([ranking(item) for item in items], worthy)
            shares = {
                "sentences": len(items),
                "worthy": sum(worthy),
                "base_rate": round(sum(worthy) / len(items), 4),
            }
            rows.append(
                {
                    "part": part,
                    **shares,
                    "ranking": name,
                    "average_precision": round(precision, 4),
                    "low": round(low, 4),
                    "high": round(high, 4),
                }
            )
    return rows


def table(rows: Sequence[dict[str, Any]]) -> str:
    """The rows as text for a terminal."""
    lines = [f"{'part':10}{'sentences':>10}{'base rate':>11}  {'ranking':20}{'AP':>6}  95 %"]
    for r in rows:
        shares = f"{r['part']:10}{r['sentences']:>10}{r['base_rate']:>11.3f}"
        lines.append(
            f"{shares}  {r['ranking']:20}{r['average_precision']:>6.3f}  {r['low']:.3f}–{r['high']:.3f}"
        )
    return "\n".join(lines)


def at_threshold(ranked: Sequence[Ranked]) -> str:
    """Precision, recall and F1 of what the extraction holds worth checking."""
    kept = [item.label.worthy for item in ranked if item.score >= WORTH_CHECKING]
    worthy = sum(item.label.worthy for item in ranked)
    f1 = 2 * sum(kept) / max(1, len(kept) + worthy)
    return (
        f"at {WORTH_CHECKING}: precision {sum(kept) / max(1, len(kept)):.3f}, recall"
        f" {sum(kept) / max(1, worthy):.3f}, F1 {f1:.3f}"
    )


def rank(labels: Sequence[Label], found: Callable[[Label], Whole | None]) -> tuple[list[Ranked], int]:
    """The labels that can be scored, and how many have no place in their text (or no text)."""
    ranked: list[Ranked] = []
    for label in labels:
        whole = found(label)
        spans = locate(label, whole.text) if whole is not None else None
        if whole is not None and spans is not None:
            ranked.append(Ranked(label, _words(whole.text, spans), published_score(whole, spans)))
    return ranked, len(labels) - len(ranked)


def texts(
    labels: Sequence[Label], extractor: Extractor, corpus: Path | None, pages: Path | None
) -> Iterator[tuple[tuple[str, str], Whole]]:
    """``((source, file), what is found in it)`` for every file of the labels that can be reached, each
    once."""
    wanted = {(label.source, label.file) for label in labels}
    read = reader(extractor)
    for article in read_gum(GUM):
        if ("gum", article.name) in wanted:
            yield ("gum", article.name), read(article.name, article.text)
    folders = (
        {source: split_folder(corpus, part) / "text" for source, part in _PARTS.items()}
        if corpus is not None
        else {}
    )
    for source, file in sorted(wanted):
        folder = folders.get(source)
        if folder is not None:
            path = next((path for path in (folder / file, folder / f"{file}.txt") if path.is_file()), None)
            if path is not None:
                yield (source, file), read(file, read_raw(path))
        elif source == "pages" and pages is not None and (pages / file).is_file():
            yield (source, file), placed(extractor.extract(read_article(pages / file)))


def _words(text: str, spans: Sequence[Range]) -> str:
    return " ".join(text[start:end] for start, end in spans)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; 0, or 2 with one line on standard error when a folder or the model cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m lab.quality.checkworthiness", description=__doc__)
    parser.add_argument(
        "--corpus",
        type=Path,
        default=os.environ.get("CORPUS") or None,
        help="folder of PolNeAR (default: $CORPUS)",
    )
    parser.add_argument("--pages", type=Path, help="folder with the labelled pages (.html.gz)")
    parser.add_argument(
        "--labels", type=Path, default=LABELS, help="labels to score (default: this project's)"
    )
    parser.add_argument("--model", type=Path, help="folder of the model to score (default: the shipped one)")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write every figure there too")
    options = parser.parse_args(arguments)
    try:
        labels = read_labels(options.labels)
        tagger = Tagger.load(options.model)
        with Extractor(tagger) as extractor:
            found = dict(texts(labels, extractor, options.corpus and Path(options.corpus), options.pages))
    except (CorpusMissing, ModelBroken, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    ranked, left_out = rank(labels, lambda label: found.get((label.source, label.file)))
    rows = figures(ranked)
    print(table(rows))
    print(
        at_threshold(ranked)
        + (f"; {left_out} labelled sentences could not be reached (--corpus, --pages)" if left_out else "")
    )
    if options.json:
        system = {
            "extractor": EXTRACTOR_VERSION,
            "model": tagger.version,
            "model_sha256": tagger.model_sha256,
        }
        options.json.write_text(
            json.dumps({"system": system, "left_out": left_out, "figures": rows}, indent=1) + "\n",
            encoding="utf-8",
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
