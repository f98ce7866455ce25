"""Quotes and claims: who said what."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from schemas.events.base import Event, Extensible
from schemas.events.parts import (
    Actor,
    AnyStance,
    ArticleRef,
    Cue,
    Denied,
    Identifier,
    JointlyWith,
    Probability,
    PropositionNegated,
    Sha256,
    SourceConfidence,
    Span,
    Text,
    Within,
)
from schemas.ids import digest, span_key

Words = Annotated[
    Text,
    Field(
        min_length=1,
        description=(
            "The spans' words, with ` […] ` between pieces that stand apart in the article; extractors before"
            " 1.5.0 put one space there."
        ),
    ),
]
Spans = Annotated[tuple[Span, ...], Field(min_length=1, max_length=256)]


class QuoteKind(StrEnum):
    """``direct``: all of the content stands in quotation marks; ``mixed``: a part of it does. Turns of a
    transcript or an interview and embedded posts are ``direct`` though they carry no marks: their layout
    shows that the words are verbatim."""

    DIRECT = "direct"
    MIXED = "mixed"


class ClaimKind(StrEnum):
    """``indirect`` and ``mixed`` attributions, and ``quoted`` check-worthy sentences of a direct quote."""

    INDIRECT = "indirect"
    MIXED = "mixed"
    QUOTED = "quoted"


class ClaimType(StrEnum):
    """Sorts of proposition, the first that fits: a figure, share or comparison; that one thing causes,
    prevents or explains another; what a law, rule or right says; what will come; an act asked for, promised
    or announced; what happened; how things are; what no fact could settle. ``experience`` and ``other`` stand
    in records made before version 1.5 of the extractor; ``other`` is also a sort that a reader does not
    know."""

    QUANTITY = "quantity"
    CAUSAL = "causal"
    RULE = "rule"
    PREDICTION = "prediction"
    ACTION = "action"
    EVENT = "event"
    STATE = "state"
    OPINION = "opinion"
    EXPERIENCE = "experience"
    OTHER = "other"


AnyClaimType = Annotated[ClaimType, Extensible(ClaimType.OTHER)]


class Quote(Event):
    """The words inside quotation marks that an actor is reported to have said or written."""

    event_type: ClassVar[str] = "org.onrecord.quote.extracted.v1"
    schema_name: ClassVar[str] = "quote.v1"
    topic: ClassVar[str] = "onrecord.quotes"

    quote_id: Identifier = Field(description="Deterministic over document and spans.")
    article: ArticleRef = Field(description="Where it was found.")
    kind: QuoteKind = Field(description="Direct or mixed.")
    spans: Spans = Field(description="The quoted words, in text order, without the marks.")
    text: Words
    speaker: Actor = Field(description="Who said it.")
    cue: Cue | None = Field(default=None, description="The reporting words; null for a floating quote.")
    addressee: Actor | None = Field(default=None, description="To whom, where the text says so.")
    confidence: Probability = Field(
        description="Probability that these words are reported and this is their source."
    )
    text_sha256: Sha256 = Field(description="SHA-256 of the document's text, to check spans against.")
    within: Within = None
    source_confidence: SourceConfidence = None
    negated: Denied = False
    jointly_with: JointlyWith = ()

    @property
    def event_id(self) -> str:
        return self.quote_id

    @property
    def partition_key(self) -> str:
        return self.speaker.actor_id


class Claim(Event):
    """A proposition attributed to an actor."""

    event_type: ClassVar[str] = "org.onrecord.claim.extracted.v1"
    schema_name: ClassVar[str] = "claim.v1"
    topic: ClassVar[str] = "onrecord.claims"

    claim_id: Identifier = Field(description="Deterministic over document and spans.")
    article: ArticleRef = Field(description="Where it was found.")
    kind: ClaimKind = Field(description="Indirect, mixed, or a sentence of a direct quote.")
    spans: Spans = Field(description="The proposition's words, in text order.")
    text: Words
    claimant: Actor = Field(description="Whose claim it is.")
    cue: Cue | None = Field(default=None, description="The reporting words.")
    stance: AnyStance = Field(description="The cue's stance, `assert` without a cue.")
    negated: bool = Field(
        description="The saying is denied or withheld: `did not say`, `nobody said`, `refused to say`."
    )
    check_worthiness: Probability = Field(description="How much a fact-checker would want to check it.")
    claim_type: AnyClaimType = Field(description="What sort of proposition it is.")
    quote_id: Identifier | None = Field(default=None, description="The quote this sentence is part of.")
    confidence: Probability = Field(
        description="Probability that this proposition is reported and this is its source."
    )
    text_sha256: Sha256 = Field(description="SHA-256 of the document's text, to check spans against.")
    within: Within = None
    source_confidence: SourceConfidence = None
    proposition_negated: PropositionNegated = None
    jointly_with: JointlyWith = ()

    @property
    def event_id(self) -> str:
        return self.claim_id

    @property
    def partition_key(self) -> str:
        return self.claimant.actor_id


def quote_id(document_id: str, spans: tuple[Span, ...], actor_id: str) -> str:
    """The id of the quote at these spans of a document."""
    return digest("quote", document_id, span_key((s.start, s.end) for s in spans), actor_id)


def claim_id(document_id: str, kind: ClaimKind, spans: tuple[Span, ...], actor_id: str) -> str:
    """The id of the claim at these spans of a document."""
    return digest("claim", document_id, kind, span_key((s.start, s.end) for s in spans), actor_id)
