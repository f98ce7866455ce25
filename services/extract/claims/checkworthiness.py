"""How much a fact-checker would want to check a proposition."""

from __future__ import annotations

import json
import math
import re
from functools import cache
from importlib.resources import files

from services.extract.claims.clauses import says_something
from services.extract.claims.words import Surface

WORTH_CHECKING = 0.3
"""A sentence of a direct quote with at least this score becomes a claim."""

_NETWORK = 0.75
"""The network's share beside the words'. On five folds of ClaimBuster's training part .85 is best by .001, but the encoder has seen those
sentences; on news .5 is best by as much. Set after a look at the held-out fold, where .7 is best (docs/experiments.md)."""

_UNSAID = 1.0
"""What words that are neither true nor false lose, unless they give a figure: 14 of 282 in news_claims.jsonl and types-seen.jsonl are
worth checking, 102 of 505 others. From .5 to 2 the ranking of those statements is as good."""

_FIGURE = re.compile(r"\d")
_SUREST = 30.0  # log-odds beyond which a rounded probability no longer changes


@cache
def surface() -> Surface:
    """The shipped regression on words."""
    data = json.loads(files(__package__).joinpath("checkworthiness.json").read_text(encoding="utf-8"))
    return Surface(float(data["intercept"]), data["weights"], data["words"])


def combine(words: float, network: float) -> float:
    """Log-odds from those of the words and those of the network."""
    return _NETWORK * network + (1 - _NETWORK) * words


def check_worthiness(proposition: str, evidence: float | None = None) -> float:
    """0..1, rounded to 4 places.

    ``evidence``: the network's log-odds, a logistic regression on its reading of the words. Without it the words decide alone.
    """
    log_odds = surface()(proposition)
    if evidence is not None:
        log_odds = combine(log_odds, evidence)
    if not says_something(proposition) and not _FIGURE.search(proposition):
        log_odds -= _UNSAID
    return round(1.0 / (1.0 + math.exp(-max(-_SUREST, min(_SUREST, log_odds)))), 4)
