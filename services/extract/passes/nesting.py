"""Attributions inside another's content: “Smith said that JONES HAD TOLD REPORTERS THAT TAXES WOULD RISE”.

The tagger gives each word one role, so it reads the whole of what Smith said as content and sees nothing in it. What he reports in turn
is found by a second reading of those sentences of it that hold a verb of saying, each as a paragraph of its own, and so on inwards. Only
words are taken, no thoughts, wishes or plans: whose those are is the outer speaker's claim already.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from schemas.events import Stance
from services.extract.claims.cues import cue_at, is_negated
from services.extract.passes.quotations import Quotations
from services.extract.passes.tidy import tidy
from services.extract.text.sentences import sentences
from services.extract.types import Attribution, QuotedStretch, Range
from services.extract.wordlist import any_of, words

Read = Callable[[str], Sequence[Attribution]]
"""The tagger: the attributions of a text."""

_DEEPEST = 4  # readings, each of what the one before found: news hardly ever nests three deep
_FEWEST = 2  # words that are said: “to rest”
_SURE = 0.8  # of the tagger; below it about half of what it finds in a sentence torn out of its article is wrong
_SAYING = any_of(
    r"""
    said says saying told tells wr(?:ote|ites) tweet(?:ed|ing) sw(?:ore|ears) [Aa]ccording announc(?:ed|es|ing) declar(?:ed|es|ing) stated
    testif(?:ied|ies) reported acknowledg(?:ed|es) admit(?:ted|s) insist(?:ed|s|ing) argu(?:ed|es|ing) promis(?:ed|ing) vow(?:ed|s)
    pledg(?:ed|ing) den(?:ied|ies) warn(?:ed|s|ing) asked add(?:ed|s) explain(?:ed|s) recall(?:ed|s) conclud(?:ed|es) confirm(?:ed|s)
    predict(?:ed|s) suggest(?:ed|s) alleg(?:ed|es|ing) complain(?:ed|s) repl(?:ied|ies) answered demanded claim(?:ed|s|ing)
    assert(?:ed|s|ing) contend(?:ed|s) remarked not(?:ed|es) responded informed assured advised
    (?<!\bto\s)(?<!\bI\s)(?<!ld\s)(?<!\bcan\s)(?<!\bwill\s)(?:say|argue)
    (?:statement|declaration|announcement|allegation|assertion|claim|promise|pledge|warning|report)s?(?=\s+that\b)
    """,
    re.NOFLAG,
)
"""Forms that report what was said; bare ones, which mostly follow “to” or “would” and are as often nouns, only where they are frequent."""
_UNSAID = re.compile(
    r"^(?:to|let|if)\b|\b(?:would|will|could|can|should|must|may|might|shall|needs?\s+to|ha(?:s|ve)\s+to)\b|['’]ll\b|\b(?:about|on|for)$",
    re.IGNORECASE,
)
"""Reporting words of what is not said yet, or only supposed (“Mexico would demand that …”), or that name a subject (“spoke about”)."""
_IDLE = re.compile(
    r"(?:\b(?:you|anyone|anybody|nobody|everyone|everybody|one|whatever|to|would|will|can|could|should|must|may|might|shall"
    r"|is|are|was|were|be|been|being)|n[’']t|[’'](?:ll|d|re))(?:\s(?:\w+ly|also|just|all|ever|never|once|often|always|even|still|have|be|been|not))?\s\Z",
    re.IGNORECASE,
)
"""Before a verb of saying: nobody in particular, a passive, or what is not said yet."""
_DETERMINER = re.compile(r"(?:\b(?:the|an?|his|her|its|their|these|those|this|\d+|enough)\s|-)\Z", re.IGNORECASE)
"""Before a participle that is an adjective: “her newly-announced plan”, “the pledged delegates”."""
_BEFORE = 32  # code points: the longest of both
_NOBODY = words("you your one anyone anybody nobody everyone everybody")
_AUXILIARY = r"(?:am|is|are|was|were|has|have|had|will|would|can|could|should|may|might|must|do|does|did|\w+n['’]t)"
_CLAUSE = re.compile(
    rf"(?!(?:{_AUXILIARY}|and|or|but)\b)(?:(?:that|if|whether|why|how|what|when|where|who|to|not\s+to)\b|[\"“‘'`«„]"
    rf"|.*?(?:\b(?:{_AUXILIARY}|\w{{2,}}ed)\b|(?<=\w)['’](?:s|m|re|ve|ll|d)\b))",
    re.IGNORECASE | re.DOTALL,
)
"""Begins like what is said or asked, or has a subject and a verb: “they had lied”, not “the rules” and not “would end in May”."""
_COMPLEMENTISER = re.compile(r"that\s+(?=\S)", re.IGNORECASE)
_WORD = re.compile(r"\w+")
_REACH = 16  # pieces of content before a place that are looked at: they hardly ever overlap


class Nested(NamedTuple):
    """An attribution, and the number of the one whose content holds it: first those that were given count, then those returned."""

    attribution: Attribution
    within: int


def holders(attributions: Sequence[Attribution]) -> list[int | None]:
    """For each attribution the number of another one with a piece of content that holds all of it, its reporting words too: of several
    the shortest piece. None for one that stands by itself."""
    pieces = sorted((piece, number) for number, attribution in enumerate(attributions) for piece in attribution.content)
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
    level = [(number, attribution) for number, attribution in enumerate(attributions) if not is_withheld(text, attribution)]
    for _ in range(_DEEPEST):
        inner: list[tuple[int, Attribution]] = []
        for owner, passage in _passages(text, level, marks):
            for read_again in _read(text, passage, read):
                quotations = marks.below(read_again.cue)
                attribution = tidy(text, read_again, quotations)
                if attribution is None or not _is_report(text, attribution) or not known.is_new(attribution):
                    continue
                known.add(attribution)
                attribution = replace(attribution, kind=kind_of(text, attribution.content, quoted_words(attribution, quotations)))
                if not is_withheld(text, attribution):
                    inner.append((len(attributions) + len(found), attribution))
                found.append(Nested(attribution, owner))
        level = inner
    return found


class _Known:
    """What was found so far: reporting words and what they report. A reading of a part may cut either a little otherwise."""

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
        return not any(other.start < cue.end and cue.start < other.end for other in self._cues[max(0, index - 1) : index + 1])

    def add(self, attribution: Attribution) -> None:
        """Know it from now on."""
        self._contents.add(attribution.content)
        if attribution.cue is not None:
            insort(self._cues, attribution.cue)


def is_withheld(text: str, attribution: Attribution) -> bool:
    """Whether its speaker denies or did not say the content (“denied that Jones had told him …”): then nobody has said what is in it."""
    cue = attribution.cue
    if cue is None:
        return False
    behind = next((piece for piece in attribution.content if piece.start >= cue.end), None)
    goes_on = " to" if behind is not None and text[behind.start : behind.start + 3].lower() == "to " else ""
    return is_negated(text[slice(*cue)] + goes_on) or cue_at(text, cue).stance is Stance.DENY


class Marks:
    """The quotation marks of a text as levels: those inside others are what a speaker quotes."""

    def __init__(self, text: str, stretches: Sequence[QuotedStretch]) -> None:
        deepest = max((stretch.depth for stretch in stretches), default=0)
        self._levels = [
            Quotations(text, [replace(s, depth=0) if depth else s for s in stretches if s.depth == depth]) for depth in range(deepest + 2)
        ]

    @property
    def outermost(self) -> Quotations:
        """Those inside no others."""
        return self._levels[0]

    def around(self, span: Range) -> QuotedStretch | None:
        """The innermost stretch that holds ``span``."""
        return next((stretch for level in reversed(self._levels) if (stretch := level.holding(span)) is not None), None)

    def below(self, cue: Range | None) -> Quotations:
        """Those one level deeper than the ones that hold these reporting words: by them whoever the words belong to quotes."""
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


def _passages(text: str, level: Iterable[tuple[int, Attribution]], marks: Marks) -> Iterator[tuple[int, Range]]:
    """What to read again, each with the number of its attribution: the sentences of contents with a verb of saying; where that stands
    between marks, what stands between them. A complementiser they begin with is left out."""
    for number, attribution in level:
        for piece in attribution.content:
            # most pieces hold no such verb: their sentences need not be told apart
            for start, end in sentences(text, *piece) if _SAYING.search(text, *piece) else ():
                verb = next((match for match in _SAYING.finditer(text, start, end) if not _is_idle(text, match)), None)
                if verb is None:
                    continue
                around = marks.around(Range(*verb.span()))
                if around is not None:
                    start, end = max(start, around.inner.start), min(end, around.inner.end)
                complementiser = _COMPLEMENTISER.match(text, start, end)
                start = complementiser.end() if complementiser else start
                if len(_WORD.findall(text, start, end)) >= _FEWEST + 2:
                    yield number, Range(start, end)


def _is_idle(text: str, verb: re.Match[str]) -> bool:
    """Whether a verb of saying reports nothing for sure, so that its sentence need not be read again for it."""
    begin = max(0, verb.start() - _BEFORE)
    if _IDLE.search(text, begin, verb.start()) is not None and not verb.group().endswith("ing"):
        return True
    return verb.group().endswith("ed") and _DETERMINER.search(text, begin, verb.start()) is not None


def _read(text: str, passage: Range, read: Read) -> Iterator[Attribution]:
    """The attributions of a passage read alone as a sentence, with their place in the text. Read with others as the paragraphs of one
    text it gives less: the tagger takes neighbours for a story."""
    words = text[slice(*passage)].rstrip(" ,;:—–-")
    first = next(position for position, character in enumerate(words) if character.isalnum())
    capital = words[first].upper()
    stop = "." if words[-1].isalnum() else ""
    for attribution in read(words[:first] + (capital if len(capital) == 1 else words[first]) + words[first + 1 :] + stop):
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


def _is_report(text: str, attribution: Attribution) -> bool:
    """Whether a second reading is to be believed: somebody's words, said and not only supposed, reported by a verb of saying."""
    source, cue, content = attribution.source, attribution.cue, attribution.content
    if source is None or cue is None or attribution.confidence < _SURE or text[slice(*source)].lower() in _NOBODY:
        return False
    apart = all(piece.end <= cue.start or cue.end <= piece.start for piece in content)
    said = _SAYING.search(text, *cue) is not None and _UNSAID.search(text[slice(*cue)]) is None
    return (
        apart
        and said
        and sum(len(_WORD.findall(text, *piece)) for piece in content) >= _FEWEST
        and _CLAUSE.match(text, *content[0]) is not None
    )
