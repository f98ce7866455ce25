"""A second ruler: attribution relations and entities of GUM's news articles (amir-zeldes/gum, CC BY).

GUM marks attribution as a relation between two discourse units, with the tokens of the source and of the cue.
Units are clauses: they say which clause is attributed, not where the attributed words begin and end, and
reports in a noun phrase are no units at all. So this ruler measures recall only: of the attributed clauses,
how many were found, and how many with the right source. Beside it stands the share of what was found that
holds an attributed clause: no precision (GUM leaves reports out), but it falls when an extractor finds too
much.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from services.extract.types import Attribution, Range

NAME, PRONOUN, DESCRIPTION = "name", "pronoun", "description"


class GumRelation(NamedTuple):
    """A clause attributed to somebody: its place, and those of source and cue tokens (either may be
    empty)."""

    clause: Range
    source: tuple[Range, ...]
    cue: tuple[Range, ...]


class Mention(NamedTuple):
    """Words that mean an entity. ``form`` is ``name``, ``pronoun`` or ``description``; ``head`` covers the
    words that make it what it is (of a name: the name itself, as far as its words are proper nouns)."""

    entity: int
    span: Range
    head: Range
    form: str


class Entity(NamedTuple):
    """What mentions mean: ``kind`` as GUM writes it (person, organization, place …), ``wikipedia`` the title
    of its article, if any."""

    kind: str
    wikipedia: str | None


@dataclass(frozen=True, slots=True)
class GumArticle:
    """An article put together from its tokens, paragraphs apart by a blank line. ``mentions`` are in text
    order."""

    name: str
    text: str
    relations: tuple[GumRelation, ...]
    mentions: tuple[Mention, ...] = ()
    entities: dict[int, Entity] = field(default_factory=dict)
    url: str = ""
    title: str = ""


def touch(left: Range | None, right: Sequence[Range]) -> bool:
    """Whether a range shares a character with any of others."""
    return left is not None and any(left.start < other.end and other.start < left.end for other in right)


def holding(found: Sequence[Attribution], clause: Range) -> list[int]:
    """Indexes of the attributions whose content shares a character with the clause."""
    return [
        number for number, item in enumerate(found) if any(touch(part, [clause]) for part in item.content)
    ]


def score_gum(
    articles: Sequence[GumArticle], find: Callable[[GumArticle], Sequence[Attribution]]
) -> dict[str, tuple[int, int]]:
    """``(right, of how many)``: clauses found as content of some attribution; of those with a source in GUM,
    found with it; the same for cues; and of what was found, what holds an attributed clause."""
    counts = dict.fromkeys(
        ("clause found", "clause found with its source", "clause found with its cue", "found holds a clause"),
        (0, 0),
    )

    def count(name: str, right: bool) -> None:
        counts[name] = (counts[name][0] + right, counts[name][1] + 1)

    for article in articles:
        found = find(article)
        held: set[int] = set()
        for relation in article.relations:
            numbers = holding(found, relation.clause)
            held.update(numbers)
            count("clause found", bool(numbers))
            if relation.source:
                count(
                    "clause found with its source",
                    any(touch(found[n].source, relation.source) for n in numbers),
                )
            if relation.cue:
                count("clause found with its cue", any(touch(found[n].cue, relation.cue) for n in numbers))
        for number in range(len(found)):
            count("found holds a clause", number in held)
    return counts
