"""Who speaks, read off the surface: not whom the reporting words are about; and where the tagger named
nobody, what stands beside a quotation, or in the clause that an opening participle hangs on."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import NamedTuple

from services.extract.lang import ENGLISH, Language
from services.extract.passes import trust
from services.extract.passes.adjacent import adjacent_source, subject, verb
from services.extract.passes.quotations import Quotations
from services.extract.types import Attribution, Range

# confidence of what the marks and the words beside them say; the tagger's own is calibrated, this is set
# below it
_BESIDE = 0.8
_CLAUSE = 80  # code points: the longest of these
_LAST = 60  # code points: the longest reporting verb with its adverb
_LEAD = 12  # code points before an opening participle: its preposition
_REACH = 120  # code points of a main clause's subject


class _Patterns(NamedTuple):
    participle: re.Pattern[str]
    opens: re.Pattern[str]
    main_clause: re.Pattern[str]
    broken: re.Pattern[str]
    swallowed: re.Pattern[str]
    asked: re.Pattern[str]
    passive: re.Pattern[str]
    agent: re.Pattern[str]


@cache
def _patterns(language: Language) -> _Patterns:
    any_of, word = language.any_of, r"[\w’'-]"
    relative = rf"\w+{any_of('relative_endings')}|{any_of('relative_adverbs')}"
    agent = rf"(?:{any_of('agent_determiners')}\s+)?[^\W\d_]{word}*(?:\s{word}+){{0,4}}?"
    return _Patterns(
        participle=re.compile(
            rf"(?:{word}+\s){{0,2}}?{word}+{any_of('progressive_endings')}\b", re.IGNORECASE
        ),
        opens=re.compile(rf"(?:{any_of('participle_openers')}\s+)?\Z"),
        main_clause=re.compile(rf"[\"”’']?,?[\"”’']?\s+(?P<source>{subject(language)})\s+(?=[a-z])"),
        broken=re.compile(rf"\s*,\s+(?P<pronoun>{any_of('relative_pronouns')})(?:\s+(?:{relative}))*\Z"),
        swallowed=re.compile(rf"(?P<mark>[,?!]?[”\"’']?)\s+(?P<cue>{verb(language)})\Z"),
        asked=re.compile(rf"(?:{any_of('asked_openers')}\s+)?{any_of('asked')}\b", re.IGNORECASE),
        passive=re.compile(
            rf"\b{any_of('be')}\s+(?:\w+\s+){{0,2}}?{any_of('passive_participles')}\b", re.IGNORECASE
        ),
        agent=re.compile(
            rf"\b{any_of('agent_prepositions')}\s+(?P<source>{agent})(?=\s+{any_of('agent_ends')}\b|[,.;:“\"]|\Z)",
        ),
    )


def without_relative_pronoun(
    text: str, attribution: Attribution, language: Language = ENGLISH
) -> Attribution:
    """A source that breaks off in its relative clause: the pronoun, where that clause reports (“Lee, who
    earlier” | said); else what stands before it (“Lee, who” was tired, | said). A whole relative clause
    stays."""
    source, cue = attribution.source, attribution.cue
    if source is None:
        return attribution
    clause = _patterns(language).broken.search(text, max(source.start + 1, source.end - _CLAUSE), source.end)
    if clause is None:
        return attribution
    own = cue is not None and cue.start >= source.end and not text[source.end : cue.start].strip()
    return replace(
        attribution, source=Range(*clause.span("pronoun")) if own else Range(source.start, clause.start())
    )


def swallowed_cue(text: str, attribution: Attribution, language: Language = ENGLISH) -> Attribution:
    """“We are ready, said” | Anna Lee: where the closing mark is missing, the reporting verb is no part of
    what was said."""
    source, last = attribution.source, attribution.content[-1]
    if (
        source is None
        or attribution.cue is not None
        or source.start < last.end
        or text[last.end : source.start].strip()
    ):
        return attribution
    verb = _patterns(language).swallowed.search(text, max(last.start, last.end - _LAST), last.end)
    if verb is None or verb.start() == last.start:
        return attribution
    content = (*attribution.content[:-1], Range(last.start, verb.start() + len(verb["mark"])))
    return replace(attribution, content=content, cue=Range(*verb.span("cue")))


def without_target(text: str, attribution: Attribution, language: Language = ENGLISH) -> Attribution:
    """“Lee was asked whether …” · “Asked about the cost, Lee said …”: who is asked or accused does not say
    it."""
    source, cue = attribution.source, attribution.cue
    if source is None or cue is None:
        return attribution
    if source.end <= cue.start:
        said_of = _patterns(language).passive.search(text, cue.start, cue.end)
    else:
        # “…?” asked Lee: there he asks
        opens = cue.end <= attribution.content[0].start and attribution.content[-1].end <= source.start
        said_of = _patterns(language).asked.match(text, cue.start, cue.end) if opens else None
    return replace(attribution, source=None, source_confidence=trust.NOBODY) if said_of else attribution


def passive_agent(text: str, attribution: Attribution, language: Language = ENGLISH) -> Attribution:
    """“Lee was told by engineers that …” · “Lee, asked by reporters whether …”: the agent of a passive
    speaks."""
    cue = attribution.cue
    patterns = _patterns(language)
    if cue is None or not (patterns.passive.search(text, *cue) or patterns.asked.match(text, *cue)):
        return attribution
    line = text.find("\n", cue.end, cue.end + _REACH)
    agent = patterns.agent.search(text, cue.start, min(len(text), cue.end + _REACH) if line < 0 else line)
    if agent is None or agent.start() > cue.end + 1:
        return attribution
    source = Range(*agent.span("source"))
    if any(piece.start < source.end and source.start < piece.end for piece in attribution.content):
        return attribution
    return replace(
        attribution, source=source, cue=Range(cue.start, agent.start() - 1), source_confidence=trust.AGENT
    )


def name_beside_quotation(text: str, attribution: Attribution, quotations: Quotations) -> Attribution:
    """“…,” said Smith · Said Smith: “…” · “…” — Anna Smith."""
    if attribution.source is not None:
        return attribution
    for piece in reversed(attribution.content):
        for stretch in quotations.over(piece):
            beside = (
                adjacent_source(text, stretch, quotations.language)
                if stretch.closed and stretch.outer.end == piece.end
                else None
            )
            if beside is None:
                continue
            source, cue = beside
            content = tuple(
                stretch.outer
                if part == piece and part.start < source.end and source.start < part.end
                else part
                for part in attribution.content
            )
            content = tuple(part for part in content if part.end <= source.start or source.end <= part.start)
            if not content:
                continue
            if (
                attribution.cue is None
                or cue is None
                or (cue.start < attribution.cue.end and attribution.cue.start < cue.end)
            ):
                confidence = max(attribution.confidence, _BESIDE)
                found = replace(
                    attribution,
                    content=content,
                    source=source,
                    cue=cue or attribution.cue,
                    confidence=confidence,
                )
                return replace(found, source_confidence=trust.BESIDE)
    return attribution


def subject_of_main_clause(
    text: str, attribution: Attribution, starts: Sequence[int], language: Language = ENGLISH
) -> Attribution:
    """“Claiming that he won, Trump left”: who an opening participle means is the main clause's subject."""
    cue = attribution.cue
    if (
        attribution.source is not None
        or cue is None
        or not _patterns(language).participle.match(text, cue.start, cue.end)
    ):
        return attribution
    index = bisect_right(starts, cue.start)
    sentence = starts[index - 1] if index else 0
    if cue.start - sentence > _LEAD or not _patterns(language).opens.match(text, sentence, cue.start):
        return attribution
    end = attribution.content[-1].end
    line = text.find("\n", end, end + _REACH)
    following = _patterns(language).main_clause.match(
        text, end, min(len(text), end + _REACH) if line < 0 else line
    )
    if following is None:
        return attribution
    return replace(attribution, source=Range(*following.span("source")), source_confidence=trust.PARTICIPLE)
