"""Who speaks in the reporting clause beside a quotation, where the verb stands second and nouns are
capitalised.

    „…“, sagte DER MINISTER am Montag · Am Montag sagte DER MINISTER dem Sender: „…“ · DER MINISTER sagte: „…“

The subject is found by its noun phrase: the first that no preposition governs and whose determiner is no
object's, before the verb where it opens the clause, else behind it. Languages say so in their grammar
(``order``), and their lists hold the words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from services.extract.actors.names import gender_of_given
from services.extract.lang import Language, alternatives
from services.extract.text.sentences import sentences
from services.extract.types import STRUCK, Range

VERB_SECOND = "verb second"
_REACH = 240  # code points of a clause beside a quotation
_GAP = r"[^\S\n]+"
_COMMA = re.compile(r"\s*[,–—-]?\s*")
_ENDS = re.compile(rf"\n|[.;:!?](?=\s|$)|{STRUCK}")
_LEAD_WORDS = 6  # words between verb or subject and a quotation that no colon announces


class _Patterns(NamedTuple):
    phrase: re.Pattern[str]
    """A pronoun, or a noun phrase with its determiner; both may be capitalised at a sentence's head."""
    apposition: re.Pattern[str]
    """A second name or noun for the first, between commas: der Sprecher, ANNA WEBER, sagte"""
    verb: re.Pattern[str]
    wording: re.Pattern[str]
    phrase_source: re.Pattern[str]
    mood: re.Pattern[str]
    clause: re.Pattern[str]
    pointing: re.Pattern[str]
    auxiliary: re.Pattern[str]
    particle: re.Pattern[str]
    impersonal: re.Pattern[str]
    quoting: re.Pattern[str]
    passive: re.Pattern[str]
    agent: re.Pattern[str]
    coordinated: re.Pattern[str]
    word: re.Pattern[str]


@cache
def _patterns(language: Language) -> _Patterns:
    any_of, opening = language.any_of, language.opening
    capital = language.grammar["capitals"]
    noun = rf"(?<!\w)[{capital}][\w’'&-]*+(?:\.(?=[\w-]|\s[{capital}])[\w’'-]*+)?"
    name = rf"{noun}(?:{_GAP}(?:{any_of('name_particles')}{_GAP}){{0,2}}{noun}){{0,5}}"
    times = alternatives(word.capitalize() for word in language.words("days_and_months", "time_nouns"))
    adjective = rf"(?:[a-zäöüß-]+{any_of('adjective_endings')}|\d[\d.]*)"
    tied = rf"(?:{_GAP}{any_of('noun_links')}(?:{_GAP}{adjective}){{0,2}}{_GAP}(?!{times}\b){name}){{0,2}}"
    closely = any_of("noun_links", "noun_links_common")
    tied_common = rf"(?:{_GAP}{closely}(?:{_GAP}{adjective}){{0,2}}{_GAP}(?!{times}\b){name}){{0,3}}"
    determiner = opening("determiners", "oblique_determiners")
    described = rf"(?P<determiner>{determiner})(?:{_GAP}{adjective}){{0,3}}{_GAP}{name}{tied_common}"
    return _Patterns(
        phrase=re.compile(rf"\b(?:{described}|{opening('pronouns')}(?!\w)|{name}{tied})(?!\w)"),
        apposition=re.compile(
            rf",\s(?:{any_of('determiners')}{_GAP}(?:{adjective}{_GAP}){{0,2}})?{name}{tied_common}(?=[,.:]|\Z)"
        ),
        verb=re.compile(rf"\b{any_of('reporting_verbs')}(?!\w)"),
        wording=re.compile(rf"\b{any_of('reporting_verbs', 'wording_verbs')}(?!\w)"),
        phrase_source=re.compile(rf"\b{opening('phrase_sources')}(?!\w)"),
        mood=re.compile(rf"\b{any_of('mood')}(?!\w)"),
        clause=re.compile(
            rf"\b{any_of('mood', 'finite', 'perfect_auxiliaries', 'passive_auxiliaries')}(?!\w)"
        ),
        pointing=re.compile(rf"[.!?]?\s*{any_of('pointing')}{_GAP}(?={any_of('reporting_verbs')}(?!\w))"),
        auxiliary=re.compile(rf"\b{any_of('perfect_auxiliaries')}(?!\w)"),
        particle=re.compile(rf"\b{any_of('reporting_particles')}(?!\w)"),
        impersonal=re.compile(rf"\b{any_of('impersonal')}(?!\w)"),
        quoting=re.compile(rf"\b{any_of('quoting')}(?!\w)"),
        passive=re.compile(rf"\b{any_of('passive_auxiliaries')}(?!\w)"),
        agent=re.compile(rf"\b{any_of('agent_prepositions')}(?!\w)"),
        coordinated=re.compile(rf"\b{any_of('coordinators')}\s*\Z"),
        word=re.compile(r"[^\W\d_][\w’'-]*"),
    )


Clause = tuple[Range, Range | None]
"""Source and cue; no cue where a colon alone reports."""


def beside(text: str, quotation: Range, language: Language) -> Clause | None:
    """The clause behind or before a quotation, marks included. ``text`` is without what is quoted, which
    would be read for a clause."""
    found = _behind(text, quotation.end, language)
    if found is not None:
        return found
    paragraph = max(text.rfind("\n", 0, quotation.start) + 1, quotation.start - _REACH)
    before = sentences(text, paragraph, quotation.start, language)
    return _before(text, before[-1].start, quotation.start, language) if before else None


def reported(text: str, sentence: Range, language: Language) -> Clause | None:
    """The subject and the verb of a sentence that reports something; None of one that does not."""
    patterns = _patterns(language)
    phrase = patterns.phrase_source.search(text, *sentence)
    if phrase is not None:
        source = next((found.span for found in _phrases(text, phrase.end(), sentence.end, language)), None)
        if source is not None and not text[phrase.end() : source.start].strip():
            return source, Range(*phrase.span())
    verbs = list(patterns.wording.finditer(text, *sentence))
    for verb in _by_likelihood(text, sentence.start, verbs, language):
        source = _around(text, sentence.start, Range(*verb.span()), sentence.end, language)
        if source is not None:
            return source, Range(*verb.span())
    return None


def person_in_front(text: str, sentence: Range, language: Language) -> Range | None:
    """The subject that opens a sentence if it is somebody: a pronoun, or a noun for people. In a sentence
    that reports what another said the subject is whom it was said of."""
    source = _opens(text, *sentence, language)
    if source is None or is_reported(text, sentence, language):
        return None
    words = _patterns(language).word.findall(text, *source)
    titles = language.entries("titles")
    named = any(word[0].isupper() and gender_of_given(word) for word in words[:-1])
    titled = any(word.lower().endswith(titles) for word in words)
    return source if named or titled or words[0].lower() in language.words("pronouns") else None


def _behind(text: str, start: int, language: Language) -> Clause | None:
    patterns = _patterns(language)
    stop = _clause_end(text, start, language)
    pointing = patterns.pointing.match(text, start, stop)
    gap = pointing or _COMMA.match(text, start, stop)
    begin = gap.end() if gap else start
    impersonal = patterns.impersonal.match(text, begin, stop)
    if impersonal is not None:
        governed = next(_phrases(text, impersonal.end(), stop, language), None)
        return None if governed is None else (governed.span, Range(*impersonal.span()))
    quoted = _quoted(text, begin, stop, language)
    if quoted is not None:
        return quoted
    leading = (patterns.verb, patterns.particle, patterns.auxiliary)
    verb = next(
        (found for pattern in leading if (found := pattern.match(text, begin, stop)) is not None), None
    )
    if verb is None:
        return None
    source = _subject(text, verb.end(), stop, language)
    return None if source is None else (source, Range(*verb.span()))


def _quoted(text: str, begin: int, stop: int, language: Language) -> Clause | None:
    """“…”, zitiert die Zeitung DEN MINISTER · “…”, wird DER MINISTER zitiert: whom somebody else quotes."""
    patterns = _patterns(language)
    verb = patterns.quoting.search(text, begin, stop)
    if verb is None:
        return None
    if patterns.passive.match(text, begin, stop):
        source = _subject(text, begin, verb.start(), language)
        return None if source is None else (source, Range(*verb.span()))
    if verb.start() != begin:
        return None
    found = list(_phrases(text, verb.end(), stop, language))
    objects = [phrase.span for phrase in found if phrase.oblique] or [
        phrase.span for phrase in found if not phrase.governed
    ][1:]
    return (objects[0], Range(*verb.span())) if objects else None


def _before(text: str, start: int, end: int, language: Language) -> Clause | None:
    lead = text[start:end].rstrip()
    announced = lead.endswith(":")
    verbs = list(_patterns(language).verb.finditer(text, start, end))
    for verb in _by_likelihood(text, start, verbs, language):
        if not announced and len(text[verb.end() : end].split()) > _LEAD_WORDS:
            break
        if not announced and "," in text[verb.end() : start + len(lead) - 1]:
            break
        source = _around(text, start, Range(*verb.span()), end, language)
        if source is not None:
            return source, Range(*verb.span())
    if not announced:
        return None
    source = _opens(text, start, end, language) or _subject(text, start, end, language)
    return None if source is None else (source, None)


def _by_likelihood(
    text: str, start: int, verbs: list[re.Match[str]], language: Language
) -> list[re.Match[str]]:
    """The last verb first; one that is only coordinated with an earlier one, whose subject it shares, behind
    that one."""
    coordinated = _patterns(language).coordinated
    return sorted(
        verbs, key=lambda verb: (coordinated.search(text, start, verb.start()) is not None, -verb.start())
    )


def _around(text: str, start: int, verb: Range, end: int, language: Language) -> Range | None:
    """The subject of a verb: what opens its clause, else what stands behind it, else behind the auxiliary
    before it."""
    patterns = _patterns(language)
    clause = max(text.rfind(mark, start, verb.start) for mark in (";", ":", "–"))
    begin = start if clause < 0 else clause + 1
    passive = patterns.passive.search(text, begin, verb.start)
    if passive is not None and not text[verb.end : end].strip(" ,:"):
        return _agent(text, Range(passive.end(), verb.start), language)
    parted = text[begin : verb.start].rstrip().endswith(",")
    if parted and patterns.clause.search(text, begin, verb.start):
        # “Er sei zufrieden, sagte Müller”: what opens the sentence is reported, too
        next_to = next(_phrases(text, verb.end, end, language), None)
        if (
            next_to is not None
            and not next_to.governed
            and not next_to.oblique
            and not text[verb.end : next_to.span.start].strip()
        ):
            return next_to.span
    first = _opens(text, begin, verb.start, language)
    if first is not None:
        return first
    behind = _subject(text, verb.end, end, language)
    if behind is not None:
        return behind
    auxiliary = patterns.auxiliary.search(text, begin, verb.start)
    return None if auxiliary is None else _subject(text, auxiliary.end(), verb.start, language)


def _agent(text: str, clause: Range, language: Language) -> Range | None:
    """Who does what a passive says, where it says so: wurde von DER POLIZEI bestätigt."""
    agent = _patterns(language).agent.search(text, *clause)
    found = None if agent is None else next(_phrases(text, agent.start(), clause.end, language), None)
    return None if found is None else found.span


class _Found(NamedTuple):
    span: Range
    governed: bool  # by a preposition
    oblique: bool  # an object by its determiner


def _opens(text: str, start: int, end: int, language: Language) -> Range | None:
    """The subject that opens a clause."""
    found = next(_phrases(text, start, end, language), None)
    if found is None or found.governed or found.oblique:
        return None
    words = _patterns(language).word.findall(text, start, found.span.start)
    return (
        found.span
        if all(word.lower() in language.words("clause_openers") for word in words[:2]) and len(words) <= 1
        else None
    )


def _subject(text: str, start: int, end: int, language: Language) -> Range | None:
    return next(
        (
            found.span
            for found in _phrases(text, start, end, language)
            if not found.governed and not found.oblique
        ),
        None,
    )


def _phrases(text: str, start: int, end: int, language: Language) -> Iterator[_Found]:
    """The noun phrases of a clause, each with whether a preposition or its determiner makes it something else
    than a subject."""
    patterns = _patterns(language)
    nobody, times = language.words("clause_openers", "days_and_months"), language.words("time_nouns")
    prepositions = language.words("prepositions")
    position = start
    while (match := patterns.phrase.search(text, position, end)) is not None:
        position = match.end()
        first = patterns.word.match(text, match.start())
        opening = first.group().lower() if first is not None else ""
        if match["determiner"] is None and (opening in nobody or opening in prepositions):
            # a capital at the head of a sentence, or a day
            position = match.start() + max(1, len(opening))
            continue
        if not times.isdisjoint(word.lower() for word in patterns.word.findall(match.group())[:3]):
            continue  # “wenige Tage”
        before = text[max(start, match.start() - 24) : match.start()].split()
        governed = bool(before) and before[-1].lower() in prepositions
        more = patterns.apposition.match(text, match.end(), end)
        position = more.end() if more is not None else position
        yield _Found(Range(match.start(), position), governed, _is_object(match, language))


def _is_object(phrase: re.Match[str], language: Language) -> bool:
    """Whether a noun phrase is no subject by its determiner: DEM Sender, and DER before a feminine noun or an
    adjective in -en."""
    determiner = (phrase["determiner"] or "").lower()
    if determiner in language.words("oblique_determiners"):
        return True
    if determiner not in language.words("ambiguous_determiners"):
        return False
    words = phrase.group().split()[1:3]
    adjective = (
        len(words) > 1 and words[1][0].isupper() and words[0].endswith(language.entries("oblique_endings"))
    )
    noun = words[0] if words[0][0].isupper() else words[-1]
    return adjective or noun.lower().endswith(language.entries("feminine_endings"))


def is_reported(text: str, sentence: Range, language: Language) -> bool:
    """Whether the mood of a sentence's verb says that it reports what somebody else said."""
    return _patterns(language).mood.search(text, *sentence) is not None


def _clause_end(text: str, start: int, language: Language) -> int:
    """Where the clause behind a quotation ends: at the paragraph's end, a full stop or the next quotation."""
    stop = min(len(text), start + _REACH)
    end = _ENDS.search(text, start, stop)
    while end is not None and text[end.start()] == "." and _is_abbreviated(text, end.start(), language):
        end = _ENDS.search(text, end.end(), stop)
    return stop if end is None else end.start()


@cache
def _abbreviated(language: Language) -> re.Pattern[str]:
    short = [word.lower() for word in language.entries("abbreviated_titles", "abbreviations_never_final")]
    return re.compile(rf"(?:^|\W)(?:{alternatives(short)}|[a-zäöü]|\d+)$", re.IGNORECASE)


def _is_abbreviated(text: str, stop: int, language: Language) -> bool:
    return _abbreviated(language).search(text[max(0, stop - 12) : stop]) is not None
