"""``python -m lab.training --corpus PATH --out DIR``: corpus to model folder. ``make train`` runs it.

The folder ``DIR/model`` then holds what ships: ``model.onnx``, ``tokenizer.json``, ``model.json``,
``MODEL_CARD.md``.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from lab.quality.polnear import CorpusMissing, GoldArticle, read_polnear
from lab.quality.report import figures, table
from lab.quality.scoring import score_article
from lab.training.calibrate import (
    fit_confidence,
    fit_source_confidence,
    halves,
    labelled,
    labelled_sources,
    transition_scores,
    tried,
)
from lab.training.card import model_card
from lab.training.claims import claim_figures, read_news, read_sentences, refit_claim_head
from lab.training.config import TrainingConfig
from lab.training.data import read_examples
from lab.training.export import export_int8
from lab.training.loop import train
from lab.training.model import base_folder, load_weights, new_model
from services.extract.tagger.decode import Decoder, Found
from services.extract.tagger.encoding import encode
from services.extract.tagger.network import Network
from services.extract.tagger.spec import Decoding, ModelSpec

NAME = "onrecord-attribution-minilm"
END_WEIGHT, NONE_WEIGHT = 1.0, 0.2
"""How the decoder weighs the ends of contents, and the network's saying that there is no source. Chosen on
PolNeAR dev: the latter gains 0.2 points, the ends up to half a point of exact contents. docs/experiments.md
has the figures."""


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m lab.training", description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True, help="folder of PolNeAR")
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        help="folder for everything the run makes; an interrupted run goes on there",
    )
    parser.add_argument("--version", default="1", help="version of the model (default: 1)")
    parser.add_argument(
        "--claims",
        type=Path,
        help="ClaimBuster's two-class sentences (default: check-worthiness is not learnt)",
    )
    parser.add_argument(
        "--start",
        type=Path,
        help="weights, or a released model.onnx, after the first cycles: they are skipped",
    )
    parser.add_argument(
        "--cycles-done", type=int, default=1, help="how many cycles --start has behind it (default: 1)"
    )
    parser.add_argument("--steps", type=int, default=0, help="stop after so many steps (default: all epochs)")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--articles",
        type=int,
        default=0,
        help="train on so many articles only (default: all), to try the machinery",
    )
    parser.add_argument(
        "--weights", type=Path, help="skip training: export, calibrate and measure these weights"
    )
    parser.add_argument(
        "--recipe", default="not stated", help="with --weights: how they were trained, for the model card"
    )
    return parser.parse_args(arguments)


def make_tokenizer(folder: Path) -> Tokenizer:
    """The base model's tokenizer without truncation and padding, saved to ``folder``."""
    tokenizer = Tokenizer.from_file(str(base_folder() / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    return tokenizer


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; 0, or 2 with one line on standard error when there is no corpus."""
    options = parse(arguments)
    try:
        held_out = list(read_polnear(options.corpus, "dev"))
        config = TrainingConfig(
            options.corpus,
            options.out,
            options.claims,
            options.start,
            cycles_done=options.cycles_done if options.start else 0,
            steps=options.steps,
            batch=options.batch,
            seed=options.seed,
            threads=options.threads,
        )
        folder = options.out / "model"
        tokenizer = make_tokenizer(folder)
        if options.weights:
            model = load_weights(options.weights)
            training: dict[str, object] = {
                "recipe": options.recipe,
                "weights, sha256": _sha256(options.weights),
            }
        else:
            examples = []
            for example in read_examples(options.corpus, "train", tokenizer):
                examples.append(example)
                if len(examples) % 100 == 0:
                    print(f"{len(examples)} articles read", flush=True)
                if len(examples) == options.articles:
                    break
            sentences = read_sentences(options.claims, tokenizer) if options.claims else []
            model = load_weights(options.start, complete=False) if options.start else new_model()
            training = {**config.describe(), **train(model, examples, sentences, tokenizer, config)}
    except CorpusMissing as error:
        print(error, file=sys.stderr)
        return 2
    claims: dict[str, float] = {}
    if options.claims:
        print("fitting the check-worthiness head", flush=True)
        alone = refit_claim_head(
            model,
            read_sentences(options.claims, tokenizer),
            config.window,
            read_news(options.corpus, tokenizer),
        )
        claims = claim_figures(model, read_sentences(options.claims, tokenizer, held_out=True), alone)
        print(claims, flush=True)
    print("exporting", flush=True)
    export_int8(model, folder / "model.onnx", reduce_range=True)
    print("counting transitions", flush=True)
    transitions = transition_scores(read_polnear(options.corpus, "train"), tokenizer)
    rounded = tuple(tuple(tuple(row) for row in table_of) for table_of in np.round(transitions, 3).tolist())
    spec = ModelSpec(
        name=NAME,
        version=options.version,
        sha256=_sha256(folder / "model.onnx"),
        decoding=Decoding(transitions=rounded, end_weight=END_WEIGHT, none_weight=NONE_WEIGHT),
        training=training,
        figures={"ClaimBuster, held out": claims} if claims else {},
    )
    finish(spec, folder, tokenizer, held_out)
    return 0


def finish(spec: ModelSpec, folder: Path, tokenizer: Tokenizer, articles: list[GoldArticle]) -> None:
    """Calibrate on every second article, measure on all, and write ``model.json`` and the card."""
    network = Network(folder / "model.onnx", len(spec.roles), len(spec.entities))
    decoder = Decoder(spec)
    found: list[list[Found]] = []
    for number, article in enumerate(articles, 1):
        pieces = encode(tokenizer, article.text)
        found.append(decoder.found(article.text, pieces, network(pieces, spec.plan)))
        if number % 20 == 0 or number == len(articles):
            print(f"{number}/{len(articles)} held-out articles", flush=True)
    fitted_on, tried_on = halves(
        [labelled(article, items) for article, items in zip(articles, found, strict=True)]
    )
    calibration = fit_confidence(*fitted_on)
    measured = tried(calibration, *tried_on)
    fitted_on, tried_on = halves(
        [labelled_sources(article, items) for article, items in zip(articles, found, strict=True)]
    )
    source_calibration = fit_source_confidence(*fitted_on)
    measured_sources = tried(source_calibration, *tried_on)
    rows = figures(
        [
            score_article(article, [item.attribution for item in items])
            for article, items in zip(articles, found, strict=True)
        ]
    )
    print(table(rows))
    headline = {
        f"{row['measure']}, {row['level']}, {row['subset']}": row["f1"]
        for row in rows
        if row["subset"] in ("all", "speech")
    }
    figures_of = {
        **spec.figures,
        "PolNeAR dev, F1": headline,
        "confidence": measured,
        "source confidence": measured_sources,
    }
    calibrated = {"calibration": calibration, "source_calibration": source_calibration}
    spec = spec.model_copy(update={**calibrated, "figures": figures_of})
    (folder / "model.json").write_text(spec.model_dump_json() + "\n", encoding="utf-8")
    megabytes = (folder / "model.onnx").stat().st_size / 1e6
    (folder / "MODEL_CARD.md").write_text(
        model_card(spec, rows, measured, measured_sources, megabytes), encoding="utf-8"
    )
    print(f"{folder} holds {spec.name} {spec.version}, {megabytes:.1f} MB")


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
