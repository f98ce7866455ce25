"""Whether entries contradict each other: what a build and an import refuse."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from schemas.ids import actor_id, name_key
from services.aggregate.identity.entry import MOST_NAMES, Entry


def problems_among(entries: Sequence[Entry], others: Iterable[Entry]) -> list[str]:
    """What is wrong with these entries beside each other and beside ``others``, a line each, with its cure.

    An entry that adds to one of the others, by having its id, is not held against it.
    """
    counted = Counter(entry.id for entry in entries)
    problems = [
        f"{entry}: given {times} times; make one entry of them"
        for entry, times in counted.items()
        if times > 1
    ]
    known = {other.id: other for other in others}
    beside = [other for other in known.values() if other.id not in counted]
    items: dict[str, str] = {other.wikidata: other.id for other in beside if other.wikidata}
    bearers: dict[str, Entry] = {name: other for other in beside for name in _names(other)}
    for entry in entries:
        if entry.id in known and len({*known[entry.id].names, *entry.names}) > MOST_NAMES:
            problems.append(
                f"{entry.id}: more than {MOST_NAMES} names with those it has already; leave some out"
            )
        if entry.wikidata and items.setdefault(entry.wikidata, entry.id) != entry.id:
            problems.append(
                f"{entry.id}: {entry.wikidata} is the Wikidata item of {items[entry.wikidata]} already;"
                " correct one of them"
            )
        if "@" not in entry.id and entry.id not in _names(entry):
            problems.append(
                f"{entry.id}: none of its names gives this id; name it"
                f" {entry.kind}:{name_key(entry.names[0])}, or add @ and something"
            )
        for name in _names(entry):
            bearer = bearers.setdefault(name, entry)
            key = name.partition(":")[2]
            if bearer.id != entry.id and not entry.shares(key):
                problems.append(
                    f"{entry.id}: {key!r} is a name of {bearer.id} too; list it under shared, or leave it out"
                )
        problems += [
            f"{entry.id}: the term {' '.join(term[:2])} ends {term.last}, before it begins; swap the days"
            for term in entry.offices
            if term.last is not None and term.first[: len(term.last)] > term.last[: len(term.first)]
        ]
    return problems


def _names(entry: Entry) -> dict[str, None]:
    """Its names as ids, each once, in order."""
    return dict.fromkeys(actor_id(entry.kind, name) for name in (*entry.names, *entry.alone))
