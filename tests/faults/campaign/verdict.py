"""What was lost, written twice or made up: everything on the log and on record against what had to come of
the articles."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from tests.faults.campaign.articles import Corpus, Made, record_of
from tests.faults.campaign.auditor import Seen

Key = TypeVar("Key", bound=Hashable)

SHOWN = 5
"""Of a kind of mistake; the first ones tell what it is."""


@dataclass
class Verdict:
    """``n`` outputs had to come; the rest is what is wrong, nothing in a sound run."""

    n: int
    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    phantom: list[str] = field(default_factory=list)
    letters: list[str] = field(default_factory=list)
    """Dead letters that are missing, too many, or not byte for byte what was sent."""
    record: list[str] = field(default_factory=list)
    """Rows on record that should not be, or are missing."""
    other: list[str] = field(default_factory=list)
    """Offsets that went back, transactions left open, a damaged file, services that ended of themselves."""

    def problems(self) -> list[str]:
        """One line per kind of mistake, with the first ones."""
        kinds = {
            "lost": self.lost, "twice": self.twice, "phantom": self.phantom, "dead letters": self.letters, "record": self.record,
            "other": self.other,
        }  # fmt: skip
        return [f"{kind}: {len(found)}, such as {found[:SHOWN]}" for kind, found in kinds.items() if found]


def judge(
    corpus: Corpus, seen: Seen, record: Mapping[str, list[tuple[object, ...]]], before: Sequence[Made] = ()
) -> Verdict:
    """``seen``: read again from the beginning, after everything has settled; ``before``: on record already,
    from another log."""
    expected: Counter[tuple[str, str]] = Counter()
    for event, times in seen.inputs.items():
        for output in corpus.made[event].ids:
            expected[output] += times
    poison = Counter({key: seen.poison[key] for key in corpus.poison})
    verdict = Verdict(sum(expected.values()) + sum(poison.values()))
    unread = [f"input {event}" for event in corpus.made if event not in seen.inputs]
    unread += [f"input {key!r}" for key, times in poison.items() if not times]
    verdict.other += unread
    _compare(expected, seen.outputs, verdict.lost, verdict.twice, verdict.phantom)
    _compare(poison, seen.letters, verdict.letters, verdict.letters, verdict.letters)
    verdict.letters += [
        f"{key!r} has changed" for key, value in seen.letter_values.items() if corpus.poison.get(key) != value
    ]
    verdict.letters += [
        f"{origin} is there {times} times" for origin, times in seen.origins.items() if times > 1
    ]
    verdict.other += seen.disorder
    _judge_record([*before, *corpus.made.values()], record, verdict)
    return verdict


def damage(path: str) -> list[str]:
    """What SQLite finds wrong with a file."""
    with sqlite3.connect(path) as connection:
        found = [str(row[0]) for row in connection.execute("PRAGMA integrity_check")]
    connection.close()
    return [] if found == ["ok"] else [f"{path}: {line}" for line in found]


def _compare(
    wanted: Mapping[Key, int], found: Mapping[Key, int], lost: list[str], twice: list[str], phantom: list[str]
) -> None:
    for one, times in wanted.items():
        if found.get(one, 0) < times:
            lost.append(f"{one!r}: {found.get(one, 0)} of {times}")
        elif found.get(one, 0) > times:
            twice.append(f"{one!r}: {found[one]} for {times}")
    phantom += [f"{one!r}: never asked for" for one in found if one not in wanted]


def _judge_record(
    made: Sequence[Made], record: Mapping[str, list[tuple[object, ...]]], verdict: Verdict
) -> None:
    wanted = record_of(made)
    found: dict[str, dict[object, tuple[object, ...]]] = {
        "document": {row[0]: (row[1], row[2]) for row in record["documents"]},
        "statement": {row[0]: (row[2], row[3], row[1]) for row in record["statements"]},
        "actor": {row[0]: tuple(row[2:5]) for row in record["actors"] if any(row[2:5])},
    }
    kinds: tuple[tuple[str, Mapping[str, tuple[object, ...]]], ...] = (
        ("document", wanted.documents), ("statement", wanted.statements), ("actor", wanted.actors),
    )  # fmt: skip
    for kind, rows in kinds:
        verdict.record += [
            f"{kind} {one}: {found[kind].get(one)} for {row}"
            for one, row in rows.items()
            if found[kind].get(one) != row
        ]
        verdict.record += [f"{kind} {one}: never asked for" for one in found[kind] if one not in rows]
