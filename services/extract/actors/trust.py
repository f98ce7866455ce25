"""How sure an actor is: the probability that the mention is this actor, by the manner of its resolution, on
text that nobody read while the rules were written.

Fitted by ``lab.fits.confidence``, but for the prior and bounds below. On sets that were read (work and open
pages, GUM, actors of PolNeAR dev) :data:`RIGHT` counts what was right by manner. There the rules are better
than elsewhere, so the log-odds of each share are lowered by one number, :data:`UNREAD`; of a pronoun,
:data:`SLOPE` and :data:`OFFSET` make of the log-odds of its ranking those of being right. These three are
fitted to the closed pages of lab/labels/speech, of which only figures were ever seen.
"""

from __future__ import annotations

import math
from functools import cache

from schemas.events import ActorKind, Resolution

RIGHT: dict[str, tuple[int, int]] = {
    "name, person": (132, 132),
    "name, other": (72, 76),
    "surname": (184, 184),
    "title": (22, 23),
    "alias": (9, 9),
    "relative_pronoun": (2, 2),
    "pronoun, other": (14, 19),
    "description, person": (5, 5),
    "description, group": (42, 43),
    "description, organization": (14, 15),
    "description, document": (14, 16),
    "description, unnamed": (38, 53),
}
"""``(right, of how many)`` by :func:`manner`; what is not here was not met."""
UNREAD = 1.5
# As if ten more of each had been seen, nine of them right: chosen among variants by what they say of closed
# pages (docs/experiments.md).
_PRIOR, _OF = 0.9, 10
SLOPE, OFFSET = 0.52, 0.21  # of a pronoun's log-odds by its ranking
_CERTAIN = 0.005  # a ranking with one candidate is no surer than this, nor is anything that is fitted


def manner(how: Resolution, kind: ActorKind) -> str:
    """Under which name a resolution is counted."""
    if how is Resolution.DESCRIPTION:
        return f"{how}, {kind}"
    if how in (Resolution.NAME, Resolution.PRONOUN):
        return f"{how}, {'person' if kind is ActorKind.PERSON else 'other'}"
    return str(how)


@cache
def sure(how: Resolution, kind: ActorKind) -> float:
    """How sure an actor of this kind is that was resolved in this manner. A person's pronoun:
    :func:`sure_of_pronoun`."""
    return _probability(log_odds(prior_share(*RIGHT.get(manner(how, kind), (0, 0)))) - UNREAD)


def sure_of_pronoun(ranked: float) -> float:
    """How sure it is that a pronoun means the person whom its ranking gives the probability ``ranked``."""
    return _probability(SLOPE * log_odds(min(max(ranked, _CERTAIN), 1 - _CERTAIN)) + OFFSET)


def prior_share(right: int, of: int) -> float:
    """The share that is right, few ones drawn towards what most are."""
    return (right + _PRIOR * _OF) / (of + _OF)


def _probability(log_odds: float) -> float:
    return round(1 / (1 + math.exp(-log_odds)), 4)


def log_odds(probability: float) -> float:
    """``log(p / (1 - p))``."""
    return math.log(probability / (1 - probability))
