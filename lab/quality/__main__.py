"""``python -m lab.quality``: score extraction against annotated news. ``make quality`` runs it."""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from lab.quality.calibration import (
    Judged,
    judged_attributions,
    judged_sources,
    reliability_json,
    reliability_table,
)
from lab.quality.errors import errors_of
from lab.quality.gum import score_gum
from lab.quality.gum_actors import actor_counts, judged
from lab.quality.gum_gold import COMMITTED, read_gum
from lab.quality.pages import FolderRefused, Listed, check_folder, write_pages
from lab.quality.polnear import CorpusMissing, GoldArticle, read_polnear
from lab.quality.report import figures, table
from lab.quality.scoring import score_article
from lab.quality.systems import PredictionsBroken, System, recorded_system, text_system
from lab.quality.whole import reader
from services.extract.extract import EXTRACTOR_VERSION, Extractor
from services.extract.tagger import ModelBroken, Tagger
from services.extract.types import Attribution

_SEED = 20161101  # of the sample of articles; any fixed number, so that two runs score the same ones


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m lab.quality", description=__doc__)
    parser.add_argument(
        "--corpus",
        type=Path,
        default=os.environ.get("CORPUS") or None,
        help="folder of PolNeAR (default: $CORPUS)",
    )
    parser.add_argument("--split", default="dev", help="train, dev or test (default: dev); score test once")
    parser.add_argument(
        "--sample",
        type=int,
        default=0,
        metavar="N",
        help="score N articles chosen with a fixed seed (default: all)",
    )
    parser.add_argument("--json", type=Path, metavar="OUT", help="write every figure there too")
    parser.add_argument(
        "--html", type=Path, metavar="DIR", help="write pages there that show every error in its article"
    )
    parser.add_argument("--model", type=Path, help="folder of the model to score (default: the shipped one)")
    parser.add_argument(
        "--tagger", action="store_true", help="score the network's own output instead of the whole extraction"
    )
    parser.add_argument(
        "--predictions",
        type=Path,
        metavar="JSONL",
        help="score this output of `onrecord extract --json` instead",
    )
    parser.add_argument(
        "--gum",
        type=Path,
        nargs="?",
        const=COMMITTED,
        metavar="FOLDER",
        help=(
            "measure attribution (recall) and actors on GUM's news instead of PolNeAR (default: the articles"
            " the project carries)"
        ),
    )
    options = parser.parse_args(arguments)
    if options.gum is not None and options.html is not None:
        parser.error("--html shows PolNeAR's spans; GUM has clauses only")
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; 0, or 2 with one line on standard error when the corpus, the model or the predictions cannot be
    used."""
    options = parse(arguments)
    try:
        if options.html is not None:
            check_folder(options.html)  # before minutes of work
        return _second_ruler(options) if options.gum is not None else _first_ruler(options)
    except (CorpusMissing, ModelBroken, PredictionsBroken, FolderRefused) as error:
        polnear = isinstance(error, CorpusMissing) and options.gum is None
        print(f"{error} (CORPUS=… names PolNeAR's folder)" if polnear else error, file=sys.stderr)
        return 2


def _first_ruler(options: argparse.Namespace) -> int:
    """PolNeAR."""
    if options.corpus is None:
        raise CorpusMissing("no corpus: github.com/networkdynamics/PolNeAR cannot ship with this project")
    articles = list(read_polnear(Path(options.corpus), options.split))
    if options.sample and options.sample < len(articles):
        drawn = random.Random(_SEED).sample(articles, options.sample)  # noqa: S311 - which articles is no secret
        articles = sorted(drawn, key=lambda article: article.name)
    with ExitStack() as stack:
        system, what = _system(options, stack)
        found, seconds = run(system, articles)
    rows = figures([score_article(article, items) for article, items in zip(articles, found, strict=True)])
    words = sum(len(article.text.split()) for article in articles)
    print(
        f"{what} on PolNeAR {options.split}: {len(articles)} articles, {words} words, {seconds:.1f} s"
        f" ({words / seconds:.0f} words/s)"
    )
    print(table(rows))
    sure = [
        pair
        for article, items in zip(articles, found, strict=True)
        for pair in judged_attributions(article, items)
    ]
    print(reliability_table("attribution (right: content J ≥ .5 and source overlap)", sure))
    of_sources = [
        pair
        for article, items in zip(articles, found, strict=True)
        for pair in judged_sources(article, items)
    ]
    print(reliability_table("source, where content is right (J ≥ .5)", of_sources))
    if options.html:
        listed = [
            Listed(article, items, errors_of(article, items))
            for article, items in zip(articles, found, strict=True)
        ]
        print(
            f"{write_pages(options.html, f'{what} on PolNeAR {options.split}', listed)} errors in"
            f" {options.html / 'index.html'}"
        )
    if options.json:
        summary: dict[str, object] = {
            "system": what,
            "split": options.split,
            "articles": len(articles),
            "words": words,
            "seconds": round(seconds, 2),
        }
        summary |= {
            "figures": rows,
            "calibration": {"attribution": reliability_json(sure), "source": reliability_json(of_sources)},
        }
        options.json.write_text(json.dumps(summary, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return 0


def _system(options: argparse.Namespace, stack: ExitStack) -> tuple[System, str]:
    """What is scored, and its name."""
    if options.predictions:
        return recorded_system(options.predictions), str(options.predictions)
    tagger = Tagger.load(options.model)
    name = f"{tagger.name} {tagger.version}"
    if options.tagger:
        return text_system(lambda text: tagger(text).attributions), f"{name} (the tagger alone)"
    read = reader(stack.enter_context(Extractor(tagger)))
    return (
        lambda article: read(article.name, article.text).attributions,
        f"onrecord {EXTRACTOR_VERSION} with {name}",
    )


def _second_ruler(options: argparse.Namespace) -> int:
    """GUM: recall of attribution, and actors."""
    articles = read_gum(options.gum)
    tagger = Tagger.load(options.model)
    with Extractor(tagger) as extractor:
        read = reader(extractor)
        found = {article.name: read(article.name, article.text) for article in articles}
    print(
        f"onrecord {EXTRACTOR_VERSION} with {tagger.name} {tagger.version} on GUM news: {len(articles)}"
        " articles"
    )
    verdicts = [verdict for article in articles for verdict in judged(article, found[article.name])]
    counts = score_gum(articles, lambda article: found[article.name].attributions) | actor_counts(verdicts)
    for name, (right, of) in counts.items():
        print(f"{name:47}{100 * right / max(1, of):>7.1f} %  ({right} of {of})")
    sure: list[Judged] = [
        (verdict.actor.confidence, verdict.right) for verdict in verdicts if verdict.actor is not None
    ]
    print(reliability_table("actors (matched sources)", sure))
    if options.json:
        rows = [{"measure": name, "hits": right, "gold": of} for name, (right, of) in counts.items()]
        summary = {
            "articles": len(articles),
            "recall": rows,
            "calibration": {"actors": reliability_json(sure)},
        }
        options.json.write_text(json.dumps(summary, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return 0


def run(system: System, articles: Sequence[GoldArticle]) -> tuple[list[Sequence[Attribution]], float]:
    """What ``system`` finds in each article, and the seconds it took over all of them; shows progress on a
    terminal."""
    found: list[Sequence[Attribution]] = []
    seconds = 0.0
    for number, article in enumerate(articles, 1):
        begun = time.perf_counter()
        found.append(system(article))
        seconds += time.perf_counter() - begun
        if sys.stderr.isatty():
            print(
                f"\r{number}/{len(articles)} articles",
                end="" if number < len(articles) else "\n",
                file=sys.stderr,
                flush=True,
            )
    return found, max(seconds, 1e-9)


if __name__ == "__main__":
    sys.exit(main())
