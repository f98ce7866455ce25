"""Organisations called by the noun that heads their name: “the foundation” after “the Andy Warhol Foundation for the Visual Arts”."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable

from schemas.events import ActorKind
from services.extract.actors.members import Member
from services.extract.actors.names import bare
from services.extract.wordlist import words

# What such institutions have in their names. Companies, networks, newspapers, banks, agencies and teams mostly have not: “the network”
# is seldom whichever is called Network.
_CARRIED = words(
    """
    party committee department foundation court council ministry embassy commission bureau university college board institute association
    coalition alliance federation league society church parliament
    """
)
_ENDS_HEAD = frozenset(("of", "for", "on", "in", "at", "to", "and"))


class Organisations:
    """The organisations of an article by the nouns that head their names."""

    def __init__(self, members: Iterable[Member]) -> None:
        self._mentions: dict[str, list[tuple[int, Member]]] = {}
        for member in members:
            if member.kind is ActorKind.ORGANIZATION:
                for head in {head for name in member.names if (head := head_of(name)) in _CARRIED}:
                    self._mentions.setdefault(head, []).extend((mention.span.start, member) for mention in member.mentions)
        for mentions in self._mentions.values():
            mentions.sort(key=lambda item: item[0])

    def called(self, noun: str, position: int) -> Member | None:
        """The organisation with that noun that is named last before a position."""
        mentions = self._mentions.get(noun, [])
        last = bisect_left(mentions, position, key=lambda item: item[0]) - 1
        return mentions[last][1] if last >= 0 else None


def head_of(name: str) -> str:
    """The noun of a name of several words: ``court`` of ``Supreme Court of Cassation``; empty when it is one word."""
    parts = [bare(word) for word in name.split()]
    end = next((number for number, word in enumerate(parts) if number and word in _ENDS_HEAD), len(parts))
    return parts[end - 1] if len(parts) > 1 else ""
