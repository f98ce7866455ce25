"""Whose a name of one word is, among those who bear it, and how sure that is."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence

from services.extract.actors.evidence import gender_before
from services.extract.actors.members import Member, People
from services.extract.actors.names import Gender, PersonName, fold, person_name
from services.extract.actors.tokens import Tokens
from services.extract.types import Range
from services.extract.wordlist import words

_FAMILY = 20  # bearers of one surname that are told apart
_LATEST = 20  # mentions that are looked at
_PRONOUN_AFTER = re.compile(r"[^.!?\n]*?\b(?P<pronoun>he|she|his|her)\b")
_SENTENCE = 150  # code points after a name in which a pronoun may be looked for
# Titles that make a name of a surname or a given name; others only tell namesakes apart.
_NOBLE = words(
    "lord lady baroness baron viscount viscountess earl countess duke duchess prince princess king queen pope"
    " emperor empress"
)
# that a surname several bear is whose it is taken for: named in this paragraph, or last
_JUST_NAMED, _LATEST_NAMED = 0.9, 0.8


class Bearers:
    """Who a name of one word can be. ``names``: all personal names in text order."""

    def __init__(
        self, text: str, tokens: Tokens, people: People, names: Sequence[tuple[Range, PersonName]]
    ) -> None:
        self._text, self._tokens, self._people = text, tokens, people
        self._starts = [span.start for span, _ in names]
        self._alone: dict[str, list[Range]] = {}  # where names of one word stand, by folded name
        for span, name in names:
            if name.given is None:
                self._alone.setdefault(fold(name.text), []).append(span)
        self._pronouns: dict[str, Gender | None] = {}  # by folded name of one word: “Clinton … she”

    def of_one_word(
        self, name: PersonName, span: Range, gender: Gender | None
    ) -> tuple[Member, float] | None:
        """Whose surname it is, else whose first or middle name, else whose surname spelled slightly
        otherwise, and how sure that is.

        ``gender``: by a title before it. In “Mr. Tan” the first name of Tan Wei Ming is no given name and
        says nothing about gender.
        """
        people = self._people
        first = people.of_first(name.text)
        for found in (people.of_surname(name.text), first, people.of_word(name.text)):
            bearers = [
                m for m in found[:_FAMILY] if m.may_be(gender) or (found is first and m.called <= {gender})
            ]
            if len(bearers) > 1 and gender is None and (called := self._gender_by_pronouns(name.text)):
                bearers = [member for member in bearers if member.may_be(called)] or bearers
            if bearers:
                return self._nearest(bearers, span)
        near = people.of_near_surname(name.text)
        return (near[0], 1.0) if len(near) == 1 else None

    def _gender_by_pronouns(self, name: str) -> Gender | None:
        """Whom most of the first pronouns after a name of one word mean, in the same sentence and with nobody
        else named between."""
        key = fold(name)
        if key not in self._pronouns:
            counts: Counter[Gender] = Counter()
            for span in self._alone.get(key, ()):
                match = _PRONOUN_AFTER.match(self._text, span.end, span.end + _SENTENCE)
                if match and gender_before(self._tokens, span.start) is None:
                    following = bisect_right(self._starts, span.start)
                    if following == len(self._starts) or self._starts[following] > match.start("pronoun"):
                        counts["m" if match["pronoun"] in ("he", "his") else "f"] += 1
            self._pronouns[key] = _majority(counts)
        return self._pronouns[key]

    def _nearest(self, bearers: list[Member], span: Range) -> tuple[Member, float]:
        """Of several bearers of a surname: not the one called by the given name or by a suffix, else the one
        mentioned before in the same paragraph, else the one mentioned most, else last. Nobody can tell
        between those last mentioned in one paragraph."""
        family = [m for m in bearers if not self._is_set_apart(m)] or bearers
        if len(family) == 1:
            return family[0], 1.0
        paragraph = self._text.rfind("\n", 0, span.start) + 1
        here = [
            m
            for m in family
            if any(paragraph <= mention.span.start < span.start for mention in m.mentions[-_LATEST:])
        ]
        if len(here) == 1:
            return here[0], _JUST_NAMED
        best, second = sorted(family, key=lambda m: (-len(m.mentions), m.first))[:2]
        if len(best.mentions) > len(second.mentions):
            return best, len(best.mentions) / (len(best.mentions) + len(second.mentions))
        equal = [member for member in family if len(member.mentions) == len(best.mentions)]
        latest = [
            max((at.span.start for at in m.mentions[-_LATEST:] if at.span.start < span.start), default=-1)
            for m in equal
        ]
        before, last = sorted(latest)[-2:]
        together = before >= 0 and "\n" not in self._text[before:last]
        return equal[latest.index(last)], 1.0 / len(equal) if together else _LATEST_NAMED

    def _is_set_apart(self, member: Member) -> bool:
        """Whether the article calls somebody by another name than the surname: Melania, Donald Trump Jr."""
        name = person_name(tuple(member.name.split()))
        return name.given is not None and (bool(name.suffix) or fold(name.given) in self._alone)


def call_by_titles(people: Iterable[Member]) -> None:
    """Put their titles before names of one word where the title is part of the name, or tells its bearer from
    another."""
    single = [member for member in people if member.titles and " " not in member.name]
    alike = Counter(fold(member.name) for member in single)
    for member in single:
        title = max(member.titles, key=lambda title: (member.titles[title], title))
        if title.lower() in _NOBLE or alike[fold(member.name)] > 1:
            member.name = f"{title} {member.name}"


def _majority(genders: Counter[Gender]) -> Gender | None:
    """The gender of more than twice as many pronouns as the other."""
    men, women = genders["m"], genders["f"]
    return "m" if men > women * 2 else "f" if women > men * 2 else None
