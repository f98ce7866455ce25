"""How much a fact-checker would want to check a proposition, and what sort of proposition it is."""

from __future__ import annotations

import json
import math
from functools import cache
from importlib.resources import files

from schemas.events import ClaimType
from services.extract.claims.features import NAMES, features, value

WORTH_CHECKING = 0.3
"""A sentence of a direct quote with at least this score becomes a claim; at 0.3 network and surface together keep 85 % of
ClaimBuster's held-out positives, and 79 % of what they keep is positive."""

_SUREST = 30.0  # log-odds beyond which a rounded probability no longer changes


@cache
def _model() -> tuple[float, tuple[float, ...]]:
    data = json.loads(files(__package__).joinpath("checkworthiness.json").read_text(encoding="utf-8"))
    return float(data["intercept"]), tuple(float(data["weights"][name]) for name in NAMES)


def assess(proposition: str, evidence: float | None = None) -> tuple[float, ClaimType]:
    """Check-worthiness 0..1, rounded to 4 places, and the claim type.

    ``evidence``: the network's log-odds, a logistic regression on its reading of the words. They are averaged with those of the words'
    surface: average precision on held-out debate sentences is .76 for the surface, .89 for the network and .89 for both; on 168
    labelled sentences of news .66, .48 and .70. The average was chosen on the latter, so .70 flatters. The network learnt debates, the
    surface travels. Without evidence the surface decides alone.
    """
    vector = features(proposition)
    intercept, weights = _model()
    log_odds = intercept + sum(weight * number for weight, number in zip(weights, vector, strict=True))
    if evidence is not None:
        log_odds = (log_odds + evidence) / 2
    return round(1.0 / (1.0 + math.exp(-max(-_SUREST, min(_SUREST, log_odds)))), 4), _claim_type(vector)


def _claim_type(vector: list[float]) -> ClaimType:
    """By rule, the more checkable reading first."""

    def has(*names: str) -> bool:
        return any(value(vector, name) > 0 for name in names)

    quantity = has("percent", "money", "scale") or (has("figures", "number_words") and has("comparison", "change", "past", "present"))
    rules = (
        (has("question"), ClaimType.OTHER),
        (has("cause"), ClaimType.CAUSAL),
        (has("sure_future"), ClaimType.PREDICTION),
        (quantity, ClaimType.QUANTITY),
        (has("obligation"), ClaimType.RULE),
        (has("future"), ClaimType.PREDICTION),
        (has("first_person", "we") and has("past"), ClaimType.EXPERIENCE),
        (has("opinion"), ClaimType.OPINION),
        (has("past"), ClaimType.EVENT),
    )
    return next((kind for applies, kind in rules if applies), ClaimType.OTHER)
