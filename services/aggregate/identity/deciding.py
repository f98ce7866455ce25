"""The layers together: who a name is, by the registry first, else by the names on record that it shares keys with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from schemas.events import Actor
from schemas.ids import name_key
from services.aggregate.identity import local, registry
from services.aggregate.identity.described import described, told_apart
from services.aggregate.identity.linking import CROWD, Decision, Reason, actors_of, linked
from services.aggregate.identity.names import Name, keys

_HERS = frozenset(("mrs", "ms", "miss", "lady"))
"""What a mention says that means the wife or the daughter of whom the surname alone means."""


def identity_of(actor: Actor, article_id: str) -> str:
    """The id by which an actor of an article is known: across articles, by its full name or a surname that means one person; else in this
    one."""
    identity = local.identity_of(actor, article_id)
    said = set(name_key(actor.mention.exact).split("-")) if actor.mention else set()
    if not local.is_local(identity) or said & _HERS:
        return identity
    return registry.known_alone(actor.kind.value, actor.name) or identity


def description_of(name: str, identity: str, text: str, outlet: str | None) -> str | None:
    """What an article's text says of a person known across articles, unless the registry knows who it is; None where it says nothing."""
    return None if registry.known(identity) is not None else described(name, text, outlet)


def keys_of(name: Name) -> tuple[str, ...]:
    """By what a name is found by others: nothing, if the registry knows who it is."""
    return () if registry.known(name.identity) else keys(name)


def decided(name: Name, others: Iterable[Name]) -> Decision:
    """Who a name is; ``others`` are the names that it shares keys with."""
    known = registry.known(name.identity)
    if known is not None:
        return Decision(known, ())
    found = linked(name, others)
    return Decision(found.link, tuple(sorted({*found.candidates, *registry.possible(name.identity)})))


def resolved(names: Mapping[str, Name], descriptions: Mapping[str, Iterable[str]] | None = None) -> dict[str, str]:
    """The actor on record of each identity, all at once: what the store arrives at step by step.

    A name that several people bear, by what articles say of them, is linked to none, and none to it: see :func:`told_apart`.
    """
    several = {identity for identity, said in (descriptions or {}).items() if told_apart(identity, said)}
    names = {identity: name for identity, name in names.items() if identity not in several}
    holders: dict[str, list[str]] = {}
    for identity, name in names.items():
        for key in keys_of(name):
            holders.setdefault(key, []).append(identity)
    links: dict[str, str] = {}
    certain: dict[str, str] = {}
    for identity, name in names.items():
        others = {other for key in keys_of(name) if len(holders[key]) <= CROWD for other in holders[key]}
        link = decided(name, (names[other] for other in sorted(others))).link
        if link is not None:
            (certain if link.reason is Reason.REGISTRY else links)[identity] = link.other
    return actors_of((identity for identity in names if identity not in certain), links) | certain | {one: one for one in several}
