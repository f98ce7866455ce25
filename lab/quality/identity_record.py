"""What the record makes of names from many articles, without a database."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from schemas.events import Actor, ActorKind, Resolution
from schemas.ids import actor_id
from services.aggregate.identity.deciding import decided, identity_of, resolved
from services.aggregate.identity.names import read
from services.extract.actors.names import without_initials


@dataclass(frozen=True, slots=True)
class Named:
    """Somebody as one article has him: the identity by which statements are kept."""

    identity: str


def named(name: str, article: str, *, words: str = "", outlet: str = "") -> Named:
    """A name (an organisation's after ``org:``) in an article with these words by this outlet."""
    del words, outlet
    kind = ActorKind.ORGANIZATION if name.startswith("org:") else ActorKind.PERSON
    plain = name.removeprefix("org:")
    known = without_initials(plain) if kind is ActorKind.PERSON else plain
    for determiner in ("the ", "The "):
        known = known.removeprefix(determiner)
    made = Actor(actor_id=actor_id(kind, known), name=plain, kind=kind, resolution=Resolution.NAME, confidence=1.0)
    return as_kept(made, article)


def as_kept(actor: Actor, article: str) -> Named:
    """An actor of an article."""
    return Named(identity_of(actor, article))


def on_record(found: Iterable[Named]) -> dict[Named, str]:
    """The actor of each, given that all of these are on record."""
    known = set(found)
    names = {one.identity: name for one in known if (name := read(one.identity)) is not None}
    actors = resolved(names)
    return {one: actors.get(one.identity, one.identity) for one in known}


def shown_as_candidates(one: Named, other: Named) -> bool:
    """Whether one is shown as perhaps the other, with both on record."""
    left, right = read(one.identity), read(other.identity)
    if left is None or right is None:
        return False
    return any(decided(name, [also]).candidates for name, also in ((left, right), (right, left)))
