"""Who is named in an article: members, their mentions, and how to find them by name."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from schemas.events import ActorKind
from services.extract.actors.names import Gender, PersonName, bare, fold, one_edit_apart
from services.extract.types import Range

_SHORTEST_TYPO = 5  # letters: shorter names that differ by one are different names
_FAMILY = 20  # bearers of one word that are looked at
# persons: in longer lists a letter's difference is no error, and comparing all with all takes long
_CROWD = 500


class Mention(NamedTuple):
    """One place where somebody is named."""

    span: Range
    name: str
    possessive: bool = False


class Member:
    """Somebody or something named in the article; identity is the object's.

    ``name`` is the canonical name: the one most often given in full, the longer one of equals. ``first`` is
    where the member is first mentioned. ``titles`` stand before mentions of one word; ``called`` are the
    genders that titles say.
    """

    __slots__ = (
        "_rank",
        "called",
        "first",
        "genders",
        "kind",
        "mentions",
        "name",
        "names",
        "roles",
        "titles",
    )

    def __init__(self, kind: ActorKind, *mentions: Mention) -> None:
        self.kind = kind
        self.names: dict[str, int] = {}  # and how often each
        self.mentions: list[Mention] = []
        self.genders: dict[Gender, int] = {"m": 0, "f": 0}
        self.called: set[Gender] = set()
        self.titles: Counter[str] = Counter()
        self.roles: set[str] = set()
        self.name = ""
        self.first = sys.maxsize
        self._rank: tuple[object, ...] = ()
        for mention in mentions:
            self.add(mention)

    def add(self, mention: Mention) -> None:
        """Note a mention."""
        self.mentions.append(mention)
        self.first = min(self.first, mention.span.start)
        self.names[mention.name] = self.names.get(mention.name, 0) + 1
        self._consider(mention.name)

    def absorb(self, member: Member) -> None:
        """Take over all that is known of another one."""
        for mention in member.mentions:
            self.add(mention)
        for gender, weight in member.genders.items():
            self.genders[gender] += weight
        self.roles |= member.roles
        self.titles += member.titles
        self.called |= member.called

    def _consider(self, name: str) -> None:
        """Take a name whose count has grown for the canonical one, if it ranks higher."""
        rank = (" " in name, self.names[name], len(name), name)
        if rank > self._rank:
            self.name, self._rank = name, rank

    @property
    def gender(self) -> Gender | None:
        """By what the article and given names say; None when they say nothing or both."""
        men, women = self.genders["m"], self.genders["f"]
        return None if men == women else "m" if men > women else "f"

    def may_be(self, gender: Gender | None) -> bool:
        """Whether nothing speaks against that gender."""
        return gender is None or self.gender in (None, gender)


class People:
    """The persons of an article, found by surname, by any word of their names, and by a near spelling."""

    def __init__(self) -> None:
        self.members: list[Member] = []
        self._by_surname: dict[str, list[Member]] = {}
        self._by_word: dict[str, list[Member]] = {}
        self._by_first: dict[str, list[Member]] = {}
        self._written: dict[int, list[str]] = {}  # folded words of full names, by member
        self._in_full: dict[tuple[str, str, str], Member] = {}  # by given name, surname and suffix
        self._spellings: dict[tuple[str, int], set[str]] = {}  # surnames by first letter and length

    def add(self, name: PersonName) -> Member:
        """A new person of this name."""
        member = Member(ActorKind.PERSON)
        self.members.append(member)
        surname = fold(name.surname)
        self._by_surname.setdefault(surname, []).append(member)
        self._spellings.setdefault((surname[:1], len(surname)), set()).add(surname)
        if name.given:
            self._in_full.setdefault((fold(name.given), surname, name.suffix), member)
            written = fold(name.text).split("-")
            self._written[id(member)] = written
            self._by_first.setdefault(written[0], []).append(member)
            for word in dict.fromkeys(written):
                self._by_word.setdefault(word, []).append(member)
        return member

    def also_called(self, member: Member, nickname: str) -> None:
        """Somebody has a nickname, too."""
        self._by_word.setdefault(fold(nickname), []).append(member)

    def whole(self, name: PersonName) -> Member | None:
        """The person of a name of several words: with this given name, surname and suffix, whatever stands
        between them, else the only one whose longer name begins or ends with it: ``García López`` of ``María
        García López``."""
        return self.in_full(name) or self._with_part(name)

    def _with_part(self, name: PersonName) -> Member | None:
        part = fold(name.text).split("-")
        longer = [(m, self._written[id(m)]) for m in self._by_word.get(part[-1], ())[:_FAMILY]]
        found = [m for m, written in longer if part in (written[: len(part)], written[-len(part) :])]
        if len(found) != 1 or name.suffix:
            return None
        bearers = self._by_surname.setdefault(fold(name.surname), [])
        if found[0] not in bearers:
            bearers.append(found[0])  # the longer name may be the wrong one: what follows a name in a caption
        return found[0]

    def of_first(self, word: str) -> list[Member]:
        """Everybody whose full name begins with the word."""
        return self._by_first.get(fold(word), [])

    def in_full(self, name: PersonName) -> Member | None:
        """The person with this given name, surname and suffix, whatever stands between them."""
        return self._in_full.get((fold(name.given or ""), fold(name.surname), name.suffix))

    def of_surname(self, name: str) -> list[Member]:
        """Everybody of that surname, and whoever is only called by it."""
        return self._by_surname.get(fold(name), [])

    def of_word(self, word: str) -> list[Member]:
        """Everybody whose full name has the word."""
        return self._by_word.get(fold(word), [])

    def of_near_surname(self, name: str) -> list[Member]:
        """Everybody with a full name and a surname one letter off: a typing error, or a spelling of another
        language."""
        key = fold(name)
        if len(key) < _SHORTEST_TYPO or len(self.members) > _CROWD:
            return []
        alike = (surname for n in (-1, 0, 1) for surname in self._spellings.get((key[0], len(key) + n), ()))
        near = sorted(surname for surname in alike if one_edit_apart(surname, key))
        return [
            member
            for surname in near
            for member in self._by_surname[surname]
            if any(" " in name for name in member.names)
        ]

    def fold_initials(self) -> None:
        """``J. Smith`` is the article's only Smith whose given name begins with J."""
        alike: dict[tuple[str, str], list[Member]] = {}
        for (given, surname, _), member in self._in_full.items():
            alike.setdefault((surname, given[:1]), []).append(member)
        folded: set[int] = set()
        for (given, surname, suffix), member in list(self._in_full.items()):
            if len(bare(given)) != 1:
                continue
            full = [other for other in alike[surname, given] if other is not member]
            if len(full) == 1:
                full[0].absorb(member)
                folded.add(id(member))
                self._in_full[given, surname, suffix] = full[0]
        if folded:
            self.members = [member for member in self.members if id(member) not in folded]
            for index in (self._by_surname, self._by_word, self._by_first):
                for word, bearers in index.items():
                    index[word] = [member for member in bearers if id(member) not in folded]


def by_first_mention(members: Iterable[Member]) -> list[Member]:
    """In order of first mention."""
    return sorted(members, key=lambda member: member.first)
