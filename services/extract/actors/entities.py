"""The tagger's entities as whole words: labels settled by vote, titles and possessive endings taken off."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Container, Iterable
from operator import itemgetter
from typing import NamedTuple

from services.extract.actors.names import (
    PARTICLES,
    bare,
    gender_of_given,
    is_given,
    is_role,
    is_title,
    unpossessed,
)
from services.extract.actors.nouns import ORGANISATION_NOUN
from services.extract.actors.shapes import shaped_names
from services.extract.actors.tokens import Tokens
from services.extract.types import Entity, Range
from services.extract.wordlist import words

_INITIAL = 3  # code points: "J", "G.K"
_LONGEST_WORD = 80  # code points: longer ones are addresses or noise
# “K.C. Maurer”, of which taggers see the surname
_INITIALS = re.compile(r"(?<![\w.])(?P<letters>[A-Z]\.\s?[A-Z]\.)\s$")
_INITIALS_REACH = 8  # code points two initials take with their spaces
_PLACES = frozenset(
    (
        "U.S.",
        "U.N.",
        "U.K.",
        "E.U.",
        "D.C.",
        "N.Y.",
        "L.A.",
        "N.J.",
        "N.C.",
        "S.C.",
        "N.H.",
        "N.M.",
        "P.M.",
        "A.M.",
    )
)
_HONORIFIC = re.compile(r"\b(?:Mr|Mrs|Ms|Dr)\.? $")
_SUFFIX = re.compile(r",? (?P<suffix>(?:Jr|Sr)\b|I{2,3}\b|IV\b)")
_LINKS = frozenset(("of", "for", "and"))  # go on into the next word of an organisation's name
_TWICE = 2
_ABBREVIATION = re.compile(r"[A-Z]{2,4}")
# Honours and degrees behind a name, as they are written; in lower case some are words.
_HONOURS = words("KC QC SC MP MEP MSP MLA MPP MC OBE MBE CBE KBE DBE CMG FRS JP PhD MD Esq")
_UNSURE = 0.7  # of a label: below it a title before a given name says more
_CALENDAR = words("may april june august march monday tuesday wednesday thursday friday saturday sunday")


class Named(NamedTuple):
    """A name in the text: where, what the tagger takes it for, its words, and a nickname that stands among
    them in marks."""

    span: Range
    label: str
    words: tuple[str, ...]
    nickname: str = ""


def snap(tokens: Tokens, entities: Iterable[Entity]) -> list[Named]:
    """Entities as whole words, without titles and possessive endings, overlaps resolved, in text order."""
    best: dict[int, tuple[float, str]] = {}  # word → the surest label seen on it
    firsts: set[int] = set()  # words that begin entities
    reached = -1
    for entity in sorted(entities, key=lambda entity: (entity.span.start, -entity.span.end)):
        if entity.span.end <= reached:
            continue  # a name inside a name
        reached = entity.span.end
        numbers = tokens.over(entity.span)
        firsts.add(numbers.start)
        for number in numbers:
            start, end = tokens.starts[number], tokens.ends[number]
            if end - start > _LONGEST_WORD:
                continue
            weight = entity.confidence * (min(end, entity.span.end) - max(start, entity.span.start))
            if weight > best.get(number, (-1.0, ""))[0]:
                best[number] = (weight, entity.label)
    labels = _vote(tokens, best)
    for number in firsts & best.keys():
        if best[number][0] < _UNSURE * len(tokens[number]) and _is_introduced(tokens, number):
            name = _entity(number, firsts, labels, tokens)
            if not any(bare(tokens[word]) in ORGANISATION_NOUN for word in name):
                labels.update(dict.fromkeys(name, "PERSON"))
    surnames = _surnames(tokens, labels)
    named: list[Named] = []
    current: list[int] = []
    label = ""
    for number in sorted(labels):
        gap = tokens.gap(number) if current and current[-1] == number - 1 else ""
        last = tokens[number - 1] if current else ""
        abbreviated = gap == ". " and (len(last) <= _INITIAL or is_title(last))
        adjoining = labels[number] == label and (gap == " " or abbreviated)
        full = number + 1 in labels and number + 1 not in firsts and tokens.gap(number + 1) == " "
        split = number in firsts and not abbreviated
        whole = len(current) == 1 and _one_name(last, tokens[number], label, surnames, full=full)
        if label == "ORGANIZATION" and gap == " " and last in _LINKS:  # “Church of” and “Scientology”
            labels[number] = label
        elif not adjoining or (split and not whole):
            _add_name(tokens, current, label, surnames, named)
            current = []
        current.append(number)
        label = labels[number]
    _add_name(tokens, current, label, surnames, named)
    return _reshaped(tokens.text, named)


def _reshaped(text: str, named: list[Named]) -> list[Named]:
    """The names with those of a known shape whole, in place of their pieces."""
    shaped = list(shaped_names(text, [item.span for item in named if item.label == "PERSON"]))
    if not shaped:
        return named
    ends = [span.end for span, _, _ in shaped]

    def is_piece(span: Range) -> bool:
        index = bisect_right(ends, span.start)
        return index < len(shaped) and shaped[index].span.start < span.end

    kept = [item for item in named if not is_piece(item.span)]
    return sorted([*kept, *(Named(span, "PERSON", words, nickname) for span, words, nickname in shaped)])


def _vote(tokens: Tokens, best: dict[int, tuple[float, str]]) -> dict[int, str]:
    """The label of each word. A word that is mostly a place or an organisation is no person here, and the
    other way round."""
    votes: dict[str, dict[str, int]] = {}
    words = {number: bare(tokens[number]) for number in best}
    for number, word in words.items():
        label = best[number][1]
        counts = votes.setdefault(word, {})
        counts[label] = counts.get(label, 0) + 1
    winners = {
        word: max(counts.items(), key=itemgetter(1)) for word, counts in votes.items() if len(counts) > 1
    }
    labels: dict[int, str] = {}
    for number, (_, label) in best.items():
        labels[number] = label
        if words[number] in winners:
            winner, count = winners[words[number]]
            alone = not (_follows(tokens, number, best) or _follows(tokens, number + 1, best))
            if alone and count > votes[words[number]][label] + 1:
                labels[number] = winner
    return labels


def _is_introduced(tokens: Tokens, number: int) -> bool:
    """Whether a title stands before a word, or an occupation before a given name: “party leader Nobuyuki
    Baba”."""
    before = tokens[number - 1] if number and tokens.gap(number) == " " else ""
    return is_title(before) or (is_role(before) and gender_of_given(tokens[number]) is not None)


def _entity(first: int, firsts: Container[int], among: Container[int], tokens: Tokens) -> list[int]:
    """The words of the entity that a word begins."""
    numbers = [first]
    while numbers[-1] + 1 not in firsts and _follows(tokens, numbers[-1] + 1, among):
        numbers.append(numbers[-1] + 1)
    return numbers


def _follows(tokens: Tokens, number: int, among: Container[int]) -> bool:
    """Whether a word and the one before it are both among those, with a space between them."""
    return number in among and number - 1 in among and tokens.gap(number) == " "


def _surnames(tokens: Tokens, labels: dict[int, str]) -> Counter[str]:
    """How often each word ends a run of words that are a person's name."""
    people = {number for number, label in labels.items() if label == "PERSON"}
    return Counter(
        bare(tokens[number])
        for number in people
        if _follows(tokens, number, people) and not _follows(tokens, number + 1, people)
    )


def _one_name(before: str, word: str, label: str, surnames: Counter[str], *, full: bool) -> bool:
    """Whether a word the tagger began a new entity with goes on with the name before it: after a given name,
    or where neither word is anybody's surname elsewhere. Not where it begins a name in ``full`` after a word
    that is none: “Brave Sam Hill”."""
    if label != "PERSON":
        return False
    if is_given(before):
        return not is_given(word)
    if full and gender_of_given(word) is not None and gender_of_given(before) is None:
        return False
    return (
        not is_title(before)
        and not before.endswith(("’s", "'s"))
        and not surnames[bare(before)]
        and surnames[bare(word)] < _TWICE
    )


def _add_name(
    tokens: Tokens, numbers: list[int], label: str, surnames: Counter[str], named: list[Named]
) -> None:
    """Add the name that these words make, if they make one."""
    text, person = tokens.text, label == "PERSON"
    kept = _person_words(tokens, numbers, surnames) if person else numbers
    if not kept:
        return
    if person and len(kept) > 1 and (suffix := _SUFFIX.match(text, tokens.ends[kept[-1]])) is not None:
        kept = [*kept, *tokens.over(Range(*suffix.span("suffix")))]
    words = tuple(unpossessed(tokens[number]) for number in kept)
    start, end = tokens.starts[kept[0]], tokens.starts[kept[-1]] + len(words[-1])
    if text[end : end + 1] == "." and (
        bare(words[-1]) in ("jr", "sr") or (len(kept) == 1 and len(words[-1]) == 1)
    ):
        end += 1
    if person and len(kept) == 1 and text[max(0, start - 2) : start - 1] == ".":
        initials = _INITIALS.search(text, max(0, start - _INITIALS_REACH), start)
        if initials is not None and (letters := initials["letters"].replace(" ", "")) not in _PLACES:
            start, words = initials.start("letters"), (letters.rstrip("."), *words)
    named.append(Named(Range(start, end), label, words))


def _person_words(tokens: Tokens, kept: list[int], surnames: Counter[str]) -> list[int]:
    """The words of a personal name: no titles before it, no honours behind it; empty when it is none. Mr.
    King is no king."""
    while len(kept) > 1 and tokens[kept[-1]] in _HONOURS:
        kept = kept[:-1]
    kept = kept[_introduction([tokens[number] for number in kept]) :]
    while kept and is_title(word := tokens[kept[0]]) and not (len(kept) == 2 and is_given(word)):
        start = tokens.starts[kept[0]]
        if len(kept) == 1 and (
            surnames[bare(word)] or _HONORIFIC.search(tokens.text, max(0, start - 6), start)
        ):
            break
        kept = kept[1:]
    while kept and not ((word := tokens[kept[0]])[0].isupper() or bare(word) in PARTICLES):
        kept = kept[1:]
    if len(kept) == 1:
        word = tokens[kept[0]]
        # "Putin-Zelensky meeting" names two people and is neither of them; nor is “the Mayor’s Office”
        # anybody.
        if bare(word) in _CALENDAR | ORGANISATION_NOUN or ("-" in word and word.split("-")[1][:1].isupper()):
            return []
    return kept


def _introduction(words: list[str]) -> int:
    """How many words before a full name say what somebody is: ``Berea DA``, ``CIA Director``, ``Tan Sri``."""
    if all(word.isupper() for word in words):
        return 0
    last = 0
    for number, word in enumerate(words[:-2], 1):
        if _ABBREVIATION.fullmatch(word) or (is_title(word) and not is_given(word)) or bare(word) == "sri":
            last = number
    return last
