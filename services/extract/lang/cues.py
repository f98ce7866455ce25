"""What a reporting verb says, looked up among a language's forms: its infinitive and its stance."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from schemas.events import Cue, Span, Stance
from services.extract.lang import Language
from services.extract.types import Range

Cues = Callable[[str, Range], Cue]
"""Reads the cue at a stretch of a text."""


def cues_of(language: Language) -> Cues:
    """Reads the cues of a language by its lists; a word that they do not hold stands for itself and
    asserts."""
    return partial(_cue_at, language)


def _cue_at(language: Language, text: str, span: Range) -> Cue:
    form = text[slice(*span)].lower()
    heading = language.heading("reporting_verbs", form) or language.heading("wording_verbs", form)
    lemma, _, stance = heading.partition(" ")
    return Cue(
        span=Span.of(text, *span), lemma=lemma or form, stance=Stance(stance) if stance else Stance.ASSERT
    )
