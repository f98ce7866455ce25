"""Who holds an office or answers to a description, by the words the article puts beside names."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence

from services.extract.actors.members import Member
from services.extract.actors.names import is_title

_ALIASES = {
    "sen": "senator", "rep": "representative", "congressman": "representative", "congresswoman": "representative", "gov": "governor",
    "lawmaker": "representative", "chairwoman": "chairman", "chair": "chairman", "gen": "general", "pres": "president", "prof": "professor",
    "judge": "justice", "attorney": "lawyer", "atty": "lawyer", "counsel": "lawyer", "dr": "doctor", "lt": "lieutenant", "sgt": "sergeant",
}  # fmt: skip
# Parties that exclude each other; adjectives such as conservative and liberal describe members of any.
_PARTIES = {
    "democratic": "democrat",
    "democrat": "democrat",
    "republican": "republican",
    "gop": "republican",
    "labour": "labour",
    "tory": "tory",
}
_LATEST = 50  # mentions of holders on either side that are looked at


def meaning(word: str) -> str:
    """The word a role is known by: ``sen`` → ``senator``, ``ex-wife`` → ``wife``."""
    word = word.removeprefix("ex-")
    return _ALIASES.get(word, word)


def of_another_party(words: Iterable[str], member: Member) -> bool:
    """Whether a description names a party and the article gives the person only to others: “the Democratic
    nominee” is no Republican."""
    said = {_PARTIES[word] for word in words if word in _PARTIES}
    known = {_PARTIES[role] for role in member.roles if role in _PARTIES}
    return bool(said and known) and said.isdisjoint(known)


class Offices:
    """The persons of an article by the roles they are given; ``people`` in order of first mention."""

    def __init__(self, people: Sequence[Member]) -> None:
        self._holders: dict[str, dict[int, Member]] = {}
        self._meanings = {
            id(person): {meaning(role) for role in person.roles} for person in people if person.roles
        }
        for person in people:
            for role in person.roles:
                self._holders.setdefault(_ALIASES.get(role, role), {})[id(person)] = person
        self._mentions: dict[str, list[tuple[int, Member]]] = {}

    def only_holder(self, role: str) -> Member | None:
        """The one person in a role; None when there are several or none."""
        holders = self._holders.get(meaning(role), {})
        return next(iter(holders.values())) if len(holders) == 1 else None

    def holder(self, words: Sequence[str], position: int, *, former: bool = False) -> Member | None:
        """The person who is given most of these words, the last of them among them: whoever is named last
        before a position; failing that, for a title, whoever is named after it. ``former``: only who is said
        to have been it."""
        head = words[-1]
        mentions = self._mentions_of(head)
        middle = bisect_left(mentions, position, key=lambda item: item[0])
        best: tuple[int, int] = (0, 0)
        found: Member | None = None
        seen: set[int] = set()
        before, after = mentions[max(0, middle - _LATEST) : middle], mentions[middle : middle + _LATEST]
        for start, member in (*reversed(before), *after):
            if id(member) in seen:
                continue
            seen.add(id(member))
            if (former and "former" not in member.roles) or of_another_party(words, member):
                continue
            shared = len([word for word in words if word in self._meanings[id(member)]])
            if shared == len(words) and start < position:
                return member  # nobody fits better who was named before
            rank = (shared, start if start < position else -1)
            if shared >= (len(words) + 1) // 2 and rank > best:
                best, found = rank, member
        return found if best[1] >= 0 or is_title(head) else None

    def _mentions_of(self, role: str) -> list[tuple[int, Member]]:
        """Where the holders of a role are mentioned, in text order."""
        if role not in self._mentions:
            holders = self._holders.get(role, {}).values()
            places = [(mention.span.start, member) for member in holders for mention in member.mentions]
            self._mentions[role] = sorted(places, key=lambda item: item[0])
        return self._mentions[role]
