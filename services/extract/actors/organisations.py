"""Organisations called by the noun that heads their name: “the foundation” after “the Andy Warhol Foundation
for the Visual Arts”."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable

from schemas.events import ActorKind
from services.extract.actors.entities import Named
from services.extract.actors.members import Member, Mention
from services.extract.actors.names import bare, fold, unpossessed, without_the
from services.extract.types import Range
from services.extract.wordlist import words

# What such institutions have in their names. Companies, networks, newspapers and teams mostly have not: “the
# network” is seldom whichever is called Network.
_CARRIED = words("""
    party committee department foundation court council ministry embassy commission bureau university college board institute association
    coalition alliance federation league society church parliament bank agency authority trust airline centre center coastguard
    regulator watchdog hospital museum charity consortium union observatory service
    """)
# “Norway’s coastguard”, “Sweden’s interior ministry”: an institution by its possessor and its noun.
_POSSESSED = re.compile(
    r"(?P<whose>(?:[A-Z][\w.-]{1,30} ){0,3}[A-Z][\w.-]{1,30})['’]s? (?:[a-z][\w-]{1,30} ){0,2}?"
    rf"(?P<noun>{'|'.join(sorted(_CARRIED))})\b"
)
_IN_PARENTHESES = re.compile(r" \((?P<short>[A-Z][\w&.’-]{1,30}(?: [A-Z][\w&.’-]{1,30}){0,2})\)")
_ORG = "ORGANIZATION"
_ENDS_HEAD = frozenset(("of", "for", "on", "in", "at", "to", "and"))


class Organisations:
    """The organisations of an article by the nouns that head their names."""

    def __init__(self, text: str, members: Iterable[Member], called: Callable[[str], Member | None]) -> None:
        """``called``: whoever has exactly a name."""
        self._mentions: dict[str, list[tuple[int, Member]]] = {}
        self._possessed: dict[str, Member] = {}
        for match in _POSSESSED.finditer(text):
            whose = called(match["whose"])
            if whose is not None and whose.kind is ActorKind.ORGANIZATION:
                key = fold(match.group())
                member = self._possessed.setdefault(key, Member(ActorKind.ORGANIZATION))
                member.add(Mention(Range(*match.span()), match.group()))
                self._mentions.setdefault(match["noun"], []).append((match.start(), member))
        for member in members:
            if member.kind is ActorKind.ORGANIZATION:
                for head in {
                    head for name in member.names if (head := head_of(name).removesuffix("s")) in _CARRIED
                }:
                    self._mentions.setdefault(head, []).extend(
                        (mention.span.start, member) for mention in member.mentions
                    )
        for mentions in self._mentions.values():
            mentions.sort(key=lambda item: item[0])

    def possessed(self, phrase: str) -> Member | None:
        """The institution that a possessor and a noun name: ``Norway’s coastguard``."""
        return self._possessed.get(fold(phrase))

    def called(self, noun: str, position: int) -> Member | None:
        """The organisation with that noun that is named last before a position."""
        mentions = self._mentions.get(noun, [])
        last = bisect_left(mentions, position, key=lambda item: item[0]) - 1
        return mentions[last][1] if last >= 0 else None


def head_of(name: str) -> str:
    """The noun of a name of several words: ``court`` of ``Supreme Court of Cassation``; empty when it is one
    word."""
    parts = [bare(word) for word in name.split()]
    end = next((number for number, word in enumerate(parts) if number and word in _ENDS_HEAD), len(parts))
    return parts[end - 1] if len(parts) > 1 else ""


def short_forms(text: str, named: Iterable[Named]) -> dict[str, str]:
    """Folded short forms to the folded names of organisations they stand behind in parentheses, whatever
    their letters: “the Coastal Shipping Alliance (Nordhav)”. A place in parentheses is where it is."""
    organisations = {
        item.span.end: without_the(unpossessed(text[item.span.start : item.span.end]))
        for item in named
        if item.label == _ORG
    }
    places = {item.span.start for item in named if item.label == "LOCATION"}
    found: dict[str, str] = {}
    for match in _IN_PARENTHESES.finditer(text):
        full = organisations.get(match.start(), "")
        if " " in full and match.start("short") not in places:
            found[fold(match["short"])] = fold(full)
    return found
