"""Whose a quotation is in a language that no network reads: what the sentence around it or before it
reports."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import replace

from services.extract.passes import clauses, trust
from services.extract.passes.quotations import Quotations
from services.extract.text.sentences import sentences
from services.extract.types import Attribution, QuotedStretch, Range

# confidence of some words in marks in a sentence that reports; set below the tagger's own, which are
# calibrated
_IN_SPEECH = 0.7
_SENTENCES_BACK = 4  # that are looked at for who speaks
_REACH = 400  # code points of a sentence that are looked at on either side


def quoted_in_speech(attributions: Sequence[Attribution], quotations: Quotations) -> list[Attribution]:
    """Some words in marks inside a sentence that reports something: er nannte es „einen schweren Fehler“."""
    taken = {piece.start for attribution in attributions for piece in attribution.content}
    places = _Places(quotations)
    added: list[Attribution] = []
    for stretch in quotations.outermost:
        if stretch.outer.start in taken or quotations.is_sentence(stretch):
            continue
        clause = places.clause_around(stretch)
        if clause is not None:
            added.append(
                Attribution(
                    "direct", (stretch.outer,), *clause, _IN_SPEECH, source_confidence=trust.IN_SPEECH
                )
            )
    return added


def said_before(attributions: Sequence[Attribution], quotations: Quotations) -> list[Attribution]:
    """The attributions; quotations without a source with that of the sentence before them, if it reports
    something or somebody opens it."""
    places = _Places(quotations)
    found: list[Attribution] = []
    begin = 0
    for attribution in attributions:
        source = (
            None
            if attribution.source is not None
            else places.speaker_before(attribution.content[0].start, begin)
        )
        named = (
            attribution
            if source is None
            else replace(attribution, source=source, source_confidence=trust.BEFORE)
        )
        found.append(named)
        begin = attribution.hull.end
    return found


class _Places:
    """The sentences of a text, what is quoted left out."""

    def __init__(self, quotations: Quotations) -> None:
        self._quotations = quotations
        self._text = quotations.unquoted
        self._language = quotations.language
        self._sentences = sentences(self._text, language=self._language)
        self._starts = [sentence.start for sentence in self._sentences]

    def clause_around(self, stretch: QuotedStretch) -> clauses.Clause | None:
        """What reports some words in marks inside a sentence; None where nothing does, or where they may be a
        name."""
        index = bisect_right(self._starts, stretch.outer.start) - 1
        if index < 0 or not self._quotations.is_wording(stretch):
            return None
        whole = self._sentences[index]
        sentence = Range(
            max(whole.start, stretch.outer.start - _REACH), min(whole.end, stretch.outer.end + _REACH)
        )
        clause = clauses.reported(self._text, sentence, self._language)
        if clause is None and clauses.is_reported(self._text, sentence, self._language):
            source = self.speaker_before(stretch.outer.start, 0)
            return None if source is None else (source, None)
        return clause

    def speaker_before(self, position: int, begin: int) -> Range | None:
        """Who speaks in the last sentence before a place, of its paragraph and not before ``begin``, that
        says so."""
        paragraph = max(begin, self._text.rfind("\n", 0, position) + 1)
        first, last = bisect_left(self._starts, paragraph), bisect_left(self._starts, position)
        for whole in reversed(self._sentences[max(first, last - _SENTENCES_BACK) : last]):
            end = min(whole.end, position)
            sentence = Range(max(whole.start, end - _REACH), end)
            clause = clauses.reported(self._text, sentence, self._language)
            source = (
                clause[0]
                if clause is not None
                else clauses.person_in_front(self._text, sentence, self._language)
            )
            if source is not None:
                return source
        return None
