"""The cast of an article: everybody and everything it names, each once, with all their mentions."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable

from schemas.events import ActorKind
from services.extract.actors.bearers import Bearers, call_by_titles
from services.extract.actors.entities import Named, snap
from services.extract.actors.evidence import gender_before, honorific_before, roles_around
from services.extract.actors.evidence_table import INSTITUTIONS, OVERLOOKED
from services.extract.actors.members import Member, Mention, People, by_first_mention
from services.extract.actors.names import (
    Gender,
    PersonName,
    bare,
    fold,
    gender_of_given,
    gender_of_single,
    gender_of_word,
    is_title,
    person_name,
    unpossessed,
    without_the,
)
from services.extract.actors.offices import Offices
from services.extract.actors.organisations import Organisations, head_of, short_forms
from services.extract.actors.tokens import Tokens
from services.extract.passes.paragraphs import headings
from services.extract.types import Entity, Range
from services.extract.wordlist import words

_KINDS = {"ORGANIZATION": ActorKind.ORGANIZATION, "LOCATION": ActorKind.ORGANIZATION, "MISC": ActorKind.GROUP}
_TITLE_WEIGHT = 3  # "Mrs." outweighs what a given name suggests
_ACRONYM = re.compile(r"[A-Z][A-Z.&]{1,7}")
_SMALL_WORDS = words("of the and for in on to")
# One-word names of institutions that speak in the news and stand without an article.
_INSTITUTIONS = words("""
    kremlin pentagon wikinews wikipedia wikileaks reuters bloomberg politico breitbart buzzfeed axios newsweek facebook twitter google
    microsoft amazon apple tesla boeing nasa nato unicef unesco interpol europol hamas hezbollah netflix youtube uber walmart
    """)
_CAPITAL_FOLLOWS = re.compile(r" [A-Z]")  # the name is part of a longer one: "Trump Tower"


class Cast:
    """Everybody named in ``text``, from the tagger's entities and the text's surface."""

    def __init__(self, text: str, entities: Iterable[Entity], without: Collection[str] = ()) -> None:
        self.text = text
        self.tokens = Tokens(text)
        self._people = People()
        self._others: dict[str, Member] = {}  # by folded name
        self._acronyms: dict[str, Member] = {}
        self._heads: dict[str, Member] = {}
        self._unsure: dict[int, float] = {}  # by where a name begins that several bear
        named = snap(self.tokens, entities)
        if INSTITUTIONS not in without:
            named = _institutions(text, named)
        self._short = short_forms(text, named)
        named = [item._replace(label="ORGANIZATION") if self._is_short(item) else item for item in named]
        self._add_people([item for item in named if item.label == "PERSON"])
        self._add_others([item for item in named if item.label != "PERSON"])
        if OVERLOOKED not in without:
            self._add_overlooked()
        self.people = by_first_mention(self._people.members)
        call_by_titles(self.people)
        self.members = by_first_mention({id(m): m for m in (*self.people, *self._others.values())}.values())
        self._named = {fold(name): member for member in reversed(self.members) for name in member.names}
        self._positions = sorted(
            ((m.span, member) for member in self.members for m in member.mentions), key=lambda item: item[0]
        )
        self._named |= {
            short: self._others[full] for short, full in self._short.items() if full in self._others
        }
        self._starts = [span.start for span, _ in self._positions]
        self.offices = Offices(self.people)
        self.organisations = Organisations(text, self.members, self.called)

    def within(self, span: Range) -> list[tuple[Range, Member]]:
        """Mentions inside a stretch of text, in text order."""
        first, last = bisect_left(self._starts, span.start), bisect_left(self._starts, span.end)
        return [(at, member) for at, member in self._positions[first:last] if at.end <= span.end]

    def called(self, name: str) -> Member | None:
        """Whoever is mentioned by exactly this name, spelling aside."""
        return self._named.get(fold(name))

    def surnamed(self, name: str) -> list[Member]:
        """The persons of this surname, else those whose first name it is."""
        return self._people.of_surname(name) or self._people.of_first(name)

    def sure(self, span: Range, member: Member) -> float:
        """How sure it is that a name inside a stretch of text is this member's, and not a namesake's."""
        return min(
            (self._unsure.get(at.start, 1.0) for at, named in self.within(span) if named is member),
            default=1.0,
        )

    # -- people ----------------------------------------------------------------------------------------------

    def _add_people(self, named: list[Named]) -> None:
        """The longest names first: shorter ones may be parts of them. What only headings have comes last: in
        “Ann Lee Hammers Banks” the capitals do not tell where her name ends."""
        names = [(item.span, person_name(item.words)) for item in named]
        in_heading = headings(self.text)
        told = {name for span, name in names if not in_heading(span)}
        full = dict.fromkeys(name for _, name in names if name.given)
        ordered = sorted(full, key=lambda name: (name not in told, -len(name.core)))
        members = {name: self._people.whole(name) or self._people.add(name) for name in ordered}
        for item in (item for item in named if item.nickname):
            self._people.also_called(members[person_name(item.words)], item.nickname)
        single: list[tuple[Gender | None, Range, PersonName]] = []
        for span, name in names:
            if name.given:
                self._mention(members[name], span, name)
            else:
                single.append((gender_before(self.tokens, span.start), span, name))
        self._bearers = Bearers(self.text, self.tokens, self._people, names)
        self._people.fold_initials()
        # Those with a gendered title first: "Mr. Obama" beside Michelle Obama tells that there are two.
        single.sort(key=lambda item: (item[0] is None, item[1]))
        for gender, span, name in single:
            member, sure = self._bearers.of_one_word(name, span, gender) or (self._people.add(name), 1.0)
            self._mention(member, span, name, sure)

    def _mention(self, member: Member, span: Range, name: PersonName, sure: float = 1.0) -> None:
        member.add(Mention(span, name.text, possessive=self._is_possessive(span)))
        if sure < 1.0:
            self._unsure[span.start] = sure
        if given := gender_of_given(name.given) if name.given else gender_of_single(name.text):
            member.genders[given] += 1
        if name.given is None and (title := honorific_before(self.tokens, span.start)):
            member.titles[title] += 1
        own = [bare(name.given)] if name.given and " of " in name.text and is_title(name.given) else []
        for role in (*roles_around(self.tokens, span), *own):
            member.roles.add(role)
            if gender := gender_of_word(role):
                member.genders[gender] += _TITLE_WEIGHT
                member.called.add(gender)

    def _is_possessive(self, span: Range) -> bool:
        return self.text[span.end : span.end + 2] in ("’s", "'s")

    def _add_overlooked(self) -> None:
        """Every other place where a known name stands: the tagger sees a name once and misses it the next
        time."""
        others = {id(member): member for member in self._others.values()}.values()
        taken = sorted(
            mention.span for member in (*self._people.members, *others) for mention in member.mentions
        )
        starts = [span.start for span in taken]
        known = self._known_words()
        tokens = self.tokens
        run: list[int] = []
        for number, start in enumerate(tokens.starts):
            if not self.text[start].isupper() or bare(tokens[number]) not in known:
                continue
            index = bisect_right(starts, start) - 1
            if (index >= 0 and taken[index].end > start) or not self._stands_alone(number, known):
                continue
            if run and (run[-1] != number - 1 or tokens.gap(number) != " "):
                self._overlooked(run)
                run = []
            run.append(number)
        if run:
            self._overlooked(run)

    def _known_words(self) -> set[str]:
        """First and last words of the persons' names, initials left out."""
        cores = [person_name(tuple(member.name.split())).core for member in self._people.members]
        return {bare(word) for core in cores for word in (core[0], core[-1]) if len(bare(word)) > 1}

    def _stands_alone(self, number: int, known: set[str]) -> bool:
        """Whether the name is no part of another one: ``Trump Tower``."""
        if not _CAPITAL_FOLLOWS.match(self.text, self.tokens.ends[number]):
            return True
        return bare(self.tokens[number + 1]) in known

    def _overlooked(self, run: list[int]) -> None:
        words = tuple(unpossessed(self.tokens[number]) for number in run)
        name = person_name(words)
        span = Range(self.tokens.starts[run[0]], self.tokens.starts[run[-1]] + len(words[-1]))
        if name.given:
            member = self._people.whole(name)
            if member is not None:
                self._mention(member, span, name)
        elif not is_title(name.text) and (
            found := self._bearers.of_one_word(name, span, gender_before(self.tokens, span.start))
        ):
            self._mention(found[0], span, name, found[1])

    # -- organisations, places, groups -----------------------------------------------------------------------

    def _add_others(self, named: list[Named]) -> None:
        acronyms: list[tuple[Range, str, str]] = []
        for span, label, *_ in named:
            name = without_the(unpossessed(self.text[span.start : span.end]))
            if not name:
                continue
            person = self._person_called(name) if label != "LOCATION" else None
            if label == "ORGANIZATION" and self._are_two(span, name):
                continue
            if person is not None:
                self._mention(person, span, person_name(tuple(name.split())))
            elif _ACRONYM.fullmatch(name) and fold(name) not in self._short:
                acronyms.append((span, label, name))
            else:
                self._mention_other(self._other(name, label), span, name)
        for span, label, name in acronyms:
            full = self._acronyms.get(name.replace(".", "").replace("&", ""))
            member = full or self._other(name, label)
            self._others[fold(name)] = member
            self._mention_other(member, span, name)

    def _person_called(self, name: str) -> Member | None:
        """The person whose surname or full name this is, whatever the tagger took it for."""
        full = self._people.whole(person_name(tuple(name.split())))
        bearers = [full] if full else self._people.of_surname(name)
        return bearers[0] if len(bearers) == 1 else None

    def _are_two(self, span: Range, name: str) -> bool:
        """Whether a firm's name is two persons who speak together: “Moss and Penn” after Jack Moss and Ruth
        Penn. Notes both."""
        first, joined, second = name.partition(" and ")
        if not joined:
            return False
        start = self.text.index(name, span.start)
        one, other = self._bearer(first, start), self._bearer(second, start + len(first + joined))
        if one is None or other is None or one[0] is other[0]:
            return False
        self._mention(*one)
        self._mention(*other)
        return True

    def _bearer(self, words: str, start: int) -> tuple[Member, Range, PersonName, float] | None:
        """Whose full name or surname stands there, where, and how sure that is; None where it is nobody's in
        the article."""
        span, name = Range(start, start + len(words)), person_name(tuple(words.split()))
        whole = self._people.whole(name)
        if whole is not None:
            return whole, span, name, 1.0
        found = self._bearers.of_one_word(name, span, None) if self._people.of_surname(words) else None
        return None if found is None else (found[0], span, name, found[1])

    def _is_short(self, item: Named) -> bool:
        return item.label != "LOCATION" and fold(" ".join(item.words)) in self._short

    def _other(self, name: str, label: str) -> Member:
        key = self._short.get(fold(name), fold(name))
        member = self._others.get(key)
        if member is None and " " not in name and label == "ORGANIZATION":
            member = self._heads.get(key)  # "the Post" after "The Washington Post"
        if member is None:
            member = Member(_KINDS[label])
        self._others[key] = member
        if member.kind is ActorKind.ORGANIZATION and " " in name:
            self._heads.setdefault(fold(head_of(name)), member)
            self._acronyms.setdefault(
                "".join(word[0] for word in name.split() if word.lower() not in _SMALL_WORDS).upper(), member
            )
        return member

    def _mention_other(self, member: Member, span: Range, name: str) -> None:
        member.add(Mention(span, name, possessive=self._is_possessive(span)))


def _institutions(text: str, named: list[Named]) -> list[Named]:
    """Single words the tagger takes for persons and the article for institutions: “the Kremlin”, “told
    Reuters”."""
    singles = [item for item in named if len(item.words) == 1]
    names = {
        fold(word)
        for item in named
        if item.label == "PERSON" and len(item.words) > 1
        for word in (item.words[0], item.words[-1])
    }
    institutions = {fold(name) for name in _INSTITUTIONS}
    for span, _, (word,), _ in singles:
        if text[max(0, span.start - 4) : span.start].lower() == "the " and not word.endswith("s"):
            institutions.add(fold(word))
    institutions -= names

    def relabelled(item: Named) -> Named:
        wrong = item.label == "PERSON" and len(item.words) == 1 and fold(item.words[0]) in institutions
        return item._replace(label="ORGANIZATION") if wrong else item

    return [relabelled(item) for item in named]
