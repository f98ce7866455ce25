"""Transcripts and interviews: paragraphs that open with their speaker’s name. “MR. SPICER: Good afternoon.” · “Q: Why?”"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from typing import NamedTuple

from services.extract.lang import ENGLISH, Language
from services.extract.passes import trust
from services.extract.passes.paragraphs import is_heading, paragraphs
from services.extract.types import Attribution, Entity, Range

_ENDS_SENTENCE = re.compile(r"[.!?…—–-][\"'”’»)\]]*$")
_ASIDE = re.compile(r"[(\[]")  # “(CROSSTALK.)”, “[Applause]”: nobody’s words
_LONGEST_GAP = 6  # paragraphs without a name that one speaker goes on for; a longer run is the article's own text
_TURN_SHARE = 0.4  # of the paragraphs from the first turn to the last, below which paragraphs between turns are the reporter's
_SENTENCES = 0.6  # share of turns that end like sentences; lists and tables of results do not
_CONFIDENCE = 0.9  # above the tagger's on the same paragraphs: two turns that look alike are hardly ever anything else


class _Turn(NamedTuple):
    paragraph: int
    label: Range
    colon: Range | None
    words: Range
    known: bool


class _Patterns(NamedTuple):
    label: re.Pattern[str]
    question: re.Pattern[str]
    answer: re.Pattern[str]
    addresses: re.Pattern[str]


@cache
def _patterns(language: Language) -> _Patterns:
    capital = rf"[{language.grammar.get('capitals', 'A-Z')}][\w.’'-]*"
    name = rf"{capital}(?:\s(?:{capital}|{language.any_of('name_particles', 'label_joiners')})){{0,4}}"
    title = rf"(?P<title>(?i:{language.any_of('abbreviated_titles', 'label_titles')}\.?\s))"
    first = r"(?=[\w“\"(\[‘'…—–-])"
    return _Patterns(
        label=re.compile(rf"[\"“]?(?P<label>{title}?(?:{name}))(?:\s\([^()\n]{{1,40}}\))?(?P<colon>:)\s+(?=\S)"),
        question=re.compile(rf"(?P<label>{language.any_of('label_questions')})(?:(?P<colon>[:.])\s*|\s){first}"),
        answer=re.compile(rf"(?P<label>{language.any_of('label_answers')})(?P<colon>[:.])\s*{first}"),
        addresses=re.compile(rf"\?|\b{language.any_of('dialogue_words')}\b"),
    )


def turns(text: str, entities: Iterable[Entity], language: Language = ENGLISH) -> list[Attribution]:
    """The turns of a dialogue as direct speech in text order, whole paragraphs each; none when the text holds no dialogue.

    A name and a colon make a turn when the name is a person’s or comes again, and a dialogue takes two turns that end like sentences,
    one of which asks something or speaks in the first or second person.
    """
    places = paragraphs(text)
    spoken = _questions(text, places, language)
    asked = {turn.paragraph for turn in spoken}
    spoken = sorted(spoken + [turn for turn in _named(text, places, entities, language) if turn.paragraph not in asked])
    if not _is_dialogue(text, spoken, language):
        return []
    first, last = spoken[0].paragraph, spoken[-1].paragraph
    running = len(spoken) >= _TURN_SHARE * (last - first + 1)
    found: list[Attribution] = []
    for number, turn in enumerate(spoken):
        content = [turn.words]
        if running and number + 1 < len(spoken):
            between = places[turn.paragraph + 1 : spoken[number + 1].paragraph]
            if len(between) <= _LONGEST_GAP:
                content += [place for place in between if not _ASIDE.match(text, place.start)]
        sure = trust.LAYOUT
        found.append(Attribution("direct", tuple(content), turn.label, turn.colon, _CONFIDENCE, turn=True, source_confidence=sure))
    return found


def _named(text: str, places: Sequence[Range], entities: Iterable[Entity], language: Language) -> list[_Turn]:
    verbs, nobody = language.words("label_verbs"), language.words("label_nobody")
    people = {word.lower() for entity in entities if entity.label == "PERSON" for word in text[slice(*entity.span)].split()}
    candidates: list[_Turn] = []
    for number, place in enumerate(places):
        match = _patterns(language).label.match(text, place.start, place.end)
        if match is None or (number == 0 and is_heading(text, place)):
            continue
        label = match["label"]
        last = label.split()[-1].lower()
        first = label.split()[0].lower()
        if first in verbs or (first.rstrip("'’s") in nobody and last not in people):
            continue
        known = match["title"] is not None or last in people
        candidates.append(_Turn(number, Range(*match.span("label")), Range(*match.span("colon")), Range(match.end(), place.end), known))
    times = Counter(text[slice(*turn.label)] for turn in candidates)
    spoken = [turn for turn in candidates if turn.known or (times[(label := text[slice(*turn.label)])] > 1 and label.isupper())]
    # “Pence: no debate” above “WALLACE: Why?” “PENCE: Well, look” is the headline of the transcript
    first = next((number for number, turn in enumerate(spoken) if text[slice(*turn.label)].isupper()), 0)
    return spoken[first:] if 2 * first < len(spoken) else spoken


def _questions(text: str, places: Sequence[Range], language: Language) -> list[_Turn]:
    """``Q`` and ``A``: at least two questions, or one with its answer."""
    questions, answers = (
        [
            _Turn(number, Range(*m.span("label")), Range(*m.span("colon")) if m["colon"] == ":" else None, Range(m.end(), place.end), True)
            for number, place in enumerate(places)
            if (m := pattern.match(text, place.start, place.end))
        ]
        for pattern in (_patterns(language).question, _patterns(language).answer)
    )
    return questions + answers if len(questions) > 1 or (questions and answers) else []


def _is_dialogue(text: str, spoken: Sequence[_Turn], language: Language) -> bool:
    if len(spoken) < 2:
        return False
    whole = sum(_ENDS_SENTENCE.search(text, max(turn.words.start, turn.words.end - 4), turn.words.end) is not None for turn in spoken)
    return whole >= _SENTENCES * len(spoken) and any(_patterns(language).addresses.search(text, *turn.words) for turn in spoken)
