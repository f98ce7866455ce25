"""Who is named in an article: members, their mentions, and how to find them by name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from schemas.events import ActorKind
from services.extract.actors.names import Gender, PersonName, bare, fold, one_edit_apart
from services.extract.types import Range

_SHORTEST_TYPO = 5  # letters: shorter names that differ by one are different names
_CROWD = 500  # persons: in longer lists a letter's difference is no error, and comparing all with all takes long


@dataclass(slots=True)
class Mention:
    """One place where somebody is named."""

    span: Range
    name: str
    possessive: bool = False


@dataclass(slots=True, eq=False)
class Member:
    """Somebody or something named in the article; identity is the object's."""

    kind: ActorKind
    names: Counter[str] = field(default_factory=Counter)
    mentions: list[Mention] = field(default_factory=list)
    genders: Counter[Gender] = field(default_factory=Counter)
    roles: set[str] = field(default_factory=set)

    @property
    def name(self) -> str:
        """The canonical name: the one most often given in full, the longer one of equals."""
        return max(self.names, key=lambda n: (min(n.count(" "), 1), self.names[n], len(n), n))

    @property
    def gender(self) -> Gender | None:
        """By what the article and given names say; None when they say nothing or both."""
        if self.genders["m"] == self.genders["f"]:
            return None
        return "m" if self.genders["m"] > self.genders["f"] else "f"

    @property
    def first(self) -> int:
        """Where the member is first mentioned."""
        return min(mention.span.start for mention in self.mentions)

    def may_be(self, gender: Gender | None) -> bool:
        """Whether nothing speaks against that gender."""
        return gender is None or self.gender in (None, gender)


class People:
    """The persons of an article, found by surname, by any word of their names, and by a near spelling."""

    def __init__(self) -> None:
        self.members: list[Member] = []
        self._by_surname: dict[str, list[Member]] = {}
        self._by_word: dict[str, list[Member]] = {}
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
            for word in dict.fromkeys(fold(name.text).split("-")):
                self._by_word.setdefault(word, []).append(member)
        return member

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
        """Everybody with a full name and a surname one letter off: a typing error, or a spelling of another language."""
        key = fold(name)
        if len(key) < _SHORTEST_TYPO or len(self.members) > _CROWD:
            return []
        alike = (surname for n in (-1, 0, 1) for surname in self._spellings.get((key[0], len(key) + n), ()))
        near = sorted(surname for surname in alike if one_edit_apart(surname, key))
        return [member for surname in near for member in self._by_surname[surname] if any(" " in name for name in member.names)]

    def fold_initials(self) -> None:
        """``J. Smith`` is the article's only Smith whose given name begins with J."""
        given_names: dict[str, list[tuple[str, Member]]] = {}
        for (given, surname, _), member in self._in_full.items():
            given_names.setdefault(surname, []).append((given, member))
        for (given, surname, suffix), member in list(self._in_full.items()):
            if len(bare(given)) != 1:
                continue
            full = [m for other, m in given_names[surname] if m is not member and other.startswith(given)]
            if len(full) == 1:
                absorb(full[0], member)
                self.members.remove(member)
                self._by_surname[surname].remove(member)
                self._in_full[given, surname, suffix] = full[0]


def absorb(into: Member, member: Member) -> None:
    """Make two members one."""
    into.names.update(member.names)
    into.mentions.extend(member.mentions)
    into.genders.update(member.genders)
    into.roles |= member.roles


def by_first_mention(members: Iterable[Member]) -> list[Member]:
    """In order of first mention."""
    return sorted(members, key=lambda member: member.first)
