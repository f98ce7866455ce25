"""Of what type a proposition is and how much worth checking, read off its words by one logistic regression
each.

The features are the distinct words and pairs (:func:`~services.extract.claims.words.grams`), what the words
look like (:mod:`~services.extract.claims.features`) and the signs they give
(:mod:`~services.extract.claims.signs`). The weights were fitted by ``python -m lab.fits.claims`` to
statements labelled by the guidelines (lab/labels/GUIDELINES.md).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from importlib.resources import files
from typing import NamedTuple

from schemas.events import ClaimType
from services.extract.claims.features import NAMES, features
from services.extract.claims.signs import SIGNS
from services.extract.claims.words import grams

TYPES = (
    ClaimType.QUANTITY,
    ClaimType.CAUSAL,
    ClaimType.RULE,
    ClaimType.PREDICTION,
    ClaimType.ACTION,
    ClaimType.EVENT,
    ClaimType.STATE,
    ClaimType.OPINION,
)
"""What a proposition can be, in the order of the guidelines, which is that of the weights."""

LOOKS = (*NAMES, *SIGNS)
_LONGEST = 2_000  # code points that are looked at: sentences do not run longer
_REMEMBERED = 64  # a proposition is asked for when it is scored and when it is typed


class Judged(NamedTuple):
    """``type`` is the likeliest; ``worth`` the log-odds that the proposition is worth checking, by its words
    alone."""

    type: ClaimType
    worth: float


class Model(NamedTuple):
    """For each type, then for worth: an intercept, and a weight for every look (in the order of
    :data:`LOOKS`) and every word."""

    intercepts: Sequence[float]
    looks: Mapping[str, Sequence[float]]
    words: Mapping[str, Sequence[float]]

    def __call__(self, proposition: str) -> Judged:
        """The judgement of one proposition."""
        shown = zip(self.looks.values(), looks(proposition), strict=True)
        rows: list[Sequence[float]] = [
            [weight * value for weight in weights] for weights, value in shown if value
        ]
        rows += [self.words[gram] for gram in grams(proposition) if gram in self.words]
        scores = [math.fsum(column) for column in zip(self.intercepts, *rows, strict=True)]
        best = max(range(len(TYPES)), key=scores.__getitem__)
        return Judged(TYPES[best], scores[len(TYPES)])


@cache
def shipped() -> Model:
    """The model that the package carries."""
    data = json.loads(files(__package__).joinpath("propositions.json").read_text(encoding="utf-8"))
    return Model(data["intercepts"], data["looks"], data["words"])


def looks(proposition: str) -> list[float]:
    """The values of :data:`LOOKS`."""
    text = proposition[:_LONGEST].lower()
    return [*features(proposition), *(float(pattern.search(text) is not None) for pattern in SIGNS.values())]


@lru_cache(_REMEMBERED)
def judged(proposition: str) -> Judged:
    """The judgement of the shipped model."""
    return shipped()(proposition)


def claim_type(proposition: str) -> ClaimType:
    """What sort of proposition a stretch of text is."""
    return judged(proposition).type
