"""Who “they” are and what “it” is: the group, organisation or document that spoke last, not farther back than
two paragraphs."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence

from schemas.events import Actor, ActorKind, Resolution, Span
from services.extract.actors.cast import Cast
from services.extract.actors.making import Maker
from services.extract.actors.phrase import PLURAL, Manner
from services.extract.actors.reading import Reader
from services.extract.actors.relative import plural_subject
from services.extract.actors.trust import sure
from services.extract.types import QuotedStretch, Range

_OPENS = re.compile(r"\W*(?:(?:the|but|and|meanwhile,?|however,?)\s*)?", re.IGNORECASE)
_LEAD = 24  # code points of a sentence before its subject: marks and one of these words
_PARAGRAPHS = 2
_LOOK_BACK = 2_000  # code points: two long paragraphs
_RECENT = 20  # groups that spoke last
# an unnamed source is "they" as often as "he"
_THEY = (ActorKind.GROUP, ActorKind.ORGANIZATION, ActorKind.UNNAMED)
_IT = (ActorKind.ORGANIZATION, ActorKind.DOCUMENT)


class Plurals:
    """What has spoken so far that is no person. ``starts``: where the sentences begin."""

    def __init__(
        self, cast: Cast, starts: Sequence[int], reader: Reader, maker: Maker, quoted: Iterable[QuotedStretch]
    ) -> None:
        self._quoted = sorted(stretch.outer for stretch in quoted if stretch.depth == 0)
        self._text, self._cast, self._starts, self._reader, self._maker = (
            cast.text,
            cast,
            starts,
            reader,
            maker,
        )
        self._spoke: list[tuple[int, Actor]] = []

    def spoke(self, position: int, actor: Actor) -> None:
        """Note who speaks there, in text order; persons and unresolved ones do not count."""
        if actor.kind is not ActorKind.PERSON and actor.resolution is not Resolution.UNRESOLVED:
            self._spoke.append((position, actor))

    def __call__(self, word: str, position: int, mention: Span) -> Actor | None:
        """Whom the pronoun at a position means."""
        plural = word in PLURAL
        last = bisect_left(self._spoke, position, key=lambda item: item[0])
        earlier = self._spoke[max(0, last - _RECENT) : last]
        if plural and (subject := self._subject(position, mention, earlier)) is not None:
            return subject
        limit = self._paragraphs_back(position)
        for at, actor in reversed(earlier):
            if at < limit:
                break
            if actor.kind in (_THEY if plural else _IT):
                confidence = sure(Resolution.PRONOUN, actor.kind)
                return actor.model_copy(
                    update={"mention": mention, "resolution": Resolution.PRONOUN, "confidence": confidence}
                )
        wanted = ActorKind.GROUP if plural else ActorKind.ORGANIZATION
        for span, member in reversed(self._cast.within(Range(limit, position))):
            if member.kind is wanted and self._is_subject(span) and not self._is_quoted(span.start):
                return self._maker.member(
                    member, mention, Resolution.PRONOUN, sure(Resolution.PRONOUN, wanted)
                )
        return None

    def _subject(self, position: int, mention: Span, earlier: Sequence[tuple[int, Actor]]) -> Actor | None:
        """The persons that the sentence up to there is about, if none of them has spoken in it."""
        index = bisect_right(self._starts, position) - 1
        begin = self._starts[index] if index >= 0 else 0
        if any(begin <= at for at, _ in earlier):
            return None
        subject = plural_subject(self._text, begin, position, self._starts)
        if subject is None or self._is_quoted(subject.start):
            return None
        read = self._reader(subject)
        likely = sure(Resolution.PRONOUN, read.kind)
        if read.manner is Manner.DESCRIBED:
            return self._maker.unnamed(read.kind, read.name, mention, Resolution.PRONOUN, likely)
        return (
            self._maker.named(read.kind, read.name, mention, Resolution.PRONOUN, likely)
            if read.manner is Manner.NAMED
            else None
        )

    def _paragraphs_back(self, position: int) -> int:
        earliest = max(0, position - _LOOK_BACK)
        for _ in range(_PARAGRAPHS):
            position = self._text.rfind("\n", earliest, max(0, position - 1))
            if position < 0:
                return earliest
            while position > 0 and self._text[position - 1] == "\n":
                position -= 1
        return position

    def _is_quoted(self, position: int) -> bool:
        """Whether it stands between quotation marks: whom a speaker names is nobody's “they” outside of
        them."""
        index = bisect_right(self._quoted, position, key=lambda span: span.start) - 1
        return index >= 0 and position < self._quoted[index].end

    def _is_subject(self, at: Range) -> bool:
        index = bisect_right(self._starts, at.start) - 1
        begin = self._starts[index] if index >= 0 else at.start
        return at.start - begin <= _LEAD and _OPENS.fullmatch(self._text, begin, at.start) is not None
