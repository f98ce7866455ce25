"""Attributions that are one, the same words found twice and quoted paragraphs that go on with the words
before them, and those that are none: a few words in marks that nobody is said to have used."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from services.extract.passes.quotations import Quotations
from services.extract.types import Attribution, Range

_GOES_ON = re.compile(r"[^\n]?[.!?…\"”’'][\"“”‘’'.,]*\n\n[\"“”‘’']*")
"""From the last character of words to those they go on with in the next paragraph: a sentence's end, marks
and the break, nothing else."""
_WORD = re.compile(r"\w+(?:[-'’.]\w+)*")
MAX_PIECES = 256  # of one statement: the schema's limit
_FEW = 4  # words in marks: a name, a title, a scare quote
_SHORT = 200  # code points that hold more than a few words


def once(attributions: Sequence[Attribution]) -> list[Attribution]:
    """Of attributions of the same words by the same cue, the surest; order kept."""
    best: dict[tuple[tuple[Range, ...], Range | None], Attribution] = {}
    for attribution in attributions:
        key = attribution.content, attribution.cue
        if key not in best or best[key].confidence < attribution.confidence:
            best[key] = attribution
    return list(best.values())


def joined(text: str, attributions: Sequence[Attribution], quotations: Quotations) -> list[Attribution]:
    """Quoted paragraphs without a source or a cue, one with the words right before them, which they continue;
    headings stand alone."""
    speeches: list[Attribution] = []
    for here in attributions:
        before = speeches[-1] if speeches else None
        bare = here.source is None and here.cue is None and not here.turn
        if before is not None and bare and not before.turn and before.content[-1].end < here.content[0].start:
            opening = quotations.over(here.content[0])
            between = (before.content[-1].end - 1, here.content[0].start)
            fits = len(before.content) + len(here.content) <= MAX_PIECES
            if (
                fits
                and opening
                and not quotations.is_heading(opening[0])
                and _GOES_ON.fullmatch(text, *between)
            ):
                speeches[-1] = replace(before, content=(*before.content, *here.content))
                continue
        speeches.append(here)
    return speeches


def is_scare_quote(text: str, attribution: Attribution, quotations: Quotations) -> bool:
    """Whether all that is quoted are a few words by a cue that has nobody for its source: *the definition of*
    “family”."""
    if attribution.source is not None or attribution.cue is None or attribution.turn:
        return False
    stretches = [s for piece in attribution.content for s in quotations.over(piece)]
    parts = [
        (stretch.inner.start, min(stretch.inner.end, stretch.inner.start + _SHORT)) for stretch in stretches
    ]
    return bool(parts) and sum(len(_WORD.findall(text, *part)) for part in parts) <= _FEW
