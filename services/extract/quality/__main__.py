"""``python -m services.extract.quality``: score extraction against annotated news. ``make quality`` runs it."""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from services.extract.quality.gum import read_gum, score_gum
from services.extract.quality.polnear import CorpusMissing, GoldArticle, read_polnear
from services.extract.quality.report import figures, table
from services.extract.quality.scoring import Counts, score_article
from services.extract.quality.systems import PredictionsBroken, System, recorded_system, text_system
from services.extract.tagger import ModelBroken, Tagger

_SEED = 20161101  # of the sample of articles; any fixed number, so that two runs score the same ones


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m services.extract.quality", description=__doc__)
    parser.add_argument("--corpus", type=Path, default=os.environ.get("CORPUS") or None, help="folder of PolNeAR (default: $CORPUS)")
    parser.add_argument("--split", default="dev", help="train, dev or test (default: dev); score test once")
    parser.add_argument("--sample", type=int, default=0, metavar="N", help="score N articles chosen with a fixed seed (default: all)")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write every figure there too")
    parser.add_argument("--model", type=Path, help="folder of the model to score (default: the shipped one)")
    parser.add_argument(
        "--predictions", type=Path, metavar="JSONL", help="score this output of `onrecord extract --json` instead of the tagger"
    )
    parser.add_argument("--gum", type=Path, metavar="FOLDER", help="measure recall on GUM's news articles (.conllu) instead of PolNeAR")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; 0, or 2 with one line on standard error when the corpus, the model or the predictions cannot be used."""
    options = parse(arguments)
    if options.gum is not None:
        return _second_ruler(options)
    if options.corpus is None:
        print(
            "no corpus: pass the folder of PolNeAR as CORPUS=… (github.com/networkdynamics/PolNeAR; it cannot ship with this project)",
            file=sys.stderr,
        )
        return 2
    try:
        articles = list(read_polnear(Path(options.corpus), options.split))
        if options.sample and options.sample < len(articles):
            articles = sorted(random.Random(_SEED).sample(articles, options.sample), key=lambda article: article.name)  # noqa: S311 - no secret
        if options.predictions:
            system, what = recorded_system(options.predictions), str(options.predictions)
        else:
            tagger = Tagger.load(options.model)
            system, what = text_system(lambda text: tagger(text).attributions), f"{tagger.name} {tagger.version}"
        counts, seconds = run(system, articles)
    except (CorpusMissing, ModelBroken, PredictionsBroken) as error:
        print(f"{error} (CORPUS=… names PolNeAR's folder)" if isinstance(error, CorpusMissing) else error, file=sys.stderr)
        return 2
    rows = figures(counts)
    words = sum(len(article.text.split()) for article in articles)
    print(f"{what} on PolNeAR {options.split}: {len(articles)} articles, {words} words, {seconds:.1f} s ({words / seconds:.0f} words/s)")
    print(table(rows))
    if options.json:
        summary = {"system": what, "split": options.split, "articles": len(articles), "words": words, "seconds": round(seconds, 2)}
        options.json.write_text(json.dumps({**summary, "figures": rows}, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return 0


def _second_ruler(options: argparse.Namespace) -> int:
    """Recall on GUM."""
    try:
        articles = list(read_gum(options.gum))
        tagger = Tagger.load(options.model)
    except (CorpusMissing, ModelBroken) as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{tagger.name} {tagger.version} on GUM news: {len(articles)} articles")
    counts = score_gum(articles, lambda text: tagger(text).attributions)
    for name, (right, of) in counts.items():
        print(f"{name:32}{100 * right / max(1, of):>7.1f} %  ({right} of {of})")
    if options.json:
        rows = [{"measure": name, "hits": right, "gold": of} for name, (right, of) in counts.items()]
        options.json.write_text(json.dumps({"articles": len(articles), "recall": rows}, indent=1) + "\n", encoding="utf-8")
    return 0


def run(system: System, articles: Sequence[GoldArticle]) -> tuple[list[Counts], float]:
    """Counts per article, and the seconds that ``system`` took over all of them; shows progress on a terminal."""
    counts, seconds = [], 0.0
    for number, article in enumerate(articles, 1):
        begun = time.perf_counter()
        found = system(article)
        seconds += time.perf_counter() - begun
        counts.append(score_article(article, found))
        if sys.stderr.isatty():
            print(f"\r{number}/{len(articles)} articles", end="" if number < len(articles) else "\n", file=sys.stderr, flush=True)
    return counts, max(seconds, 1e-9)


if __name__ == "__main__":
    sys.exit(main())
