"""``make quality-gate``: no figure of the whole extraction may fall: ``python -m lab.quality.gate
[--update]``.

Runs the shipped extraction on the articles of GUM that the project carries (attribution, actors,
check-worthiness), and on PolNeAR dev where $CORPUS or --corpus names it; compares with the figures stored in
lab/quality/stored. ``--update`` stores what was measured.

Everything here is deterministic on one machine. Between machines the quantised network's kernels round
differently, which may flip a borderline item or two; so a figure may fall by half a point or by what two
items are worth, whichever is more.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from lab.quality.calibration import (
    expected_calibration_error,
    judged_attributions,
    judged_sources,
    reliability,
)
from lab.quality.checkworthiness import average_precision, rank
from lab.quality.gum import GumArticle, score_gum
from lab.quality.gum_actors import actor_counts, judged
from lab.quality.gum_gold import COMMITTED, read_gum
from lab.quality.news_labels import COMMITTED as LABELS
from lab.quality.news_labels import Label, read_labels
from lab.quality.news_speech import score_page
from lab.quality.news_speech_labels import COMMITTED as SPEECH
from lab.quality.news_speech_labels import GUM as GUM_PART
from lab.quality.news_speech_labels import PageLabels, read_pages
from lab.quality.polnear import CorpusMissing, GoldArticle, read_polnear
from lab.quality.scoring import (
    EXACT,
    FULL,
    ITEM,
    JACCARD,
    OVERLAP,
    ROLES,
    WHO_SAID_WHAT,
    Key,
    add_up,
    score_article,
)
from lab.quality.whole import Read, Whole, reader
from services.extract.extract import EXTRACTOR_VERSION, Extractor
from services.extract.tagger import ModelBroken, Tagger

STORED = Path(__file__).parent / "stored"
_POINTS = 0.5
_ITEMS = 2
_POLNEAR: tuple[Key, ...] = (
    *((f"{role} span", EXACT, "all") for role in ROLES),
    (ITEM, JACCARD, "all"),
    (WHO_SAID_WHAT, JACCARD, "all"),
    (WHO_SAID_WHAT, OVERLAP, "speech"),
    (FULL, EXACT, "all"),
)


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure in points (0 to 100), the number of items it is measured on, and whether less is better."""

    value: float
    items: int
    less_is_better: bool = False

    @property
    def tolerance(self) -> float:
        """By how many points it may get worse: half a point, or two items."""
        return max(_POINTS, 100 * _ITEMS / max(1, self.items))


@dataclass(frozen=True, slots=True)
class Measured:
    """The figures of one sample; ``sample`` digests its texts and annotations, so that figures of other
    samples are not compared."""

    name: str
    sample: str
    figures: dict[str, Figure]


def measure_gum(
    articles: Sequence[GumArticle], labels: Sequence[Label], speech: Sequence[PageLabels], read: Read
) -> Measured:
    """Attribution, actors, confidence of actors and check-worthiness on GUM; each text is read once."""
    found = {article.name: read(article.name, article.text) for article in articles}
    counts = score_gum(articles, lambda article: found[article.name].attributions)
    verdicts = [verdict for article in articles for verdict in judged(article, found[article.name])]
    counts |= actor_counts(verdicts)
    figures = {name: Figure(round(100 * right / max(1, of), 2), of) for name, (right, of) in counts.items()}
    sure = [(verdict.actor.confidence, verdict.right) for verdict in verdicts if verdict.actor is not None]
    figures["actors, calibration error"] = Figure(
        round(100 * expected_calibration_error(reliability(sure)), 2), len(sure), True
    )
    ranked, _ = rank(
        [label for label in labels if label.source == "gum"], lambda label: found.get(label.file)
    )
    precision = average_precision([item.score for item in ranked], [item.label.worthy for item in ranked])
    figures["check-worthiness, average precision"] = Figure(round(100 * precision, 2), len(ranked))
    said = add_up([score_page(page, found[page.page]).clear for page in speech])[
        WHO_SAID_WHAT, OVERLAP, "speech"
    ]
    figures["who-said-what, speech, overlap"] = Figure(
        round(100 * said.f1, 2), round((said.predicted + said.gold) / 2)
    )
    return Measured("gum", gum_sample(articles, labels, speech), figures)


def gum_sample(articles: Sequence[GumArticle], labels: Sequence[Label], speech: Sequence[PageLabels]) -> str:
    """The digest of the sample."""
    return _digest(
        [(repr(article), article.name) for article in articles]
        + [(repr(labels), "labels"), (repr(speech), "speech")]
    )


def measure_polnear(articles: Sequence[GoldArticle], read: Read) -> Measured:
    """The figures of ``make quality`` that stand for the rest, and the calibration error of attribution."""
    found: list[Whole] = [read(article.name, article.text) for article in articles]
    total = add_up(
        [score_article(article, whole.attributions) for article, whole in zip(articles, found, strict=True)]
    )
    figures = {}
    for key in _POLNEAR:
        count = total[key]
        figures[", ".join(key)] = Figure(round(100 * count.f1, 2), round((count.predicted + count.gold) / 2))
    sure = [
        pair
        for article, whole in zip(articles, found, strict=True)
        for pair in judged_attributions(article, whole.attributions)
    ]
    figures["attribution, calibration error"] = Figure(
        round(100 * expected_calibration_error(reliability(sure)), 2), len(sure), True
    )
    sure = [
        pair
        for article, whole in zip(articles, found, strict=True)
        for pair in judged_sources(article, whole.attributions)
    ]
    figures["source, calibration error"] = Figure(
        round(100 * expected_calibration_error(reliability(sure)), 2), len(sure), True
    )
    return Measured(
        "polnear-dev", _digest([(article.text, repr(article.attributions)) for article in articles]), figures
    )


def falls(stored: Measured, measured: Measured) -> list[str]:
    """What got worse by more than its tolerance, one line each; also what is measured no longer, and a sample
    that is another."""
    if stored.sample != measured.sample:
        cure = "store them anew with --update"
        return [f"{measured.name}: the sample is not the one the figures were stored for; {cure}"]
    lines = [
        f"{measured.name}: {name} is stored but no longer measured"
        for name in stored.figures
        if name not in measured.figures
    ]
    lines += [
        f"{measured.name}: {name} is not stored yet; --update stores it"
        for name in measured.figures
        if name not in stored.figures
    ]
    for name, now in measured.figures.items():
        before = stored.figures.get(name)
        if before is None:
            continue
        worse = (now.value - before.value) if now.less_is_better else (before.value - now.value)
        if worse > now.tolerance:
            word = "rose" if now.less_is_better else "fell"
            lines.append(
                f"{measured.name}: {name} {word} from {before.value} to {now.value}; {now.tolerance:.1f}"
                " points are tolerated"
            )
    return lines


def load(folder: Path, name: str) -> Measured | None:
    """Stored figures; None when there are none."""
    path = folder / f"{name}.json"
    if not path.is_file():
        return None
    data = json.loads(path.read_text(encoding="utf-8"))
    return Measured(
        name, data["sample"], {title: Figure(**values) for title, values in data["figures"].items()}
    )


def store(folder: Path, measured: Measured, system: dict[str, str]) -> None:
    """Write figures where :func:`load` finds them; ``system`` says what they were measured with."""
    folder.mkdir(parents=True, exist_ok=True)
    data = {
        "system": system,
        "sample": measured.sample,
        "figures": {name: asdict(figure) for name, figure in measured.figures.items()},
    }
    (folder / f"{measured.name}.json").write_text(
        json.dumps(data, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
    )


def _digest(parts: Sequence[tuple[str, str]]) -> str:
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and compare or store; 0, 1 when a figure fell, 2 with one line on standard error when something
    is missing."""
    parser = argparse.ArgumentParser(prog="python -m lab.quality.gate", description=__doc__)
    parser.add_argument(
        "--update", action="store_true", help="store what is measured instead of comparing it"
    )
    parser.add_argument(
        "--corpus",
        type=Path,
        default=os.environ.get("CORPUS") or None,
        help="folder of PolNeAR (default: $CORPUS)",
    )
    parser.add_argument(
        "--model", type=Path, help="folder of the model to measure (default: the shipped one)"
    )
    parser.add_argument("--stored", type=Path, default=STORED, help="folder of the stored figures")
    options = parser.parse_args(arguments)
    try:
        tagger = Tagger.load(options.model)
        with Extractor(tagger) as extractor:
            read = reader(extractor)
            speech = [page for page in read_pages(SPEECH) if page.part == GUM_PART]
            results = [measure_gum(read_gum(COMMITTED), read_labels(LABELS), speech, read)]
            if options.corpus:
                results.append(measure_polnear(list(read_polnear(Path(options.corpus), "dev")), read))
    except (CorpusMissing, ModelBroken, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    system = {"extractor": EXTRACTOR_VERSION, "model": tagger.version, "model_sha256": tagger.model_sha256}
    return judge(results, options.stored, system, update=options.update)


def judge(results: Sequence[Measured], folder: Path, system: dict[str, str], *, update: bool) -> int:
    """Print every figure beside the stored one; then store, or say what fell. The exit code."""
    wrong: list[str] = []
    for measured in results:
        stored = load(folder, measured.name)
        print(f"-- {measured.name}{'':{44 - len(measured.name)}}{'stored':>8}{'now':>8}{'may worsen by':>15}")
        for name, figure in measured.figures.items():
            before = stored.figures.get(name) if stored is not None else None
            print(
                f"{name:47}{'' if before is None else before.value:>8}{figure.value:>8}{figure.tolerance:>15.1f}"
            )
        if update:
            store(folder, measured, system)
        elif stored is None:
            wrong.append(f"{measured.name}: no figures are stored in {folder}; --update stores them")
        else:
            wrong += falls(stored, measured)
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
