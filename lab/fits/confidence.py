"""Fit how sure attributions and actors are: ``python -m lab.fits.confidence`` with the folders of all sets.

Attributions (:mod:`services.extract.passes.calibration`): the log-odds of speech with a source as a line of
its raw ones, two numbers, on work and open pages, GUM and PolNeAR dev. Actors
(:mod:`services.extract.actors.trust`): shares that were right by manner, on these sets, which were read while
the rules were written; and three numbers for text that nobody read, fitted to the closed pages, whose texts
and errors nobody reads here: by how much the log-odds of the shares are lower, with a normal prior of
deviation 1, and for “he” and “she” a line through the log-odds of their ranking. Prints what goes into both
modules and, for every page left out in turn, the expected calibration error of attributions.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lab.quality.actors import end_to_end, read_actors
from lab.quality.calibration import Judged, expected_calibration_error, reliability, source_verdicts
from lab.quality.gum_gold import COMMITTED as GUM_TEXTS
from lab.quality.gum_gold import read_gum
from lab.quality.kinds import OTHER_CUE, attribution_type
from lab.quality.news_speech import Scored, score_page
from lab.quality.news_speech_labels import CLOSED, COMMITTED, GUM, OPEN, WORK, read_pages
from lab.quality.polnear import GoldArticle, read_polnear
from lab.quality.whole import placed, plain_article
from schemas.events import Actor, ActorKind, Resolution
from services.extract.actors.phrase import PERSONAL
from services.extract.actors.trust import OFFSET, SLOPE, log_odds, manner, prior_share
from services.extract.cli_json import read_article
from services.extract.extract import Extractor
from services.extract.tagger import Tagger
from services.extract.types import Attribution

Array = NDArray[np.float64]
_RULE = "speech-confidence"
_STEPS = 50
_SHIFTS = np.arange(0, 3.01, 0.1)
_EDGE = 0.005
_PRONOUN = manner(Resolution.PRONOUN, ActorKind.PERSON)


@dataclass(frozen=True, slots=True)
class Item:
    """Reported speech with a source: the text it is of, how sure it was, and whether it is right."""

    text: str
    raw: float
    right: bool


def fit_line(odds: Sequence[float] | Array, right: Sequence[bool]) -> tuple[float, float]:
    """Slope and offset by which log-odds become those of being right (Newton's method; the slope is drawn
    towards 1 by a ridge of 1)."""
    design = np.stack([np.array(odds), np.ones(len(odds))], 1)
    target, ridge, prior = np.array(right, float), np.diag([1.0, 1e-9]), np.array([1.0, 0.0])
    line = prior.copy()
    for _ in range(_STEPS):
        probability = 1 / (1 + np.exp(-design @ line))
        gradient = design.T @ (target - probability) - ridge @ (line - prior)
        line = line + np.linalg.solve(
            (design * (probability * (1 - probability))[:, None]).T @ design + ridge, gradient
        )
    return float(line[0]), float(line[1])


def fit_shift(read: Sequence[float], right: Sequence[bool]) -> float:
    """By how much the log-odds ``read`` are lower where nobody read: the likeliest of tenths, drawn towards
    0."""
    target, odds = np.array(right, float), np.array(read)

    def likely(shift: float) -> float:
        probability = np.clip(1 / (1 + np.exp(shift - odds)), 0.01, 0.99)
        return float(
            np.sum(target * np.log(probability) + (1 - target) * np.log(1 - probability)) - shift**2 / 2
        )

    return float(max(_SHIFTS, key=likely))


def speech(name: str, article: GoldArticle, found: Sequence[Attribution]) -> Iterator[Item]:
    """The speech with a source that was found in an article."""
    right = source_verdicts(article, found)
    for number, item in enumerate(found):
        kind = attribution_type(article.text, item.content, (item.cue,) if item.cue else ())
        if kind != OTHER_CUE and item.source is not None:
            yield Item(name, item.confidence, right.get(number, False))


def left_out(items: Sequence[Item]) -> tuple[float, float]:
    """The expected calibration error as it is, and with a line fitted to all other texts."""
    by_text: dict[str, list[Item]] = defaultdict(list)
    for item in items:
        by_text[item.text].append(item)
    tried: list[Judged] = []
    for name, mine in by_text.items():
        others = [item for item in items if item.text != name]
        slope, offset = fit_line(_log_odds([item.raw for item in others]), [item.right for item in others])
        odds = slope * _log_odds([item.raw for item in mine]) + offset
        tried += zip((1 / (1 + np.exp(-odds))).tolist(), [item.right for item in mine], strict=True)
    return _error([(item.raw, item.right) for item in items]), _error(tried)


def _error(judged: Sequence[Judged]) -> float:
    return expected_calibration_error(reliability(judged))


def _log_odds(probability: Sequence[float]) -> Array:
    kept = np.clip(np.array(probability), _EDGE, 1 - _EDGE)
    odds: Array = np.log(kept / (1 - kept))
    return odds


def main(arguments: Sequence[str] | None = None) -> None:
    """Read all sets, fit, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("pages", "older", "corpus", "actors"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    options = parser.parse_args(arguments)
    with Extractor(Tagger.load(), without=[_RULE]) as extractor:
        parts = {part: _pages(part, options, extractor) for part in (WORK, OPEN, GUM, CLOSED)}
        items = {
            part: [i for page in pages for i in speech(page.page, page.article, page.found)]
            for part, pages in parts.items()
        }
        articles = list(read_polnear(options.corpus, "dev"))
        wholes = (placed(extractor.extract(plain_article(a.name, a.text)), a.text) for a in articles)
        items["dev"] = [
            i
            for a, whole in zip(articles, wholes, strict=True)
            for i in speech(a.name, a, whole.attributions)
        ]
        labels = read_actors(options.actors)
        named = [
            (actor, right)
            for article in articles
            for _, right, actor, matched in end_to_end(
                article, [g for g in labels if g.document == article.name], extractor
            )
            if matched and actor is not None
        ]
    for part, found in items.items():
        before, after = left_out(found)
        print(
            f"{part}: {len(found)} of speech, calibration error {before:.3f}, by a line of its other texts"
            f" {after:.3f}"
        )
    fitted = [item for part, found in items.items() if part != CLOSED for item in found]
    line = fit_line(_log_odds([item.raw for item in fitted]), [item.right for item in fitted])
    print(f"services/extract/passes/calibration.py\nSLOPE, OFFSET = {line[0]:.2f}, {line[1]:.2f}")
    named += [(v.found, v.right) for part in (WORK, OPEN, GUM) for page in parts[part] for v in page.verdicts]
    counts, closed = counted(named), [(v.found, v.right) for page in parts[CLOSED] for v in page.verdicts]
    slope, offset = fit_pronouns(closed)
    print("services/extract/actors/trust.py")
    for name, (right, of) in sorted(counts.items()):
        print(f'    "{name}": ({right}, {of}),')
    print(f"SLOPE, OFFSET = {slope:.2f}, {offset:.2f}")
    print(f"UNREAD = {unread(counts, closed):.1f}")


def counted(judged: Sequence[tuple[Actor, bool]]) -> dict[str, tuple[int, int]]:
    """``(right, of how many)`` by manner, without those who are as sure as something else: persons that a
    pronoun means, and nobody."""
    counts: dict[str, tuple[int, int]] = {}
    for actor, is_right in judged:
        how = manner(actor.resolution, actor.kind)
        if actor.resolution is not Resolution.UNRESOLVED and how != _PRONOUN:
            right, of = counts.get(how, (0, 0))
            counts[how] = (right + is_right, of + 1)
    return counts


def ranked(actor: Actor) -> float | None:
    """The log-odds by which a ranking chose whom “he” or “she” means, read back from how sure the actor is;
    None where none chose."""
    if manner(actor.resolution, actor.kind) != _PRONOUN or actor.mention is None:
        return None
    if actor.mention.exact.split()[0].lower() not in PERSONAL:
        return None
    return (log_odds(actor.confidence) - OFFSET) / SLOPE


def fit_pronouns(judged: Sequence[tuple[Actor, bool]]) -> tuple[float, float]:
    """The line through the log-odds of rankings."""
    found = [(ranked(actor), right) for actor, right in judged]
    kept = [(odds, right) for odds, right in found if odds is not None]
    return fit_line([odds for odds, _ in kept], [right for _, right in kept])


def unread(counts: dict[str, tuple[int, int]], judged: Sequence[tuple[Actor, bool]]) -> float:
    """The shift that fits actors of texts nobody read, given the shares of those that were; without persons
    that a pronoun means."""
    named = [
        (manner(actor.resolution, actor.kind), right)
        for actor, right in judged
        if actor.resolution is not Resolution.UNRESOLVED
    ]
    kept = [
        (log_odds(prior_share(*counts.get(how, (0, 0)))), right) for how, right in named if how != _PRONOUN
    ]
    return fit_shift([odds for odds, _ in kept], [right for _, right in kept])


def _pages(part: str, options: argparse.Namespace, extractor: Extractor) -> list[Scored]:
    pages = [page for page in read_pages(COMMITTED) if page.part == part]
    if part == GUM:
        texts = {article.name: article.text for article in read_gum(GUM_TEXTS)}
        return [
            score_page(
                page, placed(extractor.extract(plain_article(page.page, texts[page.page])), texts[page.page])
            )
            for page in pages
        ]
    folder: Callable[[str], Path] = (options.pages if part == WORK else options.older).joinpath
    return [score_page(page, placed(extractor.extract(read_article(folder(page.page))))) for page in pages]


if __name__ == "__main__":
    main()
