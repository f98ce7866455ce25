"""The raw article, as producers publish it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import ClassVar, Literal

from pydantic import Field

from schemas.events.base import Event
from schemas.events.parts import Identifier, Language, Ordinal, Text, Timestamp
from schemas.ids import digest


class ArticleStatus(StrEnum):
    """Whether the article may be used. ``withdrawn`` retracts everything it contributed."""

    USABLE = "usable"
    WITHDRAWN = "withdrawn"


class Article(Event):
    """A raw article. A newer revision replaces what an older one contributed."""

    event_type: ClassVar[str] = "org.onrecord.article.raw.v1"
    schema_name: ClassVar[str] = "article.v1"
    topic: ClassVar[str] = "onrecord.articles"

    article_id: Identifier = Field(
        description="Stable identity of the article across its revisions.", examples=["art-4f0c2f0e"]
    )
    revision: Ordinal = Field(default=1, description="Counted from 1; the highest revision is the article.")
    status: ArticleStatus = Field(
        default=ArticleStatus.USABLE, description="`withdrawn` retracts the article."
    )
    url: Text | None = Field(
        default=None,
        max_length=2048,
        description="Canonical address.",
        examples=["https://example.org/news/1"],
    )
    outlet: Text | None = Field(
        default=None, max_length=256, description="Publisher's name or host.", examples=["example.org"]
    )
    title: Text | None = Field(default=None, max_length=1024, description="Headline.")
    authors: tuple[Text, ...] = Field(default=(), max_length=64, description="By-line, one entry per person.")
    language: Language = Field(
        default="und",
        description="BCP 47 tag; `und` when unknown.",
        examples=["en"],
    )
    published_at: Timestamp | None = Field(default=None, description="When the article was published.")
    fetched_at: Timestamp = Field(
        description="When it came in; with a revision of the same number, the earlier one stands."
    )
    content_type: Literal["text/plain", "text/html"] = Field(description="How to read `content`.")
    content: str = Field(
        description="The article itself; empty when withdrawn.",
        examples=["The minister said the bridge will reopen in May."],
    )
    origin: Text = Field(
        max_length=2048,
        description="Where onrecord got it: a path, a feed's address, or `push`.",
        examples=["file:lavrov.txt"],
    )

    @property
    def event_id(self) -> str:
        return digest("article", self.article_id, self.revision, self.status, self.content_type, self.content)

    @property
    def partition_key(self) -> str:
        return self.article_id

    @property
    def extensions(self) -> Mapping[str, str]:
        """``revision``, ``status`` and, where it is known, ``outlet``: an article is traced without reading
        its body."""
        known = {"revision": str(self.revision), "status": self.status.value}
        return known | {"outlet": self.outlet} if self.outlet else known
