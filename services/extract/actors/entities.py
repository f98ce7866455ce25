"""The tagger's entities as whole words: labels settled by vote, titles and possessive endings taken off."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from services.extract.actors.names import PARTICLES, WORD, bare, gender_of_given, is_given, is_title, unpossessed
from services.extract.types import Entity, Range
from services.extract.wordlist import words

_INITIAL = 3  # code points: "J", "G.K"
_LABEL_REACH = 40  # code points a word may run on behind an entity that ends inside it
_LONGEST_WORD = 80  # code points: longer ones are addresses or noise
_INITIALS = re.compile(r"(?<![\w.])(?P<letters>[A-Z]\.\s?[A-Z]\.)\s$")  # “K.C. Maurer”, of which taggers see the surname
_INITIALS_REACH = 8  # code points two initials take with their spaces
_PLACES = frozenset(("U.S.", "U.N.", "U.K.", "E.U.", "D.C.", "N.Y.", "L.A.", "N.J.", "N.C.", "S.C.", "N.H.", "N.M.", "P.M.", "A.M."))
_HONORIFIC = re.compile(r"\b(?:Mr|Mrs|Ms|Dr)\.? $")
_SUFFIX = re.compile(r",? (?P<suffix>(?:Jr|Sr)\b|I{2,3}\b|IV\b)")
_TWICE = 2
_CALENDAR = words("may april june august march monday tuesday wednesday thursday friday saturday sunday")


class Named(NamedTuple):
    """A name in the text: where, what the tagger takes it for, and its words."""

    span: Range
    label: str
    words: tuple[str, ...]


def snap(text: str, entities: Iterable[Entity]) -> list[Named]:
    """Entities as whole words, without titles and possessive endings, overlaps resolved, in text order."""
    best: dict[int, tuple[float, str]] = {}  # start of word → the surest label seen on it
    matches: dict[int, re.Match[str]] = {}
    starts: set[int] = set()  # of the first words of entities
    reached = -1
    for entity in sorted(entities, key=lambda entity: (entity.span.start, -entity.span.end)):
        if entity.span.end <= reached:
            continue  # a name inside a name
        reached = entity.span.end
        for number, match in enumerate(_words_over(text, entity.span)):
            start = match.start()
            matches[start] = match
            if not number:
                starts.add(start)
            covered = min(match.end(), entity.span.end) - max(start, entity.span.start)
            weight = entity.confidence * covered
            if weight > best.get(start, (-1.0, ""))[0]:
                best[start] = (weight, entity.label)
    best = _vote(text, best, matches)
    surnames = _surnames(text, best, matches)
    named: list[Named] = []
    current: list[re.Match[str]] = []
    label = ""
    for start in sorted(matches):
        match = matches[start]
        gap = text[current[-1].end() : start] if current else ""
        abbreviated = gap == ". " and (len(current[-1].group()) <= _INITIAL or is_title(current[-1].group()))
        adjoining = best[start][1] == label and (gap == " " or abbreviated)
        full = match.end() + 1 in matches and match.end() + 1 not in starts and text[match.end() : match.end() + 1] == " "
        if not adjoining or (start in starts and not abbreviated and not _one_name(current, match, label, surnames, full=full)):
            _flush(text, current, label, surnames, named)
            current = []
        current.append(match)
        label = best[start][1]
    _flush(text, current, label, surnames, named)
    return named


def _vote(text: str, best: dict[int, tuple[float, str]], matches: dict[int, re.Match[str]]) -> dict[int, tuple[float, str]]:
    """A word that is mostly a place or an organisation is no person here, and the other way round."""
    votes: dict[str, Counter[str]] = {}
    words = {start: bare(matches[start].group()) for start in best}
    for start, word in words.items():
        votes.setdefault(word, Counter())[best[start][1]] += 1
    winners = {word: counts.most_common(1)[0] for word, counts in votes.items()}
    voted: dict[int, tuple[float, str]] = {}
    for start, (weight, label) in best.items():
        winner, count = winners[words[start]]
        overruled = count > votes[words[start]][label] + 1 and not any(other in best for other in _beside(text, matches[start]))
        voted[start] = (weight, winner if overruled else label)
    return voted


def _beside(text: str, word: re.Match[str]) -> tuple[int, ...]:
    """Where the next word begins, and where the word before does."""
    start, end = word.span()
    if not start or text[start - 1] != " ":
        return (end + 1,)
    earliest = max(0, start - _LONGEST_WORD)
    space = text.rfind(" ", earliest, start - 1)
    return (end + 1,) if space < 0 and earliest else (end + 1, space + 1)


def _surnames(text: str, best: dict[int, tuple[float, str]], matches: dict[int, re.Match[str]]) -> Counter[str]:
    """How often each word ends a run of words that are a person's name."""
    people = {start for start, (_, label) in best.items() if label == "PERSON"}
    ends: Counter[str] = Counter()
    for start in people:
        following, *before = _beside(text, matches[start])
        if before and before[0] in people and not (following in people and text[following - 1] == " "):
            ends[bare(matches[start].group())] += 1
    return ends


def _one_name(current: list[re.Match[str]], match: re.Match[str], label: str, surnames: Counter[str], *, full: bool) -> bool:
    """Whether a word the tagger began a new entity with goes on with the name before it: after a given name, or where neither word
    is anybody's surname elsewhere. Not where it begins a name in ``full`` after a word that is none: “Brave Sam Hill”."""
    if label != "PERSON" or len(current) != 1:
        return False
    word = current[0].group()
    if is_given(word):
        return not is_given(match.group())
    if full and gender_of_given(match.group()) is not None and gender_of_given(word) is None:
        return False
    return not is_title(word) and not word.endswith(("’s", "'s")) and not surnames[bare(word)] and surnames[bare(match.group())] < _TWICE


def _words_over(text: str, span: Range) -> Iterable[re.Match[str]]:
    """The whole words that share a character with ``span``."""
    start = span.start
    while start > max(0, span.start - _LABEL_REACH) and (text[start - 1].isalnum() or text[start - 1] in "-'’.&"):
        start -= 1
    for match in WORD.finditer(text, start, min(len(text), span.end + _LABEL_REACH)):
        if match.start() >= span.end:
            break
        if match.end() > span.start:
            yield match


def _flush(text: str, matches: list[re.Match[str]], label: str, surnames: Counter[str], named: list[Named]) -> None:
    """Add the name that these words make, if they make one."""
    kept = _person_words(text, matches, surnames) if label == "PERSON" else matches
    if not kept:
        return
    last = kept[-1].group()
    suffix = _SUFFIX.match(text, kept[-1].end()) if label == "PERSON" and len(kept) > 1 else None
    if suffix is not None:
        kept = [*kept, *_words_over(text, Range(*suffix.span("suffix")))]
        last = kept[-1].group()
    end = kept[-1].start() + len(unpossessed(last))
    if text[end : end + 1] == "." and (bare(last) in ("jr", "sr") or (len(kept) == 1 and len(last) == 1)):
        end += 1
    initials = (
        _INITIALS.search(text, max(0, kept[0].start() - _INITIALS_REACH), kept[0].start()) if label == "PERSON" and len(kept) == 1 else None
    )
    words = tuple(unpossessed(match.group()) for match in kept)
    if initials is not None and initials["letters"].replace(" ", "") not in _PLACES:
        named.append(Named(Range(initials.start("letters"), end), label, (initials["letters"].replace(" ", "").rstrip("."), *words)))
    else:
        named.append(Named(Range(kept[0].start(), end), label, words))


def _person_words(text: str, matches: list[re.Match[str]], surnames: Counter[str]) -> list[re.Match[str]]:
    """The words of a personal name: no titles before it; empty when it is none. Mr. King is no king."""
    kept = matches
    while kept and is_title(kept[0].group()) and not (len(kept) == 2 and is_given(kept[0].group())):
        if len(kept) == 1 and (surnames[bare(kept[0].group())] or _HONORIFIC.search(text, max(0, kept[0].start() - 6), kept[0].start())):
            break
        kept = kept[1:]
    while kept and not (kept[0].group()[0].isupper() or bare(kept[0].group()) in PARTICLES):
        kept = kept[1:]
    if len(kept) == 1:
        word = kept[0].group()
        # "Putin-Zelensky meeting" names two people and is neither of them.
        if bare(word) in _CALENDAR or ("-" in word and word.split("-")[1][:1].isupper()):
            return []
    return kept
