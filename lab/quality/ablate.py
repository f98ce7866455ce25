"""What each rule is worth: every one left out in turn, on every set. ``make ablate`` (``python -m
lab.quality.ablate``).

Sets that were read while the rules were written are marked so; a gain there is no proof. Deltas are what
*leaving the rule out* does, in points: negative means the rule helps. *Touched* counts the articles of all
sets whose output differs at all.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.gate.recording import Recorder
from lab.gate.rendering import digest
from lab.quality.actors import end_to_end, read_actors
from lab.quality.gum_gold import COMMITTED as GUM_TEXTS
from lab.quality.gum_gold import read_gum
from lab.quality.news_speech import actor_figures, score_page
from lab.quality.news_speech_labels import COMMITTED as SPEECH
from lab.quality.news_speech_labels import GUM, PageLabels, read_pages
from lab.quality.polnear import GoldArticle, read_polnear
from lab.quality.scoring import EXACT, FULL, JACCARD, OVERLAP, WHO_SAID_WHAT, add_up, score_article
from lab.quality.whole import placed, plain_article
from services.extract.cli_json import read_article
from services.extract.extract import EXTRACTOR_VERSION, Extraction, Extractor
from services.extract.rules import RULES
from services.extract.tagger import Tagger

_TRAIN_STEP = 6  # every sixth training article: 140, enough that a tenth of a point is several items
_POINTS = 0.005


@dataclass(frozen=True, slots=True)
class Sample:
    """A set: how to read it into extractions, and how to score these into figures in points."""

    name: str
    extract: Callable[[Extractor], list[Extraction]]
    score: Callable[[Extractor, Sequence[Extraction]], dict[str, float]]


def polnear(name: str, articles: Sequence[GoldArticle]) -> Sample:
    """Articles of PolNeAR: who said what and whole attributions."""

    def extract(extractor: Extractor) -> list[Extraction]:
        return [extractor.extract(plain_article(article.name, article.text)) for article in articles]

    def score(_: Extractor, found: Sequence[Extraction]) -> dict[str, float]:
        wholes = [
            placed(extraction, article.text) for extraction, article in zip(found, articles, strict=True)
        ]
        total = add_up(
            [score_article(a, whole.attributions) for a, whole in zip(articles, wholes, strict=True)]
        )
        return {
            "J": 100 * total[WHO_SAID_WHAT, JACCARD, "all"].f1,
            "speech": 100 * total[WHO_SAID_WHAT, OVERLAP, "speech"].f1,
            "full": 100 * total[FULL, EXACT, "all"].f1,
        }

    return Sample(name, extract, score)


def pages(
    name: str, labels: Sequence[PageLabels], read: Callable[[Extractor, PageLabels], Extraction], plain: bool
) -> Sample:
    """Labelled pages: who said what in speech, and the right actor of what was matched. ``plain``: offsets
    are the input's."""

    def extract(extractor: Extractor) -> list[Extraction]:
        return [read(extractor, page) for page in labels]

    def score(_: Extractor, found: Sequence[Extraction]) -> dict[str, float]:
        texts = {article.name: article.text for article in read_gum(GUM_TEXTS)} if plain else {}
        scored = [
            score_page(page, placed(extraction, texts.get(page.page)))
            for page, extraction in zip(labels, found, strict=True)
        ]
        said = add_up([page.clear for page in scored])[WHO_SAID_WHAT, OVERLAP, "speech"]
        right, of = actor_figures(scored).get("all", (0, 1))
        return {"speech": 100 * said.f1, "actors": 100 * right / of}

    return Sample(name, extract, score)


def actors(name: str, articles: Sequence[GoldArticle], path: Path) -> Sample:
    """Hand-labelled actors of PolNeAR articles, of what was matched."""
    labels = read_actors(path)
    chosen = [article for article in articles if any(label.document == article.name for label in labels)]

    def score(extractor: Extractor, _: Sequence[Extraction]) -> dict[str, float]:
        judged = [
            right
            for article in chosen
            for _, right, _, matched in end_to_end(
                article, [g for g in labels if g.document == article.name], extractor
            )
            if matched
        ]
        return {"actors": 100 * sum(judged) / max(1, len(judged))}

    return Sample(name, lambda _: [], score)


def measure(
    samples: Iterable[Sample], tagger: Recorder, without: Collection[str]
) -> tuple[dict[str, float], list[str]]:
    """All figures with some rules left out, and a digest of every article's output."""
    figures: dict[str, float] = {}
    digests: list[str] = []
    with Extractor(tagger, without=without) as extractor:
        for sample in samples:
            found = sample.extract(extractor)
            digests += [digest(extraction) for extraction in found]
            figures |= {
                f"{sample.name} {name}": value for name, value in sample.score(extractor, found).items()
            }
    return figures, digests


def table(base: dict[str, float], rows: Sequence[tuple[str, int, dict[str, float]]]) -> str:
    """The figures as a Markdown table."""
    head = ["rule", "touched", *base]
    lines = [" | ".join(head), " | ".join("---" for _ in head)]
    lines.append(" | ".join(["*all rules*", "", *(f"{value:.2f}" for value in base.values())]))
    for name, touched, figures in rows:
        deltas = [figures[key] - base[key] for key in base]
        cells = [f"{delta:+.2f}" if abs(delta) > _POINTS else "·" for delta in deltas]
        lines.append(" | ".join([f"`{name}`", str(touched), *cells]))
    return "\n".join(f"| {line} |" for line in lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; 0."""
    parser = argparse.ArgumentParser(prog="python -m lab.quality.ablate", description=__doc__)
    parser.add_argument("--corpus", type=Path, help="folder of PolNeAR (train/ and dev/)")
    parser.add_argument(
        "--pages",
        type=Path,
        action="append",
        default=[],
        help="folder with labelled pages (.html.gz); repeatable",
    )
    parser.add_argument("--actors", type=Path, help="labels of actors on PolNeAR dev")
    parser.add_argument("--rule", action="append", help="only these rules (default: each)")
    options = parser.parse_args(arguments)
    samples = list(_samples(options.corpus, options.pages, options.actors))
    tagger = Recorder(Tagger.load())
    base, outputs = measure(samples, tagger, ())
    rows = []
    for rule in options.rule or RULES:
        figures, changed = measure(samples, tagger, (rule,))
        touched = sum(before != after for before, after in zip(outputs, changed, strict=True))
        rows.append((rule, touched, figures))
        print(f"{rule}: {touched} of {len(outputs)} articles touched", file=sys.stderr)
    everything, changed = measure(samples, tagger, tuple(RULES))
    rows.append(
        (
            "all of them",
            sum(before != after for before, after in zip(outputs, changed, strict=True)),
            everything,
        )
    )
    print(
        f"Extractor {EXTRACTOR_VERSION}, {len(outputs)} articles. What leaving a rule out does, in points.\n"
    )
    print(table(base, rows))
    return 0


def _samples(corpus: Path | None, folders: Sequence[Path], labelled_actors: Path | None) -> Iterable[Sample]:
    labels = read_pages(SPEECH)
    texts = {article.name: article.text for article in read_gum(GUM_TEXTS)}
    gum = [page for page in labels if page.part == GUM]
    yield pages(
        "gum",
        gum,
        lambda extractor, page: extractor.extract(plain_article(page.page, texts[page.page])),
        plain=True,
    )
    for part in sorted({page.part for page in labels} - {GUM}):
        there = [page for page in labels if page.part == part and _find(page, folders)]
        if there:
            yield pages(
                part,
                there,
                lambda extractor, page: extractor.extract(read_article(_found(page, folders))),
                plain=False,
            )
    if corpus is not None:
        dev = list(read_polnear(corpus, "dev"))
        yield polnear("dev", dev)
        yield polnear("train", list(read_polnear(corpus, "train"))[::_TRAIN_STEP])
        if labelled_actors is not None:
            yield actors("dev", dev, labelled_actors)


def _find(page: PageLabels, folders: Sequence[Path]) -> Path | None:
    return next((folder / page.page for folder in folders if (folder / page.page).is_file()), None)


def _found(page: PageLabels, folders: Sequence[Path]) -> Path:
    path = _find(page, folders)
    assert path is not None, "only pages that are there are asked for"
    return path


if __name__ == "__main__":
    sys.exit(main())
