"""Quotes and claims from resolved attributions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from schemas.events import (
    Actor,
    ArticleRef,
    Claim,
    ClaimKind,
    Cue,
    Quote,
    QuoteKind,
    Span,
    Stance,
    claim_id,
    quote_id,
    words_of,
)  # fmt: skip
from services.extract.claims.checkworthiness import WORTH_CHECKING, check_worthiness
from services.extract.claims.cues import cue_at
from services.extract.claims.denial import contradicts, is_denied, is_no_proposition, that_it_was_said
from services.extract.claims.negation import is_negative
from services.extract.claims.propositions import claim_type
from services.extract.lang.cues import Cues
from services.extract.passes.continued import MAX_PIECES
from services.extract.resolved import ResolvedAttribution
from services.extract.text.sentences import sentences
from services.extract.types import ClaimEvidence, Range

_COMPLEMENTISER = re.compile(r"that\s+(?=\S)", re.IGNORECASE)
_WORD = re.compile(r"\w+")
_SHORTEST_CLAIM = 3  # words: "he won" says something, "so" and "the plan" do not
# of what was told in another's words, which is taken from a verb of saying only: "my doctor told me to rest"
_SHORTEST_WITHIN = 2


class Statements:
    """Makes the quotes and claims of one document."""

    def __init__(
        self,
        text: str,
        article: ArticleRef,
        text_sha256: str,
        evidence: ClaimEvidence,
        language: str = "en",
        foreign: Cues | None = None,
    ) -> None:
        """``evidence``: what the tagger says of a stretch of the text being check-worthy. ``language``: whose
        words deny and negate. ``foreign`` reads the cues of a text that is not in English; of that no claims
        are made, since what is worth checking is learnt from English."""
        self._language = language
        self._foreign = foreign
        self._text = text
        self._evidence = evidence
        self._article = article
        self._sha = text_sha256

    def make(
        self, attributions: Iterable[ResolvedAttribution]
    ) -> tuple[tuple[Quote, ...], tuple[Claim, ...]]:
        """All quotes and claims in text order, each id once."""
        quotes: dict[str, Quote] = {}
        claims: dict[str, Claim] = {}

        def add(attribution: ResolvedAttribution, within: str | None) -> None:
            cue = self._cue(attribution)
            quote = self._quote(attribution, cue, within)
            made = [] if self._foreign is not None else list(self._claims(attribution, cue, quote, within))
            of_each = [
                _said_by(speaker, attribution.together, quote, made) for speaker in attribution.together
            ] or [(quote, made)]
            for one, of_one in of_each:
                if one is not None:
                    quotes.setdefault(one.quote_id, one)
                for claim in of_one:
                    claims.setdefault(claim.claim_id, claim)
            for inner in attribution.nested:
                add(inner, _holding(inner.hull, *of_each[0]) or within)

        for attribution in attributions:
            add(attribution, None)
        return (
            tuple(sorted(quotes.values(), key=lambda q: (q.spans[0].start, q.quote_id))),
            tuple(sorted(claims.values(), key=lambda c: (c.spans[0].start, c.claim_id))),
        )

    def _cue(self, attribution: ResolvedAttribution) -> Cue | None:
        """The cue without the colon it ends in; a colon alone says nothing that a reader could search for."""
        span = attribution.cue
        if span is None:
            return None
        end = span.end - self._text.endswith(":", span.start, span.end)
        if end <= span.start:
            return None
        if self._foreign is not None:
            return self._foreign(self._text, Range(span.start, end))
        cue = cue_at(self._text, Range(span.start, end))
        # whoever rejects claims denies, though the last word that reports is “claims”
        return cue.model_copy(update={"stance": Stance.DENY}) if self._contradicts(cue, attribution) else cue

    def _contradicts(self, cue: Cue, attribution: ResolvedAttribution) -> bool:
        return contradicts(cue.span.exact, self._text[slice(*attribution.content[0])], self._language)

    def _is_denied(self, attribution: ResolvedAttribution) -> bool:
        return is_denied(self._text, attribution.source, attribution.cue, attribution.content, self._language)

    def _quote(self, attribution: ResolvedAttribution, cue: Cue | None, within: str | None) -> Quote | None:
        if attribution.kind == "indirect" or not attribution.quoted:
            return None
        spans = self._spans(attribution.quoted)
        return Quote(
            quote_id=quote_id(self._article.document_id, spans, attribution.actor.actor_id),
            article=self._article,
            kind=QuoteKind(attribution.kind),
            spans=spans,
            text=words_of(spans),
            speaker=attribution.actor,
            cue=cue,
            addressee=attribution.addressee,
            confidence=attribution.confidence,
            source_confidence=attribution.source_confidence,
            text_sha256=self._sha,
            within=within,
            negated=self._is_denied(attribution),
        )

    def _claims(
        self, attribution: ResolvedAttribution, cue: Cue | None, quote: Quote | None, within: str | None
    ) -> Iterable[Claim]:
        if attribution.kind == "direct":
            for sentence in self._quoted_sentences(attribution.quoted):
                worth = check_worthiness(
                    self._text[sentence.start : sentence.end], self._evidence([sentence])
                )
                if worth >= WORTH_CHECKING:
                    yield self._claim(
                        ClaimKind.QUOTED, self._spans((sentence,)), attribution, cue, quote, within, worth
                    )
            return
        if is_no_proposition(
            self._text, attribution.source, attribution.cue, attribution.content, self._language
        ):
            return
        proposition = self._proposition(attribution)
        spans = self._spans(proposition)
        text = " ".join(span.exact for span in spans)
        if len(_WORD.findall(text)) >= (_SHORTEST_CLAIM if within is None else _SHORTEST_WITHIN):
            worth = check_worthiness(text, self._evidence(proposition))
            yield self._claim(ClaimKind(attribution.kind), spans, attribution, cue, quote, within, worth)

    def _claim(
        self,
        kind: ClaimKind,
        spans: tuple[Span, ...],
        attribution: ResolvedAttribution,
        cue: Cue | None,
        quote: Quote | None,
        within: str | None,
        worth: float,
    ) -> Claim:
        return Claim(
            claim_id=claim_id(self._article.document_id, kind, spans, attribution.actor.actor_id),
            article=self._article,
            kind=kind,
            spans=spans,
            text=words_of(spans),
            claimant=attribution.actor,
            cue=cue,
            stance=cue.stance if cue is not None else Stance.ASSERT,
            negated=self._is_denied(attribution),
            proposition_negated=self._is_negative(kind, spans, attribution, cue),
            check_worthiness=worth,
            claim_type=claim_type(" ".join(span.exact for span in spans)),
            quote_id=quote.quote_id if quote is not None else None,
            confidence=attribution.confidence,
            source_confidence=attribution.source_confidence,
            text_sha256=self._sha,
            within=within,
        )

    def _is_negative(
        self, kind: ClaimKind, spans: tuple[Span, ...], attribution: ResolvedAttribution, cue: Cue | None
    ) -> bool | None:
        """Whether what the claimant is said to hold is negated, by the words or by a cue that says they are
        not so. A sentence of a direct quote stands as it was said, and who denies a saying says nothing of
        what was said."""
        negative = is_negative(", ".join(span.exact for span in spans), self._language)
        if (
            negative is None
            or kind is ClaimKind.QUOTED
            or cue is None
            or self._said_from(attribution) > attribution.content[0].start
        ):
            return negative
        return negative != self._contradicts(cue, attribution)

    def _quoted_sentences(self, quoted: Sequence[Range]) -> Iterable[Range]:
        for part in quoted:
            for sentence in sentences(self._text, part.start, part.end):
                if len(_WORD.findall(self._text, sentence.start, sentence.end)) >= _SHORTEST_CLAIM:
                    yield sentence

    def _proposition(self, attribution: ResolvedAttribution) -> tuple[Range, ...]:
        """The content without the complementiser it begins with, and without “having said that” behind
        “denied”."""
        first, *rest = attribution.content
        start = self._said_from(attribution)
        match = _COMPLEMENTISER.match(self._text, start, first.end)
        return (Range(match.end() if match else start, first.end), *rest)

    def _said_from(self, attribution: ResolvedAttribution) -> int:
        return that_it_was_said(self._text, attribution.cue, attribution.content, self._language)

    def _spans(self, ranges: Sequence[Range]) -> tuple[Span, ...]:
        return tuple(Span.of(self._text, start, end) for start, end in ranges[:MAX_PIECES])


def _said_by(
    speaker: Actor, together: Sequence[Actor], quote: Quote | None, claims: Iterable[Claim]
) -> tuple[Quote | None, list[Claim]]:
    """The statements that a group makes jointly as those of one of them, with the others beside."""
    others = tuple(actor for actor in together if actor is not speaker)
    own = None
    if quote is not None:
        name = quote_id(quote.article.document_id, quote.spans, speaker.actor_id)
        own = quote.model_copy(update={"quote_id": name, "speaker": speaker, "jointly_with": others})
    made = []
    for claim in claims:
        name = claim_id(claim.article.document_id, claim.kind, claim.spans, speaker.actor_id)
        part_of = None if own is None else own.quote_id
        made.append(
            claim.model_copy(
                update={"claim_id": name, "claimant": speaker, "jointly_with": others, "quote_id": part_of}
            )
        )
    return own, made


def _holding(span: Range, quote: Quote | None, claims: Iterable[Claim]) -> str | None:
    """The id of the one of an attribution's statements whose words hold ``span``: its quote, else its claim,
    never a part of its quote."""
    whole: list[tuple[str, tuple[Span, ...]]] = [(quote.quote_id, quote.spans)] if quote is not None else []
    whole += [(claim.claim_id, claim.spans) for claim in claims if claim.kind is not ClaimKind.QUOTED]
    return next(
        (
            name
            for name, spans in whole
            if any(held.start <= span.start and span.end <= held.end for held in spans)
        ),
        None,
    )
