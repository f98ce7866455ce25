"""What became of an article: its clean text and what was found in it."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from pydantic import Field

from schemas.events.base import Event
from schemas.events.parts import Extractor, Identifier, Language, Ordinal, Sha256, Text, Timestamp
from schemas.ids import digest


class Outcome(StrEnum):
    """What extraction made of the article."""

    EXTRACTED = "extracted"
    NOTHING_FOUND = "nothing_found"
    EMPTY = "empty"
    UNSUPPORTED_LANGUAGE = "unsupported_language"
    WITHDRAWN = "withdrawn"


class Document(Event):
    """The clean text of one article revision and the ids of everything found in it.

    A document is the unit that counts: of all documents of one article the one with the greatest
    :attr:`order` is current, and only its quotes and claims are on record.
    """

    event_type: ClassVar[str] = "org.onrecord.document.extracted.v1"
    schema_name: ClassVar[str] = "document.v1"
    topic: ClassVar[str] = "onrecord.documents"

    document_id: Identifier = Field(description="Deterministic over article revision, text and extractor.")
    article_id: Identifier = Field(description="The article.")
    revision: Ordinal = Field(description="The article's revision.")
    url: Text | None = Field(default=None, max_length=2048, description="Where it was published.")
    outlet: Text | None = Field(default=None, max_length=256, description="Who published it.")
    title: Text | None = Field(default=None, max_length=1024, description="The headline.")
    authors: tuple[Text, ...] = Field(default=(), description="By-line.")
    language: Language = Field(default="und", description="BCP 47 tag, detected when the producer gave none.")
    published_at: Timestamp | None = Field(default=None, description="When it was published.")
    fetched_at: Timestamp = Field(description="When the article came in.")
    origin: Text = Field(max_length=2048, description="Where onrecord got it.")
    text: Text = Field(description="The normalised text that all spans index.")
    text_sha256: Sha256 = Field(description="SHA-256 of `text` in UTF-8.")
    extractor: Extractor = Field(description="Program and model.")
    quote_ids: tuple[Identifier, ...] = Field(default=(), description="Quotes found, in text order.")
    claim_ids: tuple[Identifier, ...] = Field(default=(), description="Claims found, in text order.")
    outcome: Outcome = Field(description="What extraction made of it.")

    @property
    def event_id(self) -> str:
        return self.document_id

    @property
    def partition_key(self) -> str:
        return self.article_id

    @property
    def order(self) -> tuple[int, bool, tuple[int, ...], str, str]:
        """A total order over one article's documents, the same whatever order they arrive in.

        Revision first; at the same revision a withdrawal wins, then the later extractor; the last two keys
        only break ties.
        """
        version, model = self.extractor.order
        return (self.revision, self.outcome is Outcome.WITHDRAWN, version, model, self.document_id)


def document_id(article_id: str, revision: int, status: str, text_sha256: str, extractor: Extractor) -> str:
    """The id of the document that ``extractor`` makes of an article revision with this normalised text."""
    return digest(
        "document", article_id, revision, status, text_sha256, extractor.version, extractor.model_sha256
    )
