"""What the record makes of names from many articles, without a database."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from schemas.events import Actor, ActorKind, Resolution
from schemas.ids import actor_id
from services.aggregate.identity.deciding import decided, description_of, identity_of, resolved
from services.aggregate.identity.described import candidates_apart, told_apart
from services.aggregate.identity.local import is_local
from services.aggregate.identity.names import read
from services.extract.actors.names import without_initials


@dataclass(frozen=True, slots=True)
class Named:
    """Somebody as one article has him: the identity by which statements are kept."""

    identity: str
    described: str | None = None


def named(name: str, article: str, *, words: str = "", outlet: str = "") -> Named:
    """A name (an organisation's after ``org:``) in an article with these words by this outlet."""
    kind = ActorKind.ORGANIZATION if name.startswith("org:") else ActorKind.PERSON
    plain = name.removeprefix("org:")
    known = without_initials(plain) if kind is ActorKind.PERSON else plain
    for determiner in ("the ", "The "):
        known = known.removeprefix(determiner)
    made = Actor(
        actor_id=actor_id(kind, known), name=plain, kind=kind, resolution=Resolution.NAME, confidence=1.0
    )
    return as_kept(made, article, words, outlet)


def as_kept(actor: Actor, article: str, text: str, outlet: str | None = None) -> Named:
    """An actor of an article."""
    identity = identity_of(actor, article)
    known = actor.kind is ActorKind.PERSON and not is_local(identity)
    return Named(identity, description_of(actor.name, identity, text, outlet) if known else None)


def on_record(found: Iterable[Named]) -> dict[Named, str]:
    """The actor of each, given that all of these are on record."""
    known = set(found)
    names = {one.identity: name for one in known if (name := read(one.identity)) is not None}
    said: dict[str, set[str]] = defaultdict(set)
    for one in known:
        if one.described is not None:
            said[one.identity].add(one.described)
    actors = resolved(names, descriptions=said)
    apart = {identity: told_apart(identity, descriptions) for identity, descriptions in said.items()}
    return {
        one: apart.get(one.identity, {}).get(one.described or "", actors.get(one.identity, one.identity))
        for one in known
    }


def shown_as_candidates(one: Named, other: Named) -> bool:
    """Whether one is shown as perhaps the other, with both on record."""
    left, right = read(one.identity), read(other.identity)
    if left is None or right is None:
        return False
    if one.identity == other.identity:
        descriptions = [said for said in (one.described, other.described) if said]
        apart = told_apart(one.identity, descriptions)
        meant = {apart.get(side.described or "", side.identity) for side in (one, other)}
        return any({found, also} == meant for found, also, _ in candidates_apart(one.identity, descriptions))
    return any(decided(name, [also]).candidates for name, also in ((left, right), (right, left)))
