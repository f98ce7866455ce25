"""How sure reported speech is: the tagger's confidence and that of rules, as they proved on speech.

The tagger's is calibrated on all that PolNeAR annotates, plans and beliefs too, which are far less often
right than speech of the same confidence. Fitted by ``lab.fits.confidence`` to what the whole extraction finds
of speech with a source on PolNeAR dev, GUM, work and open pages (1,622 items; dev alone .93 and .50, the
others alone .94 and .55).
"""

from __future__ import annotations

import math
import re
from dataclasses import replace
from functools import cache

from services.extract.lang import Language
from services.extract.types import Attribution

SLOPE, OFFSET = 0.93, 0.51  # of the log-odds
_CERTAIN = 0.005


@cache
def _saying(language: Language) -> re.Pattern[str]:
    return re.compile(rf"\b{language.any_of('saying', 'reporting_verbs')}\b")


def as_speech(text: str, attribution: Attribution, language: Language) -> Attribution:
    """The attribution as sure as speech is, where it is speech and has a source: in quotation marks, or by a
    verb of saying."""
    source, cue = attribution.source, attribution.cue
    if source is None or not (
        attribution.kind != "indirect" or (cue is not None and _saying(language).search(text, *cue))
    ):
        return attribution
    kept = min(max(attribution.confidence, _CERTAIN), 1 - _CERTAIN)
    confidence = 1 / (1 + math.exp(-SLOPE * math.log(kept / (1 - kept)) - OFFSET))
    return replace(
        attribution, confidence=confidence, source_confidence=max(confidence, attribution.source_confidence)
    )
