"""Attributions with their actors, and inside each what it reports in turn: what quotes and claims are made
of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from schemas.events import Actor
from services.extract.claims.denial import who_did_not
from services.extract.passes.addressee import addressee
from services.extract.passes.nesting import Marks, Nested, holders, kind_of, quoted_words
from services.extract.passes.quotations import Quotations
from services.extract.passes.registry import Found
from services.extract.types import Attribution, Range, hull


class Names(Protocol):
    """Says who is behind the words that name a source."""

    def resolve(self, source: Range | None, *, inherited: Actor | None = None) -> Actor: ...

    def addressee(self, phrase: Range) -> Actor | None: ...

    def together(self, actor: Actor) -> tuple[Actor, ...]: ...


@dataclass(frozen=True, slots=True)
class ResolvedAttribution:
    """Words attributed to an actor. ``quoted`` are the parts of ``content`` inside quotation marks, without
    the marks and without what those inside quote; ``addressee`` is to whom they were said, where the text
    says so; ``nested`` is what the content reports in turn, each by another actor. ``together``: each of
    those who say it jointly; ``actor`` is the group of them then, and else speaks alone. ``confidence``: that
    all this is reported, by those around it too, and of this source; ``source_confidence``: that it is this
    source's (the running speaker's where there is none) if it is reported, never less."""

    kind: str
    content: tuple[Range, ...]
    quoted: tuple[Range, ...]
    source: Range | None
    cue: Range | None
    actor: Actor
    confidence: float
    source_confidence: float
    addressee: Actor | None = None
    nested: tuple[ResolvedAttribution, ...] = ()
    together: tuple[Actor, ...] = ()

    @property
    def hull(self) -> Range:
        """All of it: content, source and cue and what stands between them."""
        return hull((self.source, self.cue, *self.content))


def resolve(
    text: str, found: Sequence[Found], inner: Sequence[Nested], resolver: Names, marks: Marks
) -> tuple[ResolvedAttribution, ...]:
    """The attributions of a text with their actors, in the order of ``found``; those inside another's content
    are in that one.

    ``inner`` are those of a second reading: what a speaker reports of himself is his own statement already,
    so of these it is left out.
    """
    sources = [who_did_not(text, item.attribution.source, marks.language.code) for item in found]
    actors = _actors(sources, [item.inherits for item in found], resolver)
    attributions = [item.attribution for item in found] + [item.attribution for item in inner]
    around = holders(attributions[: len(found)])

    def outside(number: int) -> int | None:
        holder = around[number]
        while holder is not None and actors[holder].actor_id == actors[number].actor_id:
            holder = around[holder]
        return holder

    within = [outside(number) for number in range(len(found))]
    children: list[list[int]] = [[] for _ in attributions]
    for number, holder in enumerate(within):
        if holder is not None:
            children[holder].append(number)
    # whom what is inside an attribution belongs to: the attribution, or the one around it
    stands_for = list(range(len(found)))
    for number, item in enumerate(inner, len(found)):
        holder = stands_for[item.within]
        source = who_did_not(text, item.attribution.source, marks.language.code)
        # what nobody said is not what the speaker around it said
        inherited = actors[holder] if source == item.attribution.source else None
        actors.append(resolver.resolve(source, inherited=inherited))
        own = actors[number].actor_id == actors[holder].actor_id
        stands_for.append(holder if own else number)
        if not own:
            children[holder].append(number)

    def made(number: int, trust: float) -> ResolvedAttribution:
        attribution = attributions[number]
        again = number >= len(found)
        sure = attribution.confidence * trust
        nested = tuple(
            made(child, sure) for child in sorted(children[number], key=lambda n: attributions[n].content)
        )
        quotations = marks.below(attribution.cue) if again else marks.outermost
        return _resolved(text, attribution, sure, nested, actors[number], resolver, quotations)

    return tuple(made(number, 1.0) for number in range(len(found)) if within[number] is None)


def _actors(sources: Sequence[Range | None], inherits: Sequence[int | None], resolver: Names) -> list[Actor]:
    """Name the actors in text order; whoever inherits a speaker from a later attribution waits for it."""
    known: dict[int, Actor] = {}

    def actor(number: int) -> Actor:
        if number not in known:
            # Inheritance never points in a circle: a link forward leads to an attribution with a source of
            # its own.
            from_number = inherits[number]
            known[number] = resolver.resolve(
                sources[number], inherited=None if from_number is None else actor(from_number)
            )
        return known[number]

    return [actor(number) for number in range(len(sources))]


def _resolved(
    text: str,
    attribution: Attribution,
    confidence: float,
    nested: tuple[ResolvedAttribution, ...],
    actor: Actor,
    resolver: Names,
    quotations: Quotations,
) -> ResolvedAttribution:
    words = quoted_words(attribution, quotations)
    # marks inside what another is said to have said are that one's: “Smith said that Jones had called it ‘a
    # lie’”
    own = tuple(
        span
        for span in words
        if not any(_holds(piece, span) for inside in nested for piece in inside.content)
    )
    # “…?” asked Lee: whoever speaks is not whom it was said to
    others = attribution.content if attribution.source is None else (*attribution.content, attribution.source)
    told = addressee(text, attribution.cue, others, quotations.language)
    return ResolvedAttribution(
        kind=kind_of(text, attribution.content, own) if own != words else attribution.kind,
        content=attribution.content,
        quoted=own,
        source=attribution.source,
        cue=attribution.cue,
        actor=actor,
        confidence=confidence,
        source_confidence=max(confidence, attribution.source_confidence),
        addressee=resolver.addressee(told) if told is not None else None,
        nested=nested,
        together=resolver.together(actor),
    )


def _holds(piece: Range, span: Range) -> bool:
    return piece.start <= span.start and span.end <= piece.end
