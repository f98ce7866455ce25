"""Who speaks, read off the surface: not whom the reporting words are about; and where the tagger named nobody, what stands beside a
quotation, or in the clause that an opening participle hangs on."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace

from services.extract.passes import trust
from services.extract.passes.adjacent import SUBJECT, VERB, adjacent_source
from services.extract.passes.quotations import Quotations
from services.extract.types import Attribution, Range

_BESIDE = 0.8  # confidence of what the marks and the words beside them say; the tagger's own is calibrated, this is set below it
_PARTICIPLE = re.compile(r"(?:[\w’'-]+\s){0,2}?[\w’'-]+ing\b", re.IGNORECASE)
_OPENS = re.compile(r"(?:(?:After|Before|While|When|By|In|On|Without|Since|Besides|Instead of|Despite)\s+)?\Z")
_MAIN_CLAUSE = re.compile(rf"[\"”’']?,?[\"”’']?\s+(?P<source>{SUBJECT})\s+(?=[a-z])")
_BROKEN = re.compile(
    r"\s*,\s+(?P<pronoun>who|which)(?:\s+(?:\w+ly|\w+day|earlier|later|last|this|also|then|on|in|week|month|year|has|had|have))*\Z"
)
_CLAUSE = 80  # code points: the longest of these
_SWALLOWED = re.compile(rf"(?P<mark>[,?!]?[”\"’']?)\s+(?P<cue>{VERB})\Z")
_LAST = 60  # code points: the longest reporting verb with its adverb
_ASKED = re.compile(r"(?:when\s+|if\s+)?(?:asked|pressed|questioned|quizzed|told|reminded)\b", re.IGNORECASE)
_PASSIVE = re.compile(
    r"\b(?:is|are|was|were|be|been|being)\s+(?:\w+\s+){0,2}?(?:asked|told|pressed|questioned|quizzed|urged|reminded|informed|warned|accused|criticized"
    r"|criticised|condemned|denounced|mocked|ridiculed|praised|blamed|charged|called|labeled|labelled|dubbed|described|considered|deemed|said|reported"
    r"|alleged|rumored|rumoured|thought)\b",
    re.IGNORECASE,
)
_BY = re.compile(
    r"\bby\s+(?P<source>(?:(?:the|an?|some|many|several|his|her|their)\s+)?[^\W\d_][\w’'-]*(?:\s[\w’'-]+){0,4}?)"
    r"(?=\s+(?:that|whether|if|why|how|what|who|when|to|about|of|on|for|as|in|after)\b|[,.;:“\"]|\Z)"
)
_LEAD = 12  # code points before an opening participle: its preposition
_REACH = 120  # code points of a main clause's subject


def without_relative_pronoun(text: str, attribution: Attribution) -> Attribution:
    """A source that breaks off in its relative clause: the pronoun, where that clause reports (“Lee, who earlier” | said); else what
    stands before it (“Lee, who” was tired, | said). A whole relative clause stays."""
    source, cue = attribution.source, attribution.cue
    if source is None:
        return attribution
    clause = _BROKEN.search(text, max(source.start + 1, source.end - _CLAUSE), source.end)
    if clause is None:
        return attribution
    own = cue is not None and cue.start >= source.end and not text[source.end : cue.start].strip()
    return replace(attribution, source=Range(*clause.span("pronoun")) if own else Range(source.start, clause.start()))


def swallowed_cue(text: str, attribution: Attribution) -> Attribution:
    """“We are ready, said” | Anna Lee: where the closing mark is missing, the reporting verb is no part of what was said."""
    source, last = attribution.source, attribution.content[-1]
    if source is None or attribution.cue is not None or source.start < last.end or text[last.end : source.start].strip():
        return attribution
    verb = _SWALLOWED.search(text, max(last.start, last.end - _LAST), last.end)
    if verb is None or verb.start() == last.start:
        return attribution
    content = (*attribution.content[:-1], Range(last.start, verb.start() + len(verb["mark"])))
    return replace(attribution, content=content, cue=Range(*verb.span("cue")))


def without_target(text: str, attribution: Attribution) -> Attribution:
    """“Lee was asked whether …” · “Asked about the cost, Lee said …”: who is asked or accused does not say it."""
    source, cue = attribution.source, attribution.cue
    if source is None or cue is None:
        return attribution
    if source.end <= cue.start:
        said_of = _PASSIVE.search(text, cue.start, cue.end)
    else:
        # “…?” asked Lee: there he asks
        opens = cue.end <= attribution.content[0].start and attribution.content[-1].end <= source.start
        said_of = _ASKED.match(text, cue.start, cue.end) if opens else None
    return replace(attribution, source=None, source_confidence=trust.NOBODY) if said_of else attribution


def passive_agent(text: str, attribution: Attribution) -> Attribution:
    """“Lee was told by engineers that …” · “Lee, asked by reporters whether …”: the agent of a passive speaks."""
    cue = attribution.cue
    if cue is None or not (_PASSIVE.search(text, cue.start, cue.end) or _ASKED.match(text, cue.start, cue.end)):
        return attribution
    line = text.find("\n", cue.end, cue.end + _REACH)
    agent = _BY.search(text, cue.start, min(len(text), cue.end + _REACH) if line < 0 else line)
    if agent is None or agent.start() > cue.end + 1:
        return attribution
    source = Range(*agent.span("source"))
    if any(piece.start < source.end and source.start < piece.end for piece in attribution.content):
        return attribution
    return replace(attribution, source=source, cue=Range(cue.start, agent.start() - 1), source_confidence=trust.AGENT)


def name_beside_quotation(text: str, attribution: Attribution, quotations: Quotations) -> Attribution:
    """“…,” said Smith · Said Smith: “…” · “…” — Anna Smith."""
    if attribution.source is not None:
        return attribution
    for piece in reversed(attribution.content):
        for stretch in quotations.over(piece):
            beside = adjacent_source(text, stretch) if stretch.closed and stretch.outer.end == piece.end else None
            if beside is None:
                continue
            source, cue = beside
            content = tuple(
                stretch.outer if part == piece and part.start < source.end and source.start < part.end else part
                for part in attribution.content
            )
            content = tuple(part for part in content if part.end <= source.start or source.end <= part.start)
            if not content:
                continue
            if attribution.cue is None or cue is None or (cue.start < attribution.cue.end and attribution.cue.start < cue.end):
                confidence = max(attribution.confidence, _BESIDE)
                found = replace(attribution, content=content, source=source, cue=cue or attribution.cue, confidence=confidence)
                return replace(found, source_confidence=trust.BESIDE)
    return attribution


def subject_of_main_clause(text: str, attribution: Attribution, starts: Sequence[int]) -> Attribution:
    """“Claiming that he won, Trump left”: who an opening participle means is the main clause's subject."""
    cue = attribution.cue
    if attribution.source is not None or cue is None or not _PARTICIPLE.match(text, cue.start, cue.end):
        return attribution
    sentence = starts[index - 1] if (index := bisect_right(starts, cue.start)) else 0
    if cue.start - sentence > _LEAD or not _OPENS.match(text, sentence, cue.start):
        return attribution
    end = attribution.content[-1].end
    line = text.find("\n", end, end + _REACH)
    following = _MAIN_CLAUSE.match(text, end, min(len(text), end + _REACH) if line < 0 else line)
    if following is None:
        return attribution
    return replace(attribution, source=Range(*following.span("source")), source_confidence=trust.PARTICIPLE)
