"""Articles with hand-marked quotes and claims, for tests of what readers see."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
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
    words_of,
)
from schemas.ids import actor_id, local_actor_id, text_sha256

FETCHED = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
EXTRACTOR = Extractor(name="onrecord", version="1.0.0", model_sha256="b" * 64)


@dataclass(frozen=True)
class Said:
    """Words of a text, marked by hand. ``words`` and ``cue`` must occur in the text; the first occurrence
    counts."""

    who: str
    words: str | Sequence[str]
    kind: QuoteKind | ClaimKind = QuoteKind.DIRECT
    cue: str | None = "said"
    stance: Stance = Stance.ASSERT
    mention: str | None = None
    actor: ActorKind = ActorKind.PERSON
    confidence: float = 0.9
    negated: bool = False
    proposition_negated: bool | None = None
    worth: float = 0.4


def story(
    article: str,
    text: str,
    said: Sequence[Said] = (),
    *,
    title: str | None = None,
    outlet: str | None = "Gazette",
    url: str | None = None,
    language: str = "en",
    published_at: dt.datetime | None = FETCHED,
    revision: int = 1,
    withdrawn: bool = False,
) -> list[Document | Quote | Claim]:
    """The events extract would publish for an article."""
    sha = text_sha256(text)
    identity = document_id(article, revision, "withdrawn" if withdrawn else "usable", sha, EXTRACTOR)
    ref = ArticleRef(
        article_id=article, revision=revision, document_id=identity, url=url, outlet=outlet, title=title, language=language,
        published_at=published_at,
    )  # fmt: skip
    found = [_statement(ref, text, sha, words) for words in said]
    quotes = [statement for statement in found if isinstance(statement, Quote)]
    claims = [statement for statement in found if isinstance(statement, Claim)]
    outcome = Outcome.WITHDRAWN if withdrawn else Outcome.EXTRACTED if found else Outcome.NOTHING_FOUND
    document = Document(
        document_id=identity, article_id=article, revision=revision, url=url, outlet=outlet, title=title, language=language,
        published_at=published_at, fetched_at=FETCHED, origin="test", text=text, text_sha256=sha, extractor=EXTRACTOR,
        quote_ids=tuple(q.quote_id for q in quotes), claim_ids=tuple(c.claim_id for c in claims), outcome=outcome,
    )  # fmt: skip
    return [document, *found]


def _statement(ref: ArticleRef, text: str, sha: str, said: Said) -> Quote | Claim:
    parts = [said.words] if isinstance(said.words, str) else list(said.words)
    spans = tuple(_span(text, part) for part in parts)
    mention = said.mention or said.who
    local = said.actor is ActorKind.UNNAMED
    actor = Actor(
        actor_id=local_actor_id(ref.article_id, "unnamed", said.who) if local else actor_id(said.actor, said.who),
        name=said.who, kind=said.actor, mention=_span(text, mention) if mention in text else None,
        resolution=Resolution.DESCRIPTION if local else Resolution.NAME if mention == said.who else Resolution.SURNAME, confidence=0.95,
    )  # fmt: skip
    cue = (
        Cue(span=_span(text, said.cue), lemma=said.cue.split()[-1].lower(), stance=said.stance)
        if said.cue
        else None
    )
    if isinstance(said.kind, QuoteKind):
        return Quote(
            quote_id=quote_id(ref.document_id, spans, actor.actor_id), article=ref, kind=said.kind, spans=spans, text=words_of(spans),
            speaker=actor, cue=cue, confidence=said.confidence, text_sha256=sha, negated=said.negated,
        )  # fmt: skip
    return Claim(
        claim_id=claim_id(ref.document_id, said.kind, spans, actor.actor_id), article=ref, kind=said.kind, spans=spans,
        text=words_of(spans), claimant=actor, cue=cue, stance=said.stance, negated=said.negated, check_worthiness=said.worth,
        claim_type=ClaimType.EVENT, confidence=said.confidence, text_sha256=sha, proposition_negated=said.proposition_negated,
    )  # fmt: skip


def _span(text: str, words: str) -> Span:
    start = text.index(words)
    return Span.of(text, start, start + len(words))
