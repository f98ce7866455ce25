"""Fit the ranking of pronouns: ``python -m lab.fits.actors POLNEAR [--articles N]``.

Silver labels come from PolNeAR's CoreNLP layer (``corenlp/*.xml.gz``): a pronoun whose coreference chain
names one person. The chains are often wrong, so one label in twenty is taken to be noise, and the weights
keep near those set by hand. Prints the weights to be put into ``ranking.WEIGHTS``, and how often they choose
like CoreNLP.
"""

from __future__ import annotations

import argparse
import gzip
import random
import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lab.quality.polnear import GoldArticle, read_polnear
from services.extract.actors.cast import Cast
from services.extract.actors.members import Member
from services.extract.actors.names import fold
from services.extract.actors.pronouns import follow
from services.extract.actors.ranking import WEIGHTS, Asked
from services.extract.tagger import Tagger
from services.extract.text.quotes import quoted_stretches
from services.extract.text.sentences import sentences
from services.extract.types import Range, Tagged

_PRONOUNS = frozenset(("he", "she", "his", "her", "him", "himself", "herself"))
_SEED = 7
_NOISE, _CHANCE = 0.05, 0.2  # labels that are wrong, and how likely a wrong one names the chosen candidate
_PULL = 30.0  # towards the weights set by hand
_SOURCE = 3.0  # a source of an attribution counts that often
_STEPS = 250
_HELD_OUT = 100  # articles
BY_HAND = {
    "same sentence": 0.0, "sentences": -0.8, "paragraphs": -0.4, "subject": 0.8, "quoted": -1.5, "by pronoun": 0.0, "often": 0.3,
    "gender unknown": -0.5, "introduced": 0.3, "source: last speaker": 0.6, "source: last subject": 0.0, "quoted: quoted": 0.8,
    "quoted: speaker": -1.0, "called otherwise": -1.2, "begins: subject of sentence before": 0.0, "named in the quotation": -0.8,
    "source: named in the quotation": -0.5,
}  # fmt: skip

Name = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """A pronoun: the evidence for each candidate, which of them are right, and how often it counts."""

    evidence: NDArray[np.float64]
    right: NDArray[np.bool_]
    weight: float


def chains(path: Path) -> dict[int, list[Name]]:
    """The personal names in the coreference chain of each third-person pronoun, by where the pronoun
    begins."""
    with gzip.open(path) as file:
        root = ET.parse(file).getroot()  # noqa: S314 - the corpus is ours
    tokens: dict[int, list[tuple[str, int, bool]]] = {}
    for sentence in root.iterfind("document/sentences/sentence"):
        tokens[int(sentence.get("id", "0"))] = [
            (
                word.findtext("word", ""),
                int(word.findtext("CharacterOffsetBegin", "0")),
                word.findtext("NER") == "PERSON",
            )
            for word in sentence.iterfind("tokens/token")
        ]
    found: dict[int, list[Name]] = {}
    for chain in root.iterfind("document/coreference/coreference"):
        names: list[Name] = []
        asked: list[int] = []
        for mention in chain.iterfind("mention"):
            words = tokens[int(mention.findtext("sentence", "0"))]
            first = last = int(mention.findtext("head", "0")) - 1
            if words[first][0].lower() in _PRONOUNS:
                asked.append(words[first][1])
            elif words[first][2]:
                while first and words[first - 1][2]:
                    first -= 1
                while last + 1 < len(words) and words[last + 1][2]:
                    last += 1
                names.append(tuple(fold(" ".join(word for word, _, _ in words[first : last + 1])).split("-")))
        if names and _one_person(names):
            found.update(dict.fromkeys(asked, names))
    return found


def _one_person(names: Sequence[Name]) -> bool:
    """Whether the names can all be one person's."""
    surnames = {name[-1] for name in names if len(name) > 1} or {name[-1] for name in names}
    given = {name[0] for name in names if len(name) > 1}
    return len(surnames) == 1 and all(name[-1] in surnames or name[0] in given for name in names)


def choices(
    article: GoldArticle, silver: dict[int, list[Name]], tagger: Callable[[str], Tagged]
) -> list[Choice]:
    """What the pronouns of one article show, with the annotated sources."""
    found: list[Choice] = []
    cast = Cast(article.text, tagger(article.text).entities)
    sources = sorted(
        {Range(gold.source[0].start, gold.source[-1].end) for gold in article.attributions if gold.source}
    )

    def observe(asked: Asked, candidates: list[tuple[Member, tuple[float, ...]]]) -> None:
        names = silver.get(asked.place.start)
        if not names or not asked.word:
            return
        right = np.array([_is_called(member, names) for member, _ in candidates])
        if right.any():
            weight = _SOURCE if asked.place.speaking and asked.word in ("he", "she") else 1.0
            found.append(
                Choice(np.array([values for _, values in candidates], dtype=np.float64), right, weight)
            )

    follow(
        article.text, cast, sentences(article.text), quoted_stretches(article.text), sources, observe=observe
    )
    return found


def _is_called(member: Member, names: Sequence[Name]) -> bool:
    words = fold(member.name).split("-")
    return any(
        words[-1] == name[-1] or (1 in (len(words), len(name)) and words[0] == name[0]) for name in names
    )


def fit(data: Sequence[Choice]) -> NDArray[np.float64]:
    """The weights under which the right candidates are likeliest (Adam on all pronouns at once)."""
    prior = np.array([BY_HAND[name] for name in WEIGHTS])
    weights, slope, square = prior.copy(), np.zeros(len(prior)), np.zeros(len(prior))
    for step in range(1, _STEPS + 1):
        gradient = _PULL * (weights - prior)
        for choice in data:
            scores = choice.evidence @ weights
            share = np.exp(scores - scores.max())
            share /= share.sum()
            right = share * choice.right
            pull = (
                (1 - _NOISE) / ((1 - _NOISE) * right.sum() + _NOISE * _CHANCE) * (right - right.sum() * share)
            )
            gradient -= choice.weight * (pull @ choice.evidence)
        slope, square = 0.9 * slope + 0.1 * gradient, 0.99 * square + 0.01 * gradient**2
        rate = 0.1 if step < _STEPS * 0.7 else 0.02
        weights -= rate * (slope / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.99**step)) + 1e-8)
    return weights


def agreement(data: Sequence[Choice], weights: NDArray[np.float64]) -> float:
    """The share of pronouns whose likeliest candidate is a right one."""
    return float(np.mean([choice.right[np.argmax(choice.evidence @ weights)] for choice in data]))


def main(arguments: Sequence[str] | None = None) -> None:
    """Fit on articles drawn with a fixed seed, hold 100 others out, print both agreements and the weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path, help="PolNeAR, the folder with train/")
    parser.add_argument("--articles", type=int, default=320)
    options = parser.parse_args(arguments)
    articles = list(read_polnear(options.corpus, "train"))
    random.Random(_SEED).shuffle(articles)  # noqa: S311 - no secret
    tagger = Tagger.load()
    folder = options.corpus / "train" / "corenlp"
    read: list[list[Choice]] = []
    for article in articles[: options.articles + _HELD_OUT]:
        path = folder / f"{article.name}.txt.xml.gz"
        read.append(choices(article, chains(path), tagger) if path.exists() else [])
    held, train = (
        [choice for of_article in part for choice in of_article]
        for part in (read[:_HELD_OUT], read[_HELD_OUT:])
    )
    weights = fit(train)
    print(f"{len(train)} pronouns, {100 * agreement(train, weights):.1f} % like CoreNLP; held out: {len(held)}, "
          f"{100 * agreement(held, weights):.1f} % (now {100 * agreement(held, np.array(list(WEIGHTS.values()))):.1f} %)")  # fmt: skip
    for name, weight in zip(WEIGHTS, weights, strict=True):
        print(f'    "{name}": {weight:.2f},')


if __name__ == "__main__":
    main()
