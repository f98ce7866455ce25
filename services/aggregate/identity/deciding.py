"""The layers together: who a name is, by people's decisions first, then by the registry, else by the names on
record that it shares keys with."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date

from schemas.events import Actor
from schemas.ids import name_key
from services.aggregate.identity import local, registry
from services.aggregate.identity.decisions import NONE, Rulings, placed
from services.aggregate.identity.described import described, led, told_apart
from services.aggregate.identity.linking import CROWD, REGISTERED, Decision, Link, linked
from services.aggregate.identity.names import Name, keys

_HERS = frozenset(("mrs", "ms", "miss", "lady"))
"""What a mention says that means the wife or the daughter of whom the surname alone means."""


def identity_of(actor: Actor, article_id: str, day: date | None = None) -> str:
    """The id by which an actor of an article is known: across articles, by its full name, a surname that
    means one person, or an office that one person held on the article's ``day``; else in this one."""
    held = None if day is None else registry.term_identity(actor, day)
    if held is not None:
        return held
    identity = local.identity_of(actor, article_id)
    said = set(name_key(actor.mention.exact).split("-")) if actor.mention else set()
    if not local.is_local(identity) or said & _HERS:
        return identity
    return registry.known_alone(actor.kind.value, actor.name) or identity


def description_of(name: str, identity: str, text: str, outlet: str | None) -> str | None:
    """What an article's text says of a person known across articles, unless the registry knows who it is;
    None where it says nothing."""
    return None if registry.known(identity) is not None else described(name, text, outlet)


def keys_of(name: Name, rulings: Rulings = NONE) -> tuple[str, ...]:
    """By what a name is found by others: nothing, if people or the registry say who it is."""
    return () if rulings.alone(name.identity) or _known(name, rulings) else keys(name)


def decided(name: Name, others: Iterable[Name], rulings: Rulings = NONE) -> Decision:
    """Who a name is by its links; ``others`` are the names that it shares keys with."""
    if rulings.alone(name.identity):
        return Decision(None, ())
    known = _known(name, rulings)
    if known is not None:
        return Decision(known, ())
    left = [other for other in others if not rulings.two(name.identity, other.identity)]
    found = linked(name, left)
    possible = [
        link for link in registry.possible(name.identity) if not rulings.two(name.identity, link.other)
    ]
    either = _either(name, left, rulings) if found.link else ()
    return Decision(None if either else found.link, tuple(sorted({*either, *found.candidates, *possible})))


def _known(name: Name, rulings: Rulings) -> Link | None:
    known = registry.known(name.identity)
    return None if known is None or rulings.two(name.identity, known.other) else known


def _either(name: Name, others: Collection[Name], rulings: Rulings) -> tuple[Link, ...]:
    """The links of a name that may be either of two whom people keep apart."""
    if not rulings.rejected:
        return ()
    links = tuple(link for other in others if (link := linked(name, [other]).link) is not None)
    apart = any(rulings.two(one.other, other.other) for one in links for other in links)
    return links if apart else ()


def resolved(
    names: Mapping[str, Name],
    rulings: Rulings = NONE,
    descriptions: Mapping[str, Collection[str]] | None = None,
) -> dict[str, str]:
    """The actor on record of each identity, all at once: what the store arrives at step by step.

    Those that a merge or a split names are among them, though nothing may be on record for them. A name that
    several people bear, by what articles say of them (``descriptions``), is linked to none, and none to it:
    see :func:`told_apart`.
    """
    said = descriptions or {}
    linkable = {
        identity: name
        for identity, name in names.items()
        if not told_apart(identity, said.get(identity, ()), rulings)
    }
    holders: dict[str, list[str]] = {}
    for identity, name in linkable.items():
        for key in keys_of(name, rulings):
            holders.setdefault(key, []).append(identity)
    links: dict[str, str] = {}
    known: dict[str, str] = {}
    for identity, name in linkable.items():
        others = {
            other for key in keys_of(name, rulings) if len(holders[key]) <= CROWD for other in holders[key]
        }
        link = decided(name, (names[other] for other in sorted(others)), rulings).link
        if link is not None:
            (known if link.reason in REGISTERED else links)[identity] = link.other
    for identity, found in said.items():
        links |= led(identity, found, rulings)
    return placed(names.keys() | rulings.named, links, known, rulings)
