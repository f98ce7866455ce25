"""What a stage's handler is, and what it makes of one record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from services.chassis.log.types import Record
from services.chassis.tracing import Span

OutCo = TypeVar("OutCo", covariant=True)


@dataclass(frozen=True, slots=True)
class Handled(Generic[OutCo]):
    """What became of one record: its outputs, and the label its article is counted under once they are
    committed.

    ``judged`` False leaves it out of the share of poison: a record that cannot be poison, such as a dead
    letter that is only noted, must not make a stream of poison look healthy.

    ``span`` is what the outputs carry on; without one they carry what the record's headers began. ``facts``
    are what the log's one line about the article says besides: ``article_id``, ``revision``, counts; never
    text.
    """

    outputs: Sequence[OutCo]
    outcome: str
    detail: object = None
    judged: bool = True
    span: Span | None = None
    facts: Mapping[str, object] = field(default_factory=dict)


class Handler(Protocol[OutCo]):
    """A record in, outputs out; free of side effects, because it may be called again for the same record.

    Raises:
        PoisonError: the record can never succeed.
        TransientError: it may succeed later.
    """

    def __call__(self, record: Record, /) -> Handled[OutCo]: ...
