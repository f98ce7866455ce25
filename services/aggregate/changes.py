"""Events as the rows they become. Pure: no database, no log."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from schemas.events import (
    Actor,
    Claim,
    Cue,
    Decision,
    Document,
    Event,
    Outcome,
    Quote,
    Resolution,
    Stance,
    StatementKind,
    words_of,
)  # fmt: skip
from schemas.ids import digest
from schemas.relational import EPOCH, UNDATED, Dimension, Standing, fold, microseconds
from schemas.words import indexed
from services.aggregate.grouping import is_shred
from services.aggregate.identity import registry
from services.aggregate.identity.deciding import identity_of
from services.aggregate.identity.mentions import name_in

MAX_VALUE_CHARS = 256
"""Names, mentions and lemmas are counted by their first 256 characters (at most 1 024 bytes): an index key
again. The statement keeps them whole."""

NAMING = frozenset({Resolution.NAME, Resolution.SURNAME, Resolution.ALIAS, Resolution.HEADLINE})
"""Resolutions whose mention is another name of the actor; a pronoun or a description is not."""

UNDATED_US = microseconds(UNDATED)

DocumentOrder = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class DocumentChange:
    """A document, and where it stands among the documents of its article: the greatest ``precedence`` is
    current."""

    row: dict[str, Any]
    precedence: DocumentOrder


@dataclass(frozen=True, slots=True)
class StatementChange:
    """A quote or a claim."""

    row: dict[str, Any]


@dataclass(frozen=True, slots=True)
class DecisionChange:
    """What somebody decided; whether it is in force is found out where it is stored."""

    row: dict[str, Any]


@dataclass(frozen=True, slots=True)
class TrailChange:
    """Something that happened to an article; ``at`` None means the time of the transaction. See
    :mod:`services.aggregate.trail`."""

    row: dict[str, Any]


Change = DocumentChange | StatementChange | DecisionChange | TrailChange


def change_of(
    event: Document | Quote | Claim | Decision,
) -> DocumentChange | StatementChange | DecisionChange:
    """The row an event becomes."""
    if isinstance(event, Document):
        return _document(event)
    if isinstance(event, Decision):
        return _decision(event)
    return _statement(event)


def alias_of(actor: Actor) -> str | None:
    """The name that the mention gives the actor; None where it gives none: a pronoun, an office, a
    description.

    A mention may say more than a name: of “its national reporter Stephanie McCrummen” the name is the last
    two words.
    """
    if actor.mention is None or actor.resolution not in NAMING:
        return None
    return name_in(actor.mention.exact, actor.name)


def who(actor: Actor, article_id: str, published_at: int | None) -> dict[str, Any]:
    """The columns that say who an article's actor is, before links; ``published_at`` in microseconds.

    Whoever is meant by an office has the name and the kind that the registry gives, since the article gives
    none.
    """
    day = None if published_at is None else (EPOCH + timedelta(microseconds=published_at)).date()
    identity = identity_of(actor, article_id, day)
    holder = registry.holder_of(identity)
    return {
        "identity_id": identity,
        "actor_id": identity,
        "actor_name": holder.names[0] if holder else actor.name,
        "actor_kind": holder.kind if holder else actor.kind.value,
        "alias": None if holder else alias_of(actor),
    }


def precedence(row: Any) -> DocumentOrder:
    """The order of a stored document row: :attr:`Document.order`, then, between events of one id, the earlier
    fetched."""
    version = tuple(int(number) for number in row["extractor_version"].split("."))
    order = (row["revision"], bool(row["withdrawn"]), version, row["model_sha256"], row["document_id"])
    return (*order, -row["fetched_at"], row["content_key"])


def contribution(row: Any) -> Iterator[tuple[str, str]]:
    """What a statement on record adds one to: ``(dimension, value)`` pairs for its actor.

    What was said once counts once, however often it is told: by the appearance that leads, and of each outlet
    by its first; names and articles count wherever they stand, but names of what a decision gave to somebody
    else do not. What is denied tells how the actor is called, and nothing of what was said, when and where.
    """
    if row["reassigned_by"] is None:
        yield from _naming(row)
    # a release before knew no others
    standing = Standing.FIRST if row["standing"] is None else row["standing"]
    if row["denied"]:
        if standing == Standing.FIRST:
            yield Dimension.DENIED, row["actor_kind"]
        return
    yield Dimension.ARTICLE, row["article_id"]
    if row["outlet"] is not None and standing >= Standing.OUTLET:
        yield Dimension.OUTLET, row["outlet"]
    if standing < Standing.FIRST:
        return
    yield Dimension.KIND, row["actor_kind"]
    yield Dimension.STANCE, row["stance"]
    if row["published_at"] is not None:
        yield Dimension.DAY, _day(row["published_at"])
    if row["cue_lemma"] is not None:
        yield Dimension.CUE, _clip(row["cue_lemma"])


def _naming(row: Any) -> Iterator[tuple[str, str]]:
    yield Dimension.NAME, _clip(row["actor_name"])
    if row["alias"] is not None:
        yield Dimension.MENTION, _clip(row["alias"])
    if row["wikidata"] is not None:
        yield Dimension.WIKIDATA, _clip(row["wikidata"])


def _document(event: Document) -> DocumentChange:
    row: dict[str, Any] = {
        "article_id": event.article_id,
        "document_id": event.document_id,
        "revision": event.revision,
        "withdrawn": event.outcome is Outcome.WITHDRAWN,
        "outcome": event.outcome.value,
        "url": event.url,
        "outlet": event.outlet,
        "title": event.title,
        "authors": list(event.authors),
        "language": event.language,
        "published_at": _instant(event.published_at),
        "fetched_at": microseconds(event.fetched_at),
        "origin": event.origin,
        "text": event.text,
        "text_sha256": event.text_sha256,
        "extractor_name": event.extractor.name,
        "extractor_version": event.extractor.version,
        "model_sha256": event.extractor.model_sha256,
        "quote_ids": list(event.quote_ids),
        "claim_ids": list(event.claim_ids),
        "content_key": _content_key(event),
    }
    return DocumentChange(row, precedence(row))


def _statement(event: Quote | Claim) -> StatementChange:
    article = event.article
    actor = event.speaker if isinstance(event, Quote) else event.claimant
    published = _instant(article.published_at)
    # not the event's own: earlier extractors joined its pieces as if they were one sentence
    text = words_of(event.spans)
    row: dict[str, Any] = {
        "statement_id": event.event_id,
        "subkind": event.kind.value,
        "on_record": False,
        "article_id": article.article_id,
        "document_id": article.document_id,
        "revision": article.revision,
        **who(actor, article.article_id, published),
        "reassigned_by": None,
        "wikidata": actor.wikidata,
        "actor": actor.model_dump(mode="json"),
        "text": text,
        "folded": fold(text),
        "words": indexed(span.exact for span in event.spans),
        "spans": [span.model_dump() for span in event.spans],
        "cue": event.cue.model_dump(mode="json") if event.cue else None,
        "cue_lemma": event.cue.lemma if event.cue else None,
        "confidence": event.confidence,
        "outlet": article.outlet,
        "language": article.language,
        "published_at": published,
        "sort_at": UNDATED_US if published is None else published,
        "text_sha256": event.text_sha256,
        "content_key": _content_key(event),
        "within": event.within,
        "source_confidence": event.source_confidence,
        "denied": event.negated,
        "shred": is_shred(text, event.confidence),
        # how it stands among others: see services.aggregate.store.appearances
        "wording": None,
        "appearance_of": None,
        "standing": None,
        "jointly_with": [other.model_dump(mode="json") for other in event.jointly_with] or None,
        "described": None,
    }
    if isinstance(event, Quote):
        addressee = event.addressee.model_dump(mode="json") if event.addressee else None
        row |= {"kind": StatementKind.QUOTE.value, "stance": _stance(event.cue), "addressee": addressee}
        row |= {
            "negated": None,
            "check_worthiness": None,
            "claim_type": None,
            "quote_id": None,
            "proposition_negated": None,
        }
    else:
        row |= {
            "kind": StatementKind.CLAIM.value,
            "stance": event.stance.value,
            "addressee": None,
            "negated": event.negated,
        }
        row |= {
            "check_worthiness": event.check_worthiness,
            "claim_type": event.claim_type.value,
            "quote_id": event.quote_id,
        }
        row |= {"proposition_negated": event.proposition_negated}
    return StatementChange(row)


def _decision(event: Decision) -> DecisionChange:
    return DecisionChange({
        "decision_id": event.decision_id,
        "kind": event.kind.value,
        "decided_at": microseconds(event.decided_at),
        "decided_by": event.decided_by,
        "why": event.why,
        "actor_id": event.actor_id,
        "other_id": event.other_id,
        "name": event.name,
        "wikidata": event.wikidata,
        "article_id": event.statement.article_id if event.statement else None,
        "statement": event.statement.model_dump(mode="json") if event.statement else None,
        "undoes": event.undoes,
        "content_key": _content_key(event),
    })  # fmt: skip


def _content_key(event: Event) -> str:
    """A digest of the whole event, so that two events of one id have one winner whatever order they come
    in."""
    return digest("content", event.model_dump_json())


def _instant(moment: datetime | None) -> int | None:
    return None if moment is None else microseconds(moment)


def _day(published_at: int) -> str:
    return (EPOCH + timedelta(microseconds=published_at)).date().isoformat()


def _stance(cue: Cue | None) -> str:
    return (cue.stance if cue else Stance.ASSERT).value


def _clip(value: str) -> str:
    return value[:MAX_VALUE_CHARS]
