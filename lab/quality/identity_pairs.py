"""Invented pairs of names with their right answers, and what the record makes of each pair when it has both.

Two files in ``lab/labels/identity``: ``hard.txt`` (groups of forms; read while the first rules were made) and
``pairs.txt`` (pairs, answers *same*, *different* or *candidate*, some with the words of their articles;
written before the rules it measures). Half of ``pairs.txt``, by the digest of the line, is *set aside*: its
pairs are counted and never shown.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations
from pathlib import Path

from lab.quality.identity_record import Named, named, on_record, shown_as_candidates

FOLDER = Path(__file__).parents[1] / "labels" / "identity"


class Answer(StrEnum):
    """What two names are to the record."""

    SAME = "same"
    DIFFERENT = "different"
    CANDIDATE = "candidate"


@dataclass(frozen=True, slots=True)
class Pair:
    """Two names from two articles, the right answer, and what the record says."""

    sort: str
    one: str
    other: str
    right: Answer
    found: Answer
    aside: bool = False


def hard_pairs(path: Path = FOLDER / "hard.txt") -> Iterator[Pair]:
    """The pairs of ``hard.txt``, each judged with all names of its group on record."""
    for line in _lines(path):
        sort, _, rest = line.partition(";")
        forms, others = (
            [part.strip() for part in side.split("|") if part.strip()] for side in (*rest.split("#"), "")[:2]
        )
        names = {form: _side(form, f"art-{number}") for number, form in enumerate([*forms, *others])}
        actors = on_record(names.values())
        for one, other in combinations(names, 2):
            right = Answer.SAME if one in forms and other in forms else Answer.DIFFERENT
            same = actors[names[one]] == actors[names[other]]
            yield Pair(sort.strip(), one, other, right, Answer.SAME if same else Answer.DIFFERENT)


def pairs(path: Path = FOLDER / "pairs.txt") -> Iterator[Pair]:
    """The pairs of ``pairs.txt``, each judged with its two names alone on record."""
    for line in _lines(path):
        sort, right, one, other = (part.strip() for part in line.split(" ; "))
        names = (_side(one, "art-1"), _side(other, "art-2"))
        actors = on_record(names)
        if actors[names[0]] == actors[names[1]]:
            found = Answer.SAME
        else:
            found = Answer.CANDIDATE if shown_as_candidates(*names) else Answer.DIFFERENT
        yield Pair(sort, one, other, Answer(right), found, _is_aside(line))


def _is_aside(line: str) -> bool:
    return hashlib.sha256(line.encode()).digest()[0] % 2 == 1


def _side(side: str, article: str) -> Named:
    rest, _, outlet = side.partition(" @ ")
    name, _, words = rest.partition(" :: ")
    return named(name.strip(), article, words=words.strip(), outlet=outlet.strip())


def _lines(path: Path) -> Iterator[str]:
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            yield line
