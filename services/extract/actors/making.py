"""The actors of one article as they are published: ids, canonical names, and how sure each manner of
resolution is."""

from __future__ import annotations

from typing import Protocol

from schemas.events import Actor, ActorKind, Resolution, Span
from schemas.ids import actor_id, local_actor_id
from services.extract.actors.members import Member
from services.extract.actors.names import bare, without_initials

UNRESOLVED = "unresolved source"
NAME_MAX = 160  # code points of a description kept as an actor's name

_CIVIL = frozenset(("mr", "mrs", "ms", "miss", "madam", "mx"))
HINT = 0.6
"""What a mere hint is worth: number, position, a description that fits."""


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

    def named(
        self, kind: ActorKind, name: str, mention: Span | None, how: Resolution, confidence: float
    ) -> Actor:
        """Somebody with a name, under the id that all articles share. “Mr. Lee” beside a Mrs. Lee is somebody
        in this article only."""
        if kind is ActorKind.PERSON and bare(name.split()[0]) in _CIVIL:
            return self.unnamed(kind, name, mention, how, confidence)
        key = (kind, name)
        if key not in self._identities:
            known = self._registry.look_up(kind, name) if self._registry else None
            name, wikidata = known or (name, None)
            self._identities[key] = (
                actor_id(kind, without_initials(name) if kind is ActorKind.PERSON else name),
                name,
                wikidata,
            )
        identity, name, wikidata = self._identities[key]
        return Actor(
            actor_id=identity,
            name=name,
            kind=kind,
            mention=mention,
            resolution=how,
            wikidata=wikidata,
            confidence=confidence,
        )

    def member(self, member: Member, mention: Span | None, how: Resolution, confidence: float) -> Actor:
        """A member of the cast; one that is only described stays inside the article."""
        make = self.unnamed if member.kind is ActorKind.UNNAMED else self.named
        return make(member.kind, member.name, mention, how, confidence)

    def unnamed(
        self, kind: ActorKind, description: str, mention: Span | None, how: Resolution, confidence: float
    ) -> Actor:
        """Somebody described, known inside this article only."""
        name = description[:NAME_MAX]
        identity = local_actor_id(self._article_id, "unnamed", " ".join(name.lower().split()))
        return Actor(
            actor_id=identity, name=name, kind=kind, mention=mention, resolution=how, confidence=confidence
        )

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
