"""Whose a quotation is that nobody is said to have spoken: whom the sentence right before it is about.

“Draper won in two hours.” ¶ “It was a good day.”
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import replace

from services.extract.passes import trust
from services.extract.passes.quotations import Quotations
from services.extract.text.plain import PARAGRAPH
from services.extract.types import Attribution, Entity, Range

_CONFIDENCE = 0.5
_ENDS_SENTENCE = ".!?…"


def topics(
    text: str, attributions: Iterable[Attribution], quotations: Quotations, entities: Iterable[Entity], starts: Sequence[int]
) -> list[Attribution]:
    """The attributions; quoted paragraphs without a source have the person that the last sentence of the paragraph before begins with.

    ``starts``: of the sentences.
    """
    people = {entity.span.start: entity.span for entity in entities if entity.label == "PERSON"}
    return [_told(text, attribution, quotations, people, starts) for attribution in attributions]


def _told(text: str, attribution: Attribution, quotations: Quotations, people: dict[int, Range], starts: Sequence[int]) -> Attribution:
    if attribution.source is not None or attribution.cue is not None or attribution.turn:
        return attribution
    begin = attribution.content[0].start
    before = begin - len(PARAGRAPH)
    opening = quotations.over(attribution.content[0])
    whole = opening and opening[0].outer.start == begin and (opening[0].continues or quotations.fills_paragraph(opening[0]))
    if not whole or before <= 0 or text[before:begin] != PARAGRAPH or text[before - 1] not in _ENDS_SENTENCE:
        return attribution
    sentence = Range(starts[bisect_right(starts, before - 1) - 1], before)
    person = people.get(sentence.start)
    if person is None or quotations.over(sentence):
        return attribution
    return replace(attribution, source=person, confidence=_CONFIDENCE, source_confidence=trust.TOPIC)
