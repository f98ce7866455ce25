"""The second layer: which names are the same, by how they are written.

A name is linked to the most telling one that says the same: *Mary Smith* to *Mary Jane Smith*, if that is the
only one. Where two that exclude each other could be meant it is linked to neither, and they are its
candidates. What a name is linked to depends on the names on record alone, so any order of events, repetition
and withdrawal ends in the same links; and only on names it shares a key with, so a new one costs what its own
keys hold.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum

from schemas.events import ActorKind
from services.aggregate.identity.names import Name, acronym_of, glued, in_full, romanised
from services.aggregate.identity.words import lists

BAR = 0.95
"""Least probability of a link that is applied; a less probable one is shown as a candidate."""
CROWD = 64
"""Names that share a key: where more do, the key tells nobody apart and links nothing."""
RULES = 4
"""Counts the changes of these rules: a record that was linked by others is linked anew."""


class Reason(StrEnum):
    """What makes two names one."""

    SPELLING = "spelling"
    ORDER = "order"
    MIDDLE_NAME = "middle_name"
    NICKNAME = "nickname"
    SHORTENED = "shortened"
    ALIKE = "alike"
    ACRONYM = "acronym"
    REGISTRY = "registry"
    OFFICE = "office"
    NAMESAKE = "namesake"


REGISTERED = frozenset((Reason.REGISTRY, Reason.OFFICE))
"""Reasons by which the registry says who a name is, whatever other names there are."""


@dataclass(frozen=True, slots=True, order=True)
class Link:
    """One identity is another, for a reason, as probably as that. Probabilities are those of the invented
    pairs in ``lab``."""

    identity: str
    other: str
    reason: Reason
    probability: float


@dataclass(frozen=True, slots=True)
class Decision:
    """What is made of one name: the link that is applied, if any, and the candidates that are not."""

    link: Link | None
    candidates: tuple[Link, ...]


def linked(name: Name, others: Iterable[Name]) -> Decision:
    """What a name is linked to, of those it shares keys with."""
    found = [(link, other) for other in others if (link := compared(name, other)) is not None]
    applied = [(link, other) for link, other in found if link.probability >= BAR and other.rank > name.rank]
    weak = [link for link, other in found if link.probability < BAR and other.rank > name.rank]
    if not _agree([other for _, other in applied]):
        return Decision(None, tuple(sorted([*(link for link, _ in applied), *weak])))
    best = max(applied, key=lambda pair: pair[1].rank, default=None)
    return Decision(best[0] if best else None, tuple(sorted(weak)))


def _agree(names: Collection[Name]) -> bool:
    """Whether all of these may be one."""
    known = list(names)
    return all(
        (link := compared(one, other)) is not None and link.probability >= BAR
        for number, one in enumerate(known)
        for other in known[number + 1 :]
    )


def compared(name: Name, other: Name) -> Link | None:
    """Whether two names are one, and why; None where nothing says so."""
    if name.kind != other.kind or name.identity == other.identity or name.suffix != other.suffix:
        return None
    found = _persons(name, other) if name.kind == ActorKind.PERSON else _organisations(name, other)
    return Link(name.identity, other.identity, *found) if found else None


def _persons(name: Name, other: Name) -> tuple[Reason, float] | None:
    if name.words == other.words:
        return Reason.SPELLING, _less_if_common(name, 0.98) if name.plain != other.plain else 0.98
    short, long = sorted((name, other), key=lambda one: len(one.words))
    same_last = short.words[-1] == long.words[-1]
    same_first = short.words[0] == long.words[0]
    if len(short.words) != len(long.words) and glued(short) & glued(long):
        return Reason.SPELLING, 0.96
    if same_last and same_first:
        return _middles(short, long)
    if same_last and romanised(in_full(short.plain[0])) == romanised(in_full(long.plain[0])):
        return (Reason.NICKNAME, _less_if_common(name, 0.96)) if _middles(short, long) else None
    if sorted(name.words) == sorted(other.words) and len(name.words) == len(other.words):
        return Reason.ORDER, 0.8 if _may_be_given(name.plain[-1]) and _may_be_given(name.plain[0]) else 0.96
    if same_first and len(short.words) < len(long.words) and long.words[: len(short.words)] == short.words:
        return Reason.SHORTENED, 0.8 if _may_be_given(short.plain[-1]) else 0.96
    alike = (short.coarse[0], short.coarse[-1]) == (long.coarse[0], long.coarse[-1]) and not _feminine(
        short.words[0], long.words[0]
    )
    return (Reason.ALIKE, 0.8) if alike and len(short.words) == len(long.words) else None


def _middles(short: Name, long: Name) -> tuple[Reason, float] | None:
    """Names with one first and one last word: the middle ones of the shorter are among the longer's, in full
    or as initials."""
    left = [romanised(in_full(word)) for word in long.plain[1:-1]]
    for word in (romanised(in_full(word)) for word in short.plain[1:-1]):
        match = next((one for one in left if word in (one, one[0]) or one == word[0]), None)
        if match is None:
            return None
        left.remove(match)
    names = [word for word in left if word not in lists().between]
    return Reason.MIDDLE_NAME, 0.9 if len(names) > 1 else _less_if_common(short, 0.96)


def _feminine(one: str, other: str) -> bool:
    """Whether given names differ in what makes a woman's of a man's: Michel and Michèle."""
    return one != other and (one in (other + "e", other + "le") or other in (one + "e", one + "le"))


def _less_if_common(name: Name, probability: float) -> float:
    """Of a name that many bear, its bearers are many."""
    return min(probability, 0.85) if is_common(name) else probability


def is_common(name: Name) -> bool:
    """Whether many people have both the given name and the surname."""
    known = lists()
    given = {name.plain[0], in_full(name.plain[0])}
    return (
        name.kind == ActorKind.PERSON
        and bool(given & known.common_given)
        and name.plain[-1] in known.common_surnames
    )


def _may_be_given(word: str) -> bool:
    return word in lists().common_given or word in lists().nicknames


def _organisations(name: Name, other: Name) -> tuple[Reason, float] | None:
    if name.words == other.words:
        return Reason.SPELLING, 0.98
    short, long = sorted((name, other), key=lambda one: len(one.words))
    if len(short.words) == 1 and short.plain[0] == acronym_of(long):
        return Reason.ACRONYM, 0.7
    if sorted(name.words) == sorted(other.words):
        return Reason.ORDER, 0.96 if lists().unique & set(name.words) else 0.7
    return None


def plainness(identity: str) -> tuple[int, str]:
    """Orders names from the one of the fewest words on."""
    return identity.count("-"), identity
