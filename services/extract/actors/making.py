"""The actors of one article as they are published: ids, canonical names, and how sure each manner of resolution is."""

from __future__ import annotations

from typing import Protocol

from schemas.events import Actor, ActorKind, Resolution, Span
from schemas.ids import actor_id, local_actor_id
from services.extract.actors.members import Member
from services.extract.actors.names import bare, without_initials

UNRESOLVED = "unresolved source"
NAME_MAX = 160  # code points of a description kept as an actor's name

# How sure a resolution is by its manner, if the words are its source: the share that was right among the labelled sources of PolNeAR dev,
# GUM, and the open pages of lab/labels/speech together, rounded, few ones cautiously. A pronoun is as sure as its ranking says: 90.8 % on
# average where 90.8 % of GUM's 121 were right.
SURE = {
    Resolution.NAME: 0.97,  # 182 of 187
    Resolution.SURNAME: 0.99,  # 158 of 158
    Resolution.TITLE: 0.94,  # 16 of 17
    Resolution.RELATIVE_PRONOUN: 0.9,  # 2 of 2
    Resolution.ALIAS: 0.95,  # 8 of 8
    Resolution.DESCRIPTION: 0.8,  # 56 of 71 persons and documents: who is described is often one that is named elsewhere
}
_DESCRIBED = {ActorKind.GROUP: 0.96, ActorKind.ORGANIZATION: 0.9}  # 44 of 45, 10 of 11
_CIVIL = frozenset(("mr", "mrs", "ms", "miss", "madam", "mx"))
LAST = 0.85
"""That “they” or “it” is the group or the organisation that spoke last, if that one is right: 14 of 14."""
HINT = 0.6
"""What a mere hint is worth: number, position, a description that fits."""


def described(kind: ActorKind) -> float:
    """How sure somebody of this kind is who is described and known by nothing else."""
    return _DESCRIBED.get(kind, SURE[Resolution.DESCRIPTION])


class Registry(Protocol):
    """Knows actors beyond one article."""

    def look_up(self, kind: ActorKind, name: str) -> tuple[str, str | None] | None:
        """The canonical name and Wikidata id of a name, or None when it is not known or not unique."""
        ...


class Maker:
    """Makes the actors of one article."""

    def __init__(self, article_id: str, registry: Registry | None) -> None:
        self._article_id = article_id
        self._registry = registry
        self._identities: dict[tuple[ActorKind, str], tuple[str, str, str | None]] = {}

    def named(self, kind: ActorKind, name: str, mention: Span | None, how: Resolution, confidence: float) -> Actor:
        """Somebody with a name, under the id that all articles share. “Mr. Lee” beside a Mrs. Lee is somebody in this article only."""
        if kind is ActorKind.PERSON and bare(name.split()[0]) in _CIVIL:
            return self.unnamed(kind, name, mention, how, confidence)
        key = (kind, name)
        if key not in self._identities:
            known = self._registry.look_up(kind, name) if self._registry else None
            name, wikidata = known or (name, None)
            self._identities[key] = actor_id(kind, without_initials(name) if kind is ActorKind.PERSON else name), name, wikidata
        identity, name, wikidata = self._identities[key]
        return Actor(actor_id=identity, name=name, kind=kind, mention=mention, resolution=how, wikidata=wikidata, confidence=confidence)

    def member(self, member: Member, mention: Span, how: Resolution, confidence: float) -> Actor:
        """A member of the cast; one that is only described stays inside the article."""
        make = self.unnamed if member.kind is ActorKind.UNNAMED else self.named
        return make(member.kind, member.name, mention, how, confidence)

    def unnamed(self, kind: ActorKind, description: str, mention: Span | None, how: Resolution, confidence: float) -> Actor:
        """Somebody described, known inside this article only."""
        name = description[:NAME_MAX]
        identity = local_actor_id(self._article_id, "unnamed", " ".join(name.lower().split()))
        return Actor(actor_id=identity, name=name, kind=kind, mention=mention, resolution=how, confidence=confidence)

    def unresolved(self, mention: Span | None) -> Actor:
        """Nobody knows who."""
        where = f"{mention.start}:{mention.end}" if mention else "none"
        return Actor(
            actor_id=local_actor_id(self._article_id, "unresolved", where),
            name=mention.exact[:NAME_MAX] if mention else UNRESOLVED,
            kind=ActorKind.UNNAMED,
            mention=mention,
            resolution=Resolution.UNRESOLVED,
            confidence=0.0,
        )
