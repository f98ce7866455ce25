"""Transcripts and interviews: paragraphs that open with their speaker’s name. “MR. SPICER: Good afternoon.” ·
“Q: Why?”"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from typing import NamedTuple

from services.extract.lang import ENGLISH, Language
from services.extract.passes import trust
from services.extract.passes.adjacent import verb
from services.extract.passes.paragraphs import is_heading, paragraphs
from services.extract.types import Attribution, Entity, Range

_MARKS = "“\"‘'«„"  # what a transcript's speaker says stands between none
_ENDS_SENTENCE = re.compile(r"[.!?…—–-][\"'”’»)\]]*$")
_ASIDE = re.compile(r"[(\[]")  # “(CROSSTALK.)”, “[Applause]”: nobody’s words
# paragraphs without a name that one speaker goes on for; a longer run is the article's own text
_LONGEST_GAP = 6
# of the paragraphs from the first turn to the last, below which paragraphs between turns are the reporter's
_TURN_SHARE = 0.4
_SENTENCES = 0.6  # share of turns that end like sentences; lists and tables of results do not
# above the tagger's on the same paragraphs: two turns that look alike are hardly ever anything else
_CONFIDENCE = 0.9


class _Turn(NamedTuple):
    paragraph: int
    label: Range
    colon: Range | None
    words: Range
    known: bool


class _Patterns(NamedTuple):
    label: re.Pattern[str]
    """“KATE BRIGGS, SENIOR ANCHOR:” · “Moira Kerr, dairy farmer:”; “Hale, the mayor, fired back:” is a
    sentence."""
    reports: re.Pattern[str]
    """“Hale, the mayor, added: …” is a sentence of the reporter's."""
    question: re.Pattern[str]
    answer: re.Pattern[str]
    addresses: re.Pattern[str]


@cache
def _patterns(language: Language) -> _Patterns:
    capital = rf"[{language.grammar.get('capitals', 'A-Z')}][\w.’'-]*"
    name = rf"{capital}(?:\s(?:{capital}|{language.any_of('name_particles', 'label_joiners')})){{0,4}}"
    title = rf"(?P<title>(?i:{language.any_of('abbreviated_titles', 'label_titles')}\.?\s))"
    spelled = rf",\s(?!{language.any_of('no_role_openers')}\b)[A-Za-z][\w’'-]*(?:\s[\w’'&-]+){{0,3}}"
    role = rf"(?:(?:,\s[A-Z][A-Z.’'&/ -]{{1,60}}){{1,3}}|{spelled})"
    first = r"(?=[\w“\"(\[‘'…—–-])"
    return _Patterns(
        label=re.compile(
            rf"[\"“]?(?P<label>{title}?(?:{name}))(?P<role>\s\([^()\n]{{1,40}}\)|{role})?(?P<colon>:)(?:\s+(?=\S)|\Z)"
        ),
        reports=re.compile(rf"\b{verb(language)}\b"),
        question=re.compile(
            rf"(?P<label>{language.any_of('label_questions')})(?:(?P<colon>[:.])\s*|\s){first}"
        ),
        answer=re.compile(rf"(?P<label>{language.any_of('label_answers')})(?P<colon>[:.])\s*{first}"),
        addresses=re.compile(rf"\?|\b{language.any_of('dialogue_words')}\b"),
    )


def turns(text: str, entities: Iterable[Entity], language: Language = ENGLISH) -> list[Attribution]:
    """The turns of a dialogue as direct speech in text order, whole paragraphs each; none when the text holds
    no dialogue.

    A name and a colon make a turn when the name is a person’s or comes again, and a dialogue takes two turns
    that end like sentences, one of which asks something or speaks in the first or second person.
    """
    places = paragraphs(text)
    spoken = _questions(text, places, language)
    asked = {turn.paragraph for turn in spoken}
    spoken = sorted(
        spoken + [turn for turn in _named(text, places, entities, language) if turn.paragraph not in asked]
    )
    if not _is_dialogue(text, spoken, language):
        return []
    first, last = spoken[0].paragraph, spoken[-1].paragraph
    running = len(spoken) >= _TURN_SHARE * (last - first + 1)
    found: list[Attribution] = []
    for number, turn in enumerate(spoken):
        content = [turn.words]
        if running and number + 1 < len(spoken):
            alone = places[turn.paragraph].end <= turn.words.start  # the label, in a paragraph of its own
            between = places[turn.paragraph + 1 + alone : spoken[number + 1].paragraph]
            if len(between) <= _LONGEST_GAP:
                content += [place for place in between if not _ASIDE.match(text, place.start)]
        sure = trust.LAYOUT
        found.append(
            Attribution(
                "direct",
                tuple(content),
                turn.label,
                turn.colon,
                _CONFIDENCE,
                turn=True,
                source_confidence=sure,
            )
        )
    return found


def _named(text: str, places: Sequence[Range], entities: Iterable[Entity], language: Language) -> list[_Turn]:
    patterns, verbs, nobody = (
        _patterns(language),
        language.words("label_verbs"),
        language.words("label_nobody"),
    )
    # who speaks in a transcript by their part in it: “THE WITNESS: …” · “Presenter: …”
    parts, definite = language.words("label_parts"), [[word] for word in language.words("definite")]
    people = {
        word.lower()
        for entity in entities
        if entity.label == "PERSON"
        for word in text[slice(*entity.span)].split()
    }
    candidates: list[_Turn] = []
    for number, place in enumerate(places):
        match = patterns.label.match(text, place.start, place.end)
        if (
            match is None
            or (number == 0 and is_heading(text, place))
            or patterns.reports.search(match["role"] or "")
        ):
            continue
        spoken = _spoken(match, places, number)
        reported = match["role"] is not None and spoken is not None and text[spoken.start] in _MARKS
        if spoken is None or reported:
            continue
        name = [word.lower() for word in match["label"].split()]
        part = name[-1] in parts and (len(name) == 1 or name[:-1] in definite)
        if name[0] in verbs or (name[0].rstrip("'’s") in nobody and name[-1] not in people and not part):
            continue
        introduced = match["label"].isupper() and (match["role"] or "").startswith(",")
        known = match["title"] is not None or name[-1] in people or part or introduced
        candidates.append(
            _Turn(number, Range(*match.span("label")), Range(*match.span("colon")), spoken, known)
        )
    spoken_by = _known(text, candidates)
    # “Pence: no debate” above “WALLACE: Why?” “PENCE: Well, look” is the headline of the transcript
    first = next((number for number, turn in enumerate(spoken_by) if text[slice(*turn.label)].isupper()), 0)
    return spoken_by[first:] if 2 * first < len(spoken_by) else spoken_by


def _spoken(match: re.Match[str], places: Sequence[Range], number: int) -> Range | None:
    """What a label's turn begins with: the rest of its paragraph, or the next one where the label stands
    alone."""
    if match.end() < places[number].end:
        return Range(match.end(), places[number].end)
    return places[number + 1] if number + 1 < len(places) else None


def _known(text: str, candidates: Sequence[_Turn]) -> list[_Turn]:
    """The candidates that are speakers: known ones, labels that come again, and the last word of a longer
    label."""
    labels = [text[slice(*turn.label)] for turn in candidates]
    times = Counter(labels)
    surnames = {label.split()[-1].lower() for label in labels if " " in label}

    def speaks(turn: _Turn, label: str) -> bool:
        again = times[label] > 1 and (label.isupper() or " " in label)
        return turn.known or again or label.lower() in surnames

    return [turn for turn, label in zip(candidates, labels, strict=True) if speaks(turn, label)]


def _questions(text: str, places: Sequence[Range], language: Language) -> list[_Turn]:
    """``Q`` and ``A``: at least two questions, or one with its answer."""
    questions, answers = (
        [
            _Turn(
                number,
                Range(*m.span("label")),
                Range(*m.span("colon")) if m["colon"] == ":" else None,
                Range(m.end(), place.end),
                True,
            )
            for number, place in enumerate(places)
            if (m := pattern.match(text, place.start, place.end))
        ]
        for pattern in (_patterns(language).question, _patterns(language).answer)
    )
    return questions + answers if len(questions) > 1 or (questions and answers) else []


def _is_dialogue(text: str, spoken: Sequence[_Turn], language: Language) -> bool:
    if len(spoken) < 2:
        return False
    whole = sum(
        _ENDS_SENTENCE.search(text, max(turn.words.start, turn.words.end - 4), turn.words.end) is not None
        for turn in spoken
    )
    return whole >= _SENTENCES * len(spoken) and any(
        _patterns(language).addresses.search(text, *turn.words) for turn in spoken
    )
