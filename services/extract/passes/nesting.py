"""Attributions inside another's content: “Smith said that JONES HAD TOLD REPORTERS THAT TAXES WOULD RISE”.

The tagger gives each word one role, so it reads the whole of what Smith said as content and sees nothing in
it. What he reports in turn is found by a second reading of those sentences of it that hold a verb of saying,
each as a paragraph of its own, and so on inwards. Only words are taken, no thoughts, wishes or plans: whose
those are is the outer speaker's claim already.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from typing import NamedTuple

from schemas.events import Stance
from services.extract.claims.cues import cue_at
from services.extract.claims.denial import contradicts, is_denied
from services.extract.lang import ENGLISH, Language
from services.extract.passes.quotations import Quotations
from services.extract.passes.tidy import tidy
from services.extract.text.sentences import sentences
from services.extract.types import Attribution, QuotedStretch, Range

Read = Callable[[str], Sequence[Attribution]]
"""The tagger: the attributions of a text."""

_DEEPEST = 4  # readings, each of what the one before found: news hardly ever nests three deep
_FEWEST = 2  # words that are said: “to rest”
# of the tagger; below it about half of what it finds in a sentence torn out of its article is wrong
_SURE = 0.8
_BEFORE = 32  # code points: the longest of both
_WORD = re.compile(r"\w+")
_REACH = 16  # pieces of content before a place that are looked at: they hardly ever overlap


class _Patterns(NamedTuple):
    saying: re.Pattern[str]
    """Forms that report what was said; bare ones, mostly of what is not said, only where nothing before them
    says so."""
    unsaid: re.Pattern[str]
    """Reporting words of what is not said yet, or only supposed (“Mexico would demand that …”), or that name
    a subject (“spoke about”)."""
    idle: re.Pattern[str]
    """Before a verb of saying: nobody in particular, a passive, or what is not said yet."""
    determiner: re.Pattern[str]
    """Before a participle that is an adjective: “her newly-announced plan”, “the pledged delegates”."""
    clause: re.Pattern[str]
    """Begins like what is said or asked, or has a subject and a verb: “they had lied”, not “the rules” and
    not “would end in May”."""
    complementiser: re.Pattern[str]


@cache
def _patterns(language: Language) -> _Patterns:
    any_of = language.any_of
    bare = "".join(rf"(?<!\b{word}\s)" for word in language.entries("saying_bare_not_after")) + any_of(
        "saying_bare"
    )
    nouns = rf"{any_of('saying_nouns')}(?=\s+{any_of('complementisers')}\b)"
    modal = rf"\b(?:{any_of('modals')}|{any_of('obligations')})\b|['’]{any_of('future_clitics')}\b"
    unsaid = rf"^{any_of('unsaid_openers')}\b|{modal}|\b{any_of('unsaid_endings')}$"
    nobody = any_of("nobody_in_particular", "infinitive_markers", "modals", "be")
    adverb = rf"(?:\w+{any_of('adverb_endings')}|{any_of('idle_adverbs')})"
    idle = rf"(?:\b{nobody}|{any_of('negative_clitics')}|[’']{any_of('shortened_modals')})(?:\s{adverb})?\s\Z"
    has_verb = rf"(?:{any_of('auxiliaries')}|\w+{any_of('negative_clitics')})"
    opens = rf"{any_of('clause_openers')}\b|[\"“‘'`«„]"
    verb = rf"\b(?:{has_verb}|\w{{2,}}{any_of('participle_past_endings')})\b|(?<=\w)['’]{any_of('clitics')}\b"
    return _Patterns(
        saying=re.compile(rf"\b(?:{any_of('saying')}|{bare}|{nouns})\b"),
        unsaid=re.compile(unsaid, re.IGNORECASE),
        idle=re.compile(idle, re.IGNORECASE),
        determiner=re.compile(rf"(?:\b(?:{any_of('noun_openers')}|\d+)\s|-)\Z", re.IGNORECASE),
        clause=re.compile(
            rf"(?!(?:{has_verb}|{any_of('clause_conjunctions')})\b)(?:{opens}|.*?(?:{verb}))",
            re.IGNORECASE | re.DOTALL,
        ),
        complementiser=re.compile(rf"{any_of('complementisers')}\s+(?=\S)", re.IGNORECASE),
    )


class Nested(NamedTuple):
    """An attribution, and the number of the one whose content holds it: first those that were given count,
    then those returned."""

    attribution: Attribution
    within: int


def holders(attributions: Sequence[Attribution]) -> list[int | None]:
    """For each attribution the number of another one with a piece of content that holds all of it, its
    reporting words too: of several the shortest piece. None for one that stands by itself."""
    pieces = sorted(
        (piece, number) for number, attribution in enumerate(attributions) for piece in attribution.content
    )
    starts = [piece.start for piece, _ in pieces]
    holding: list[int | None] = []
    for number, attribution in enumerate(attributions):
        whole = attribution.hull
        last = bisect_right(starts, whole.start)
        around = [
            (piece.end - piece.start, holder)
            for piece, holder in pieces[max(0, last - _REACH) : last]
            if holder != number and piece.end >= whole.end and piece not in attribution.content
        ]
        holding.append(min(around)[1] if around and attribution.cue is not None else None)
    return holding


def nested(text: str, attributions: Sequence[Attribution], marks: Marks, read: Read) -> list[Nested]:
    """What the contents of ``attributions`` report in turn, outer before inner; each statement once."""
    found: list[Nested] = []
    known = _Known(attributions)
    level = [
        (number, attribution)
        for number, attribution in enumerate(attributions)
        if not is_withheld(text, attribution)
    ]
    for _ in range(_DEEPEST):
        inner: list[tuple[int, Attribution]] = []
        for owner, passage in _passages(text, level, marks):
            for read_again in _read(text, passage, read):
                quotations = marks.below(read_again.cue)
                attribution = tidy(text, read_again, quotations)
                if (
                    attribution is None
                    or not _is_report(text, attribution, marks.language)
                    or not known.is_new(attribution)
                ):
                    continue
                known.add(attribution)
                attribution = replace(
                    attribution,
                    kind=kind_of(text, attribution.content, quoted_words(attribution, quotations)),
                )
                if not is_withheld(text, attribution):
                    inner.append((len(attributions) + len(found), attribution))
                found.append(Nested(attribution, owner))
        level = inner
    return found


class _Known:
    """What was found so far: reporting words and what they report. A reading of a part may cut either a
    little otherwise."""

    def __init__(self, attributions: Iterable[Attribution]) -> None:
        self._cues: list[Range] = []
        self._contents: set[tuple[Range, ...]] = set()
        for attribution in attributions:
            self.add(attribution)

    def is_new(self, attribution: Attribution) -> bool:
        """Whether no other has the words of this one or a part of its cue."""
        if attribution.content in self._contents:
            return False
        cue = attribution.cue
        if cue is None:
            return True
        index = bisect_left(self._cues, cue)
        return not any(
            other.start < cue.end and cue.start < other.end
            for other in self._cues[max(0, index - 1) : index + 1]
        )

    def add(self, attribution: Attribution) -> None:
        """Know it from now on."""
        self._contents.add(attribution.content)
        if attribution.cue is not None:
            insort(self._cues, attribution.cue)


def is_withheld(text: str, attribution: Attribution) -> bool:
    """Whether its speaker denies or did not say the content (“denied that Jones had told him …”): then nobody
    has said what is in it."""
    cue = attribution.cue
    if cue is None:
        return False
    if is_denied(text, attribution.source, cue, attribution.content):
        return True
    return (
        contradicts(text[slice(*cue)], text[slice(*attribution.content[0])])
        or cue_at(text, cue).stance is Stance.DENY
    )


class Marks:
    """The quotation marks of a text as levels: those inside others are what a speaker quotes."""

    def __init__(self, text: str, stretches: Sequence[QuotedStretch], language: Language = ENGLISH) -> None:
        self.language = language
        deepest = max((stretch.depth for stretch in stretches), default=0)
        levels = (
            [replace(s, depth=0) for s in stretches if s.depth == depth] for depth in range(deepest + 2)
        )
        self._levels = [Quotations(text, level, language) for level in levels]

    @property
    def outermost(self) -> Quotations:
        """Those inside no others."""
        return self._levels[0]

    def around(self, span: Range) -> QuotedStretch | None:
        """The innermost stretch that holds ``span``."""
        return next(
            (stretch for level in reversed(self._levels) if (stretch := level.holding(span)) is not None),
            None,
        )

    def below(self, cue: Range | None) -> Quotations:
        """Those one level deeper than the ones that hold these reporting words: by them whoever the words
        belong to quotes."""
        holding = [depth for depth, level in enumerate(self._levels[:-1]) if level.holding(cue) is not None]
        return self._levels[holding[-1] + 1 if holding else 0]


def quoted_words(attribution: Attribution, quotations: Quotations) -> tuple[Range, ...]:
    """The parts of a content between quotation marks, without them; titles and nicknames are no quotes."""
    if attribution.turn:
        return attribution.content
    parts: list[Range] = []
    for piece in attribution.content:
        for stretch in quotations.evidence(piece, attribution.cue, attribution.source):
            start, end = max(piece.start, stretch.inner.start), min(piece.end, stretch.inner.end)
            if start < end and not quotations.is_name(stretch):
                parts.append(Range(start, end))
    return tuple(sorted(set(parts)))


def kind_of(text: str, content: Sequence[Range], quoted: Sequence[Range]) -> str:
    """``direct`` when all words of a content are quoted, ``mixed`` when some are, else ``indirect``."""
    inside, whole = (sum(len(_WORD.findall(text, *span)) for span in spans) for spans in (quoted, content))
    return "indirect" if not inside else "mixed" if inside < whole else "direct"


def _passages(
    text: str, level: Iterable[tuple[int, Attribution]], marks: Marks
) -> Iterator[tuple[int, Range]]:
    """What to read again, each with the number of its attribution: the sentences of contents with a verb of
    saying; where that stands between marks, what stands between them. A complementiser they begin with is
    left out."""
    patterns = _patterns(marks.language)
    for number, attribution in level:
        for piece in attribution.content:
            # most pieces hold no such verb: their sentences need not be told apart
            for sentence in sentences(text, *piece) if patterns.saying.search(text, *piece) else ():
                passage = _passage(text, sentence, marks, patterns)
                if passage is not None and len(_WORD.findall(text, *passage)) >= _FEWEST + 2:
                    yield number, passage


def _passage(text: str, sentence: Range, marks: Marks, patterns: _Patterns) -> Range | None:
    """What of a sentence is to be read again; None where no verb of saying reports anything for sure."""
    verb = next(
        (
            match
            for match in patterns.saying.finditer(text, *sentence)
            if not _is_idle(text, match, marks.language)
        ),
        None,
    )
    if verb is None:
        return None
    start, end = sentence
    around = marks.around(Range(*verb.span()))
    if around is not None:
        start, end = max(start, around.inner.start), min(end, around.inner.end)
    complementiser = patterns.complementiser.match(text, start, end)
    return Range(complementiser.end() if complementiser else start, end)


def _is_idle(text: str, verb: re.Match[str], language: Language) -> bool:
    """Whether a verb of saying reports nothing for sure, so that its sentence need not be read again for
    it."""
    patterns, form = _patterns(language), verb.group()
    begin = max(0, verb.start() - _BEFORE)
    if patterns.idle.search(text, begin, verb.start()) is not None and not form.endswith(
        language.entries("progressive_endings")
    ):
        return True
    return (
        form.endswith(language.entries("participle_past_endings"))
        and patterns.determiner.search(text, begin, verb.start()) is not None
    )


def _read(text: str, passage: Range, read: Read) -> Iterator[Attribution]:
    """The attributions of a passage read alone as a sentence, with their place in the text. Read with others
    as the paragraphs of one text it gives less: the tagger takes neighbours for a story."""
    words = text[slice(*passage)].rstrip(" ,;:—–-")
    first = next(position for position, character in enumerate(words) if character.isalnum())
    capital = words[first].upper()
    stop = "." if words[-1].isalnum() else ""
    for attribution in read(
        words[:first] + (capital if len(capital) == 1 else words[first]) + words[first + 1 :] + stop
    ):
        if attribution.hull.end <= len(words):
            yield _moved(attribution, passage.start)


def _moved(attribution: Attribution, by: int) -> Attribution:
    def there(span: Range) -> Range:
        return Range(span.start + by, span.end + by)

    source, cue = attribution.source, attribution.cue
    return replace(
        attribution,
        content=tuple(map(there, attribution.content)),
        source=None if source is None else there(source),
        cue=None if cue is None else there(cue),
    )


def _is_report(text: str, attribution: Attribution, language: Language) -> bool:
    """Whether a second reading is to be believed: somebody's words, said and not only supposed, reported by a
    verb of saying."""
    source, cue, content = attribution.source, attribution.cue, attribution.content
    if source is None or cue is None or attribution.confidence < _SURE:
        return False
    if text[slice(*source)].lower() in language.words("nobody_in_particular"):
        return False
    apart = all(piece.end <= cue.start or cue.end <= piece.start for piece in content)
    patterns = _patterns(language)
    said = (
        patterns.saying.search(text, *cue) is not None and patterns.unsaid.search(text[slice(*cue)]) is None
    )
    return (
        apart
        and said
        and sum(len(_WORD.findall(text, *piece)) for piece in content) >= _FEWEST
        and patterns.clause.match(text, *content[0]) is not None
    )
