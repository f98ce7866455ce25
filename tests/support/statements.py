"""Small documents, quotes and claims for tests of the record."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from schemas.events import (
    Actor,
    ActorKind,
    ArticleRef,
    Claim,
    ClaimKind,
    ClaimType,
    Cue,
    Document,
    Extractor,
    Outcome,
    Quote,
    QuoteKind,
    Resolution,
    Span,
    Stance,
    claim_id,
    document_id,
    quote_id,
)
from schemas.ids import actor_id, local_actor_id, text_sha256

NOON = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
MODEL = "a" * 64

Event = Document | Quote | Claim


def actor(
    name: str = "Ana Lee",
    *,
    kind: ActorKind = ActorKind.PERSON,
    mention: str | None = None,
    article: str = "art-1",
) -> Actor:
    """A named actor, or one local to the article when ``kind`` is unnamed."""
    identity = local_actor_id(article, "unnamed", name) if kind is ActorKind.UNNAMED else actor_id(kind, name)
    resolution = (
        Resolution.DESCRIPTION
        if kind is ActorKind.UNNAMED
        else Resolution.SURNAME
        if mention
        else Resolution.NAME
    )
    words = mention or name
    span = Span(start=0, end=len(words), exact=words)
    return Actor(
        actor_id=identity,
        name=name,
        kind=kind,
        mention=span,
        resolution=resolution,
        wikidata=None,
        confidence=0.9,
    )


@dataclass(frozen=True)
class Made:
    """A document and the statements found in it."""

    document: Document
    statements: tuple[Quote | Claim, ...] = ()

    @property
    def events(self) -> list[Event]:
        """All of it, in the order extract publishes it."""
        return [self.document, *self.statements]


def make(
    article: str = "art-1",
    *,
    revision: int = 1,
    version: str = "1.0.0",
    withdrawn: bool = False,
    outlet: str | None = "Gazette",
    published_at: dt.datetime | None = NOON,
    fetched_at: dt.datetime = NOON,
    speakers: tuple[Actor, ...] = (),
    claimants: tuple[Actor, ...] = (),
    confidence: float = 0.75,
    words: str = "",
) -> Made:
    """A document with one quote per speaker and one claim per claimant; ``words`` stand at the end of its
    text."""
    text = (
        ""
        if withdrawn
        else (
            f"{article} revision {revision}: many words were said about the bridge, which will reopen in"
            f" May.{words}"
        )
    )
    sha = text_sha256(text)
    extractor = Extractor(name="onrecord", version=version, model_sha256=MODEL)
    identity = document_id(article, revision, "withdrawn" if withdrawn else "usable", sha, extractor)
    ref = ArticleRef(
        article_id=article,
        revision=revision,
        document_id=identity,
        outlet=outlet,
        language="en",
        published_at=published_at,
    )
    quotes = tuple(quote(ref, text, place, speaker, confidence) for place, speaker in enumerate(speakers))
    claims = tuple(claim(ref, text, place, claimant, confidence) for place, claimant in enumerate(claimants))
    document = Document(
        document_id=identity,
        article_id=article,
        revision=revision,
        outlet=outlet,
        language="en",
        published_at=published_at,
        fetched_at=fetched_at,
        origin="test",
        text=text,
        text_sha256=sha,
        extractor=extractor,
        quote_ids=tuple(found.quote_id for found in quotes),
        claim_ids=tuple(found.claim_id for found in claims),
        outcome=(
            Outcome.WITHDRAWN
            if withdrawn
            else Outcome.EXTRACTED
            if quotes or claims
            else Outcome.NOTHING_FOUND
        ),
    )
    return Made(document, (*quotes, *claims))


def quote(ref: ArticleRef, text: str, place: int, speaker: Actor, confidence: float = 0.75) -> Quote:
    """A quote of a few words of the text; ``place`` tells several apart."""
    spans = (Span.of(text, place, place + 5),)
    return Quote(
        quote_id=quote_id(ref.document_id, spans, speaker.actor_id),
        article=ref,
        kind=QuoteKind.DIRECT,
        spans=spans,
        text=spans[0].exact,
        speaker=speaker,
        cue=Cue(span=Span(start=0, end=4, exact="said"), lemma="say", stance=Stance.ASSERT),
        confidence=confidence,
        text_sha256=text_sha256(text),
    )


def claim(ref: ArticleRef, text: str, place: int, claimant: Actor, confidence: float = 0.75) -> Claim:
    """A claim of a few words of the text; ``place`` tells several apart."""
    spans = (Span.of(text, place, place + 8),)
    return Claim(
        claim_id=claim_id(ref.document_id, ClaimKind.INDIRECT, spans, claimant.actor_id),
        article=ref,
        kind=ClaimKind.INDIRECT,
        spans=spans,
        text=spans[0].exact,
        claimant=claimant,
        cue=Cue(span=Span(start=0, end=6, exact="denied"), lemma="deny", stance=Stance.DENY),
        stance=Stance.DENY,
        negated=False,
        check_worthiness=0.5,
        claim_type=ClaimType.EVENT,
        confidence=confidence,
        text_sha256=text_sha256(text),
    )
