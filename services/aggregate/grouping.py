"""Which statements on record are appearances of one: a pure function of the set of them, whatever order they
came in.

Two statements of one actor are linked when one is the claim that the other's words stand in as a quote, or
when their wordings are one but for how they were cut and edited (:mod:`services.chassis.wording`), soon after
each other or at such a length that nobody says it twice. What links hold together is one statement. Nothing
links what was said with what was not, or what is denied with what is held.

Of each statement one appearance leads: the first that is no shred, of one article the quote before the claim
around it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import pairwise
from typing import Any
from zlib import crc32

from schemas.events import GAP, ClaimKind, QuoteKind, Stance, StatementKind
from schemas.relational import Standing
from services.chassis.wording import Tolerance, Words, alike, data, identifier, joined, shingles, words_in

DAY_US = 86_400_000_000
SHRED_WORDS = 3
"""Words of which a text is a shred at most: “so what”, “congratulates”."""
SHRED_CONFIDENCE = 0.5
"""Confidence below which a statement is a shred."""
RULES = 1
"""Counts the changes of these rules and of those of wordings: a record that was grouped by others is grouped
anew."""
CROWD = 64
"""Wordings of an actor that share a shingle: where more do, it is a turn of speech and links nothing."""
_SOON, _WEEK = 3 * DAY_US, 7 * DAY_US
_EDITED, _CUT, _EITHER = Tolerance(0.7, 0.15), Tolerance(0.9, 0.05), Tolerance(0.8, 0.15)
_SHORT, _LONG, _VERY_LONG = 5, 8, 14


@dataclass(frozen=True)
class Wording:
    """What is compared of a statement on record."""

    statement_id: str
    kind: str
    actor_id: str
    article_id: str
    outlet: str | None
    at: int | None
    """Publication, in microseconds since 1970."""
    quote_id: str | None
    shred: bool
    polarity: str
    pieces: tuple[Words, ...]
    part: bool
    """A sentence of a quote: the quote is compared for it."""

    @cached_property
    def words(self) -> Words:
        """All its words."""
        return joined(self.pieces)

    @cached_property
    def key(self) -> int:
        """The same for the same words of an actor, and for no others."""
        return identifier(self.words, self._salt)

    @property
    def compared(self) -> bool:
        """Whether other statements can be linked to it by its words."""
        return len(self.words) > SHRED_WORDS and not self.part

    def shingles(self) -> frozenset[int]:
        """Numbers of which others of the actor share one when their wordings may be one."""
        return shingles(self.words, self._salt) if self.compared else frozenset()

    @property
    def _salt(self) -> str:
        return f"{self.actor_id}\0{self.polarity}"


@cache
def rules() -> int:
    """Which rules and which words statements are grouped by; another number when any of them changes."""
    return crc32(data(), RULES)


def is_shred(text: str, confidence: float) -> bool:
    """Whether a statement is too short or too doubtful to stand for anything."""
    return confidence < SHRED_CONFIDENCE or sum(len(words) for words in _pieces(text)) <= SHRED_WORDS


def _pieces(text: str) -> tuple[Words, ...]:
    return tuple(filter(None, (words_in(piece) for piece in text.split(GAP.strip()))))


def wording_of(row: Mapping[str, Any], actor_id: str) -> Wording:
    """What is compared of a row of ``statements``."""
    verbatim = row["subkind"] in (QuoteKind.DIRECT, ClaimKind.QUOTED)
    contested = row["stance"] == Stance.DENY and not verbatim
    return Wording(
        statement_id=row["statement_id"],
        kind=row["kind"],
        actor_id=actor_id,
        article_id=row["article_id"],
        outlet=row["outlet"],
        at=row["published_at"],
        quote_id=row["quote_id"],
        shred=is_shred(row["text"], row["confidence"]),
        polarity=f"{int(bool(row['denied']))}{int(contested)}",
        pieces=_pieces(row["text"]),
        part=row["subkind"] == ClaimKind.QUOTED,
    )


def linked(one: Wording, other: Wording) -> bool:
    """Whether two statements of one actor are appearances of one, by themselves."""
    if one.actor_id != other.actor_id:
        return False
    if one.quote_id == other.statement_id or other.quote_id == one.statement_id:
        return True
    if one.polarity != other.polarity or not (one.compared and other.compared):
        return False
    tolerance = tolerance_of(one, other)
    if tolerance is None:
        return False
    return one.words == other.words or alike(one.pieces, other.pieces, tolerance)


def tolerance_of(one: Wording, other: Wording) -> Tolerance | None:
    """How far the wordings may lie apart; None where they are two however alike they are."""
    words = min(len(one.words), len(other.words))
    if one.article_id == other.article_id:
        return _EDITED
    apart = None if one.at is None or other.at is None else abs(one.at - other.at)
    if apart is not None and apart <= _SOON:
        return _EDITED
    # the words of a claim are the reporter's
    if words >= _VERY_LONG and one.kind == other.kind == StatementKind.QUOTE:
        return _EITHER
    within_a_week = apart is not None and apart <= _WEEK
    return _CUT if words >= _LONG or (within_a_week and words >= _SHORT) else None


def grouped(wordings: Iterable[Wording], crowds: Set[int]) -> list[list[Wording]]:
    """The appearances of each statement, the leading one first. ``crowds``: shingles that too many wordings
    share to say anything (:func:`crowds_of`)."""
    rows = {wording.statement_id: wording for wording in wordings}
    leads = {identity: identity for identity in rows}

    def root(identity: str) -> str:
        while leads[identity] != identity:
            leads[identity] = leads[leads[identity]]
            identity = leads[identity]
        return identity

    for one, other in _candidates(rows, crowds):
        first, second = root(one.statement_id), root(other.statement_id)
        if first != second and linked(one, other):
            leads[second] = first
    groups: defaultdict[str, list[Wording]] = defaultdict(list)
    for identity in rows:
        groups[root(identity)].append(rows[identity])
    return [sorted(group, key=_rank) for group in groups.values()]


def standings(group: Sequence[Wording]) -> dict[str, Standing]:
    """What each appearance of a statement counts as; ``group`` as :func:`grouped` gives it."""
    found: dict[str, Standing] = {}
    outlets: set[str | None] = set()
    for wording in group:
        new = wording.outlet is not None and wording.outlet not in outlets
        outlets.add(wording.outlet)
        found[wording.statement_id] = (
            Standing.FIRST if not found else Standing.OUTLET if new else Standing.NONE
        )
    return found


def _rank(wording: Wording) -> tuple[Any, ...]:
    """Orders the appearances of a statement; the first leads."""
    undated = wording.at is None
    return (
        wording.shred,
        undated,
        wording.at or 0,
        wording.article_id,
        wording.kind == StatementKind.CLAIM,
        -len(wording.words),
        wording.statement_id,
    )


def _candidates(rows: Mapping[str, Wording], crowds: Set[int]) -> Iterator[tuple[Wording, Wording]]:
    """The pairs that may be linked."""
    for wording in rows.values():
        if wording.quote_id is not None and wording.quote_id in rows:
            yield wording, rows[wording.quote_id]
    alike_words: defaultdict[int, list[Wording]] = defaultdict(list)
    for wording in rows.values():
        if wording.compared:
            alike_words[wording.key].append(wording)
    for same in alike_words.values():
        # those that follow each other in time are enough: what is linked with one further off is linked with
        # these
        ordered = sorted(
            same,
            key=lambda wording: (
                wording.at is None,
                wording.at or 0,
                wording.article_id,
                wording.statement_id,
            ),
        )
        yield from pairwise(ordered)
    holders = _holders(rows.values())
    pairs = {
        (one, other)
        for shingle, keys in holders.items() if shingle not in crowds
        for one in keys for other in keys if one < other
    }  # fmt: skip
    for first, second in sorted(pairs):
        for one in alike_words[first]:
            for other in alike_words[second]:
                yield one, other


def crowds_of(wordings: Iterable[Wording]) -> frozenset[int]:
    """The shingles that more than :data:`CROWD` of all wordings on record share."""
    return frozenset(shingle for shingle, keys in _holders(wordings).items() if len(keys) > CROWD)


def _holders(wordings: Iterable[Wording]) -> dict[int, set[int]]:
    found: defaultdict[int, set[int]] = defaultdict(set)
    for wording in wordings:
        for shingle in wording.shingles():
            found[shingle].add(wording.key)
    return found
