"""Whose a quotation is that names no source: of the speaker who goes on speaking."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from services.extract.passes.quotations import Quotations
from services.extract.passes.tidy import PARAGRAPH_BREAK
from services.extract.types import Attribution, QuotedStretch

# Confidence of what only the marks say; the tagger's own confidences are calibrated, these are set below
# them.
_SAME_PARAGRAPH = 0.75
_REOPENED = 0.8
_NEXT_PARAGRAPH = 0.5


def running_speakers(
    text: str, attributions: Sequence[Attribution], quotations: Quotations
) -> tuple[list[Attribution], dict[int, int]]:
    """The attributions, and for quotations without a source the number of the one whose speaker goes on
    speaking."""
    found: list[Attribution] = []
    inherits: dict[int, int] = {}
    for number, attribution in enumerate(attributions):
        link = None
        if attribution.source is None and attribution.kind != "indirect":
            link = _previous(text, attributions, number, quotations) or _following(text, attributions, number)
        if link is None:
            found.append(attribution)
            continue
        inherits[number], confidence = link
        sure = confidence if attribution.cue is None else min(attribution.confidence, confidence)
        found.append(replace(attribution, confidence=sure, source_confidence=confidence))
    return found, inherits


def _previous(
    text: str, attributions: Sequence[Attribution], number: int, quotations: Quotations
) -> tuple[int, float] | None:
    """The attribution before, when its speaker goes on: in the same paragraph, by a reopened mark, or by a
    paragraph all in quotes."""
    if number == 0:
        return None
    here, before = attributions[number], attributions[number - 1]
    gap = (
        text[before.content[-1].end : here.content[0].start]
        if before.content[-1].end < here.content[0].start
        else ""
    )
    breaks = len(PARAGRAPH_BREAK.findall(gap))
    speech = before.kind in ("direct", "mixed")
    if breaks == 0:
        return number - 1, _SAME_PARAGRAPH
    ending = [s for s in quotations.over(before.content[-1]) if s.continues]
    if breaks == 1 and ending:
        return number - 1, _REOPENED
    opening: list[QuotedStretch] = quotations.over(here.content[0])
    if (
        breaks == 1
        and opening
        and quotations.fills_paragraph(opening[0])
        and (speech or gap.rstrip().endswith(":"))
    ):
        return number - 1, _NEXT_PARAGRAPH
    return None


def _following(text: str, attributions: Sequence[Attribution], number: int) -> tuple[int, float] | None:
    """The attribution after, in the same paragraph: “One thing.” “Another thing,” he said."""
    if number + 1 >= len(attributions):
        return None
    after = attributions[number + 1]
    if after.source is None or after.kind == "indirect":
        return None
    gap = text[attributions[number].content[-1].end : after.content[0].start]
    return (number + 1, _SAME_PARAGRAPH) if "\n" not in gap else None
