"""All events of onrecord, as pydantic models."""

from schemas.events.actor_record import (
    ActorRecord,
    Counts,
    Day,
    RecordPart,
    Share,
    StatementKind,
    StatementSummary,
)
from schemas.events.article import Article, ArticleStatus
from schemas.events.base import Event, Value
from schemas.events.decision import DecidedStatement, Decision, DecisionKind, WordsInContext
from schemas.events.document import Document, Outcome, document_id
from schemas.events.parts import (
    GAP,
    Actor,
    ActorKind,
    ArticleRef,
    Cue,
    Extractor,
    Resolution,
    Span,
    Stance,
    words_of,
)
from schemas.events.statements import Claim, ClaimKind, ClaimType, Quote, QuoteKind, claim_id, quote_id

EVENTS: tuple[type[Event], ...] = (Article, Document, Quote, Claim, Decision, ActorRecord)

__all__ = [
    "EVENTS", "GAP", "Actor", "ActorKind", "ActorRecord", "Article", "ArticleRef", "ArticleStatus", "Claim", "ClaimKind",
    "ClaimType", "Counts", "Cue", "Day", "DecidedStatement", "Decision", "DecisionKind", "Document", "Event", "Extractor", "Outcome",
    "Quote", "QuoteKind", "RecordPart", "Resolution", "Share", "Span", "Stance", "StatementKind", "StatementSummary", "Value",
    "WordsInContext", "claim_id", "document_id", "quote_id", "words_of",
]  # fmt: skip
