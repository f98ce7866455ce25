"""The frozen rule that sorts attributions into direct, mixed and indirect speech for comparable scores.

It is the rule behind the published human agreement figures, and is kept as it was there; the extractor has
its own, fuller lexicon.
"""

from __future__ import annotations

from services.extract.types import Range

DIRECT, MIXED, SPEECH_CUE, OTHER_CUE = "direct", "mixed", "indirect, speech cue", "indirect, other cue"
TYPES = (DIRECT, MIXED, SPEECH_CUE, OTHER_CUE)
SPEECH = (DIRECT, MIXED, SPEECH_CUE)

SPEECH_CUES = frozenset(
    """say said says saying told tell tells telling according tweeted tweet tweets added add adds adding wrote write writes writing
    announced announce announces announcing asked ask asks asking argued argue argues arguing called call calls calling claimed claim
    claims claiming noted note notes noting denied deny denies denying explained explain explains explaining reported report reports
    reporting stated state states stating insisted insist insists insisting suggested suggest suggests suggesting declared declare
    replied responded testified warned warn warns warning accused accuse accusing criticized confirmed confirm continued acknowledged
    recalled urged described describe describes admitted promised vowed concluded predicted complained joked quipped remarked
    commented mentioned shouted quoted quoting citing cited reiterated emphasized stressed maintained contended asserted alleged
    declined""".split()  # noqa: SIM905 - a list of 114 literals would hide the words
)

_DOUBLE_MARKS = ('"', "“", "”", "``", "''")
_OPENING = ('"', "“", "”", "``", "''", "‘", "'")
_CLOSING = ('"', "”", "“", "''", "’", "'")
_CLOSING_WITHIN = 3  # characters from the end, where a full stop or a comma may follow the mark


def attribution_type(text: str, content: tuple[Range, ...], cue: tuple[Range, ...]) -> str:
    """One of ``TYPES``: direct when the content starts with a quotation mark and has a closing one within its
    last three characters; mixed when a double mark is anywhere inside; otherwise indirect, by the words of
    its cue."""
    words = " ".join(text[part.start : part.end] for part in content).strip()
    if words.startswith(_OPENING) and any(mark in words[1:][-_CLOSING_WITHIN:] for mark in _CLOSING):
        return DIRECT
    if any(mark in words for mark in _DOUBLE_MARKS):
        return MIXED
    cue_words = " ".join(text[part.start : part.end] for part in cue).lower().split()
    return SPEECH_CUE if any(word.strip(".,:;!?\"“”'’") in SPEECH_CUES for word in cue_words) else OTHER_CUE
