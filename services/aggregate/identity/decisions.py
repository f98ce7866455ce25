"""The third layer: what people decided, and who is who by it. Pure.

Decisions are taken in the order of their times, of one time in the order of their ids, whatever order they
came in; of two that contradict each other the later one holds. In detail:

- an *undo* takes back a decision that was made before it, another undo too. What is undone is as if it had
  never been;
- of the merges and splits of one name the last one says where it belongs: a *split* name stands on its own,
  so that no link of it applies;
- a *merge* is of everything that is one with the name, now and later, and may be of names that nothing is on
  record for yet. Merges in a circle hold but for the earliest one. The actor is where the last merge of all
  leads to;
- a *rejection* keeps two names from being linked, and takes back an earlier merge of one into the other; a
  later such merge takes the rejection back. Where links alone hold together two that were rejected, none of
  the links of that group applies.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from schemas.events import DecisionKind
from services.aggregate.identity.linking import plainness


@dataclass(frozen=True, slots=True, order=True)
class Ruling:
    """A merge, a split or a rejection that is not undone. Sorts as decisions hold: ``at`` in microseconds
    since 1970, then the id."""

    at: int
    decision_id: str
    kind: DecisionKind
    actor_id: str
    other_id: str | None = None


def in_force(decisions: Iterable[tuple[int, str, str | None]]) -> set[str]:
    """The decisions that are not undone, of ``(at, id, the decision it undoes)``."""
    undone: set[str] = set()
    holding: set[str] = set()
    # from the last: whatever could undo a decision has been looked at before it
    for _, identifier, undoes in sorted(decisions, key=lambda decision: decision[:2], reverse=True):
        if identifier not in undone:
            holding.add(identifier)
            undone |= {undoes} if undoes is not None else set()
    return holding


class Rulings:
    """What the decisions in force say about names. It is right for those names whose decisions are all among
    them."""

    def __init__(self, rulings: Iterable[Ruling] = ()) -> None:
        self._places: dict[str, Ruling] = {}
        self.rejected: set[tuple[str, str]] = set()
        """Pairs of names that are two, each in alphabetical order."""
        self.named: set[str] = set()
        """Names that were merged, split, or merged into."""
        for ruling in sorted(rulings):
            self._take(ruling)

    def _take(self, ruling: Ruling) -> None:
        names = {ruling.actor_id, ruling.other_id or ruling.actor_id}
        if ruling.kind is DecisionKind.REJECT:
            self.rejected.add(_pair(*names))
            for name in names:
                if name in self._places and self._places[name].other_id in names:
                    del self._places[name]
            return
        self.named |= names
        self._places[ruling.actor_id] = ruling
        if ruling.kind is DecisionKind.MERGE:
            self.rejected.discard(_pair(*names))

    def __bool__(self) -> bool:
        """Whether they say anything."""
        return bool(self.named or self.rejected)

    def mentions(self, name: str) -> bool:
        """Whether they say anything about a name."""
        return name in self.named or any(name in pair for pair in self.rejected)

    def alone(self, name: str) -> bool:
        """Whether a name stands on its own, unlinked."""
        return name in self._places and self._places[name].kind is DecisionKind.SPLIT

    def two(self, one: str, other: str) -> bool:
        """Whether two names were said to be two."""
        return bool(self.rejected) and one != other and _pair(one, other) in self.rejected

    def merges(self) -> list[Ruling]:
        """Where names belong by a merge, in the order in which they hold: one of each name."""
        return sorted(ruling for ruling in self._places.values() if ruling.kind is DecisionKind.MERGE)

    def end(self, name: str) -> str:
        """Where the merges lead that a name's own one is the first of; without one, the name itself."""
        path: list[str] = []
        while name in self._places and (into := self._places[name].other_id) is not None:
            if name in path:
                circle = path[path.index(name) :]
                return min(circle, key=lambda one: self._places[one])
            path.append(name)
            name = into
        return name


NONE = Rulings()


def _pair(one: str, other: str) -> tuple[str, str]:
    return (one, other) if one < other else (other, one)


def placed(
    identities: Collection[str], links: Mapping[str, str], known: Mapping[str, str], rulings: Rulings
) -> dict[str, str]:
    """The actor on record of each identity: one for all that links and merges hold together.

    It is where the last merge leads to; else the registry's entry; else the name of the fewest words, of
    these the first by id.

    Args:
        identities: those on record, and those that a merge or a split names; all that hang together with any
            of them.
        links: which name each is linked to by how it is written.
        known: which entry of the registry each is.
        rulings: of all identities.
    """
    members = frozenset(identities)
    merges = [ruling for ruling in rulings.merges() if ruling.actor_id in members]
    certain = [*known.items(), *((merge.actor_id, merge.other_id or "") for merge in merges)]
    groups = _Groups([*certain, *_untorn(certain, links, rulings)])
    last = {groups.of(merge.actor_id): merge for merge in merges}
    entries = {groups.of(identity): entry for identity, entry in known.items()}
    plainest: dict[str, str] = {}
    for identity in sorted(members, key=plainness):
        plainest.setdefault(groups.of(identity), identity)
    actors: dict[str, str] = {}
    for group, plain in plainest.items():
        if group in last:
            end = rulings.end(last[group].actor_id)
            actors[group] = known.get(end, end)
        else:
            actors[group] = entries.get(group, plain)
    return {identity: actors[groups.of(identity)] for identity in members}


def _untorn(
    certain: Collection[tuple[str, str]], links: Mapping[str, str], rulings: Rulings
) -> list[tuple[str, str]]:
    """The links, without those of groups in which they hold together what people said is two."""
    if not rulings.rejected:
        return list(links.items())
    decided, all_linked = _Groups(certain), _Groups([*certain, *links.items()])
    torn = {
        all_linked.of(one)
        for one, other in rulings.rejected
        if all_linked.of(one) == all_linked.of(other) and decided.of(one) != decided.of(other)
    }
    return [link for link in links.items() if all_linked.of(link[0]) not in torn]


class _Groups:
    """What pairs hold together."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._leads: dict[str, str] = {}
        for one, other in pairs:
            self._leads[self.of(one)] = self.of(other)

    def of(self, name: str) -> str:
        """The name that stands for its group; which one is no matter."""
        while (leads := self._leads.get(name, name)) != name:
            self._leads[name] = self._leads.get(leads, leads)
            name = leads
        return name
