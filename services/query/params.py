"""What a reader may ask for: one definition for the API and the pages."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, Self
from urllib.parse import urlencode

from fastapi import Path
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from schemas.events import ActorKind, ClaimKind, DecisionKind, Stance, StatementKind

MAX_QUERY = 200
"""Code points of a text looked for: longer than any sentence one remembers."""


def _no_nul(value: str) -> str:
    if "\0" in value:
        raise ValueError("must not hold a NUL character")
    return value


def _empty_is_absent(value: Any) -> Any:
    """A form sends an empty field as an empty string."""
    return None if isinstance(value, str) and not value.strip() else value


Text = Annotated[str, AfterValidator(_no_nul)]
ActorId = Annotated[
    str,
    AfterValidator(_no_nul),
    Path(description="The actor's id; percent-encode it.", max_length=512, examples=["person:sergei-lavrov"]),
]
ArticleId = Annotated[
    str, AfterValidator(_no_nul), Path(description="The article's id; percent-encode it.", max_length=512)
]
StatementId = Annotated[
    str, AfterValidator(_no_nul), Path(description="A quote's or a claim's id.", max_length=512)
]

DecisionId = Annotated[str, AfterValidator(_no_nul), Path(description="A decision's id.", max_length=512)]


class ActorSort(StrEnum):
    """What actors are sorted by."""

    STATEMENTS = "statements"
    QUOTES = "quotes"
    CLAIMS = "claims"
    ARTICLES = "articles"
    NAME = "name"
    FIRST_SEEN = "first_seen"
    LAST_SEEN = "last_seen"


class Direction(StrEnum):
    """Upwards or downwards."""

    ASC = "asc"
    DESC = "desc"


class StatementSort(StrEnum):
    """What statements are sorted by. Undated ones count as older than all others."""

    NEWEST = "newest"
    OLDEST = "oldest"


class SearchSort(StrEnum):
    """What is found is sorted by. Undated statements count as older than all others."""

    NEWEST = "newest"
    OLDEST = "oldest"
    RELEVANCE = "relevance"


class Appearances(StrEnum):
    """Whether what was said once is shown and counted once, or wherever it is told."""

    FIRST = "first"
    ALL = "all"


class Subkind(StrEnum):
    """Kinds of quotes and claims."""

    DIRECT = "direct"
    MIXED = "mixed"
    INDIRECT = ClaimKind.INDIRECT.value
    QUOTED = ClaimKind.QUOTED.value


class Listing(BaseModel):
    """What every list understands."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    limit: int | None = Field(
        None, ge=1, description="Most items on a page; the server sets a default and a cap.", examples=[20]
    )
    cursor: Text | None = Field(None, max_length=4096, description="`next_cursor` of the page before.")

    @field_validator("*", mode="before")
    @classmethod
    def _blank(cls, value: Any) -> Any:
        return _empty_is_absent(value)

    def link(self, path: str, **changes: Any) -> str:
        """``path`` with this query, some parameters changed (None removes one)."""
        given = self.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=True)
        given.update({name: str(value) for name, value in changes.items() if value is not None})
        query = urlencode(
            {name: value for name, value in given.items() if name not in changes or changes[name] is not None}
        )
        return f"{path}?{query}" if query else path


class Period(Listing):
    """Lists that can be narrowed to some days and an outlet."""

    from_: date | None = Field(
        None, alias="from", description="First day of publication (UTC).", examples=["2025-08-01"]
    )
    to: date | None = Field(
        None, description="Last day of publication (UTC), included.", examples=["2025-08-31"]
    )
    outlet: Text | None = Field(
        None, max_length=256, description="The publisher, whatever the case.", examples=["example.org"]
    )

    @model_validator(mode="after")
    def _forwards(self) -> Self:
        if self.from_ and self.to and self.from_ > self.to:
            raise ValueError(f"from ({self.from_}) must not be after to ({self.to})")
        return self

    @property
    def bounds(self) -> tuple[datetime | None, datetime | None]:
        """The first moment of the period and the first one after it."""
        midnight = datetime.min.time()
        start = datetime.combine(self.from_, midnight, UTC) if self.from_ else None
        # the last day of the calendar has no day after it, and nothing to leave out either
        end = (
            datetime.combine(self.to + timedelta(days=1), midnight, UTC)
            if self.to and self.to < date.max
            else None
        )
        return start, end

    @property
    def narrowed(self) -> bool:
        """Whether any of the three is given."""
        return bool(self.from_ or self.to or self.outlet)


class ActorQuery(Period):
    """Which actors, in which order. With a period or an outlet, counts and dates cover what was published
    there and then."""

    sort: ActorSort = Field(ActorSort.STATEMENTS, description="Sort key; ties are broken by id.")
    order: Direction | None = Field(
        None, description="Direction; `desc`, but `asc` for names, when not given."
    )
    kind: ActorKind | None = Field(None, description="Only actors of this kind.")
    q: Text | None = Field(None, max_length=MAX_QUERY, description="Words of the name or an alias, or their beginnings, whatever the case "
                           "and the accents.", examples=["lavrov"])  # fmt: skip
    min_statements: int | None = Field(
        None, ge=0, le=2**31, description="Only actors with at least this many statements."
    )
    appearances: Appearances = Field(Appearances.FIRST, description="Count what was said once by its first appearance, or all of them: "
                                     "each wire copy, and the quote beside the claim it stands in.")  # fmt: skip

    @property
    def descending(self) -> bool:
        """The direction, given or natural."""
        return self.order is Direction.DESC if self.order else self.sort is not ActorSort.NAME


class RecordQuery(BaseModel):
    """How the record of one actor is counted."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    appearances: Appearances = Field(
        Appearances.FIRST, description="Count what was said once by its first appearance, or all of them."
    )


class StatementQuery(Period):
    """Which statements, in which order."""

    kind: StatementKind | None = Field(None, description="Quotes or claims only.")
    subkind: Subkind | None = Field(None, description="Only this kind of quote or claim.")
    stance: Stance | None = Field(None, description="Only this stance.")
    negated: bool | None = Field(
        None, description="Only what the actor is reported not to have said, or only what was said."
    )
    q: Text | None = Field(None, max_length=MAX_QUERY, description="Words of the statement, in any of their forms, whatever the case and "
                           "the accents. `\"a phrase\"` and `=word`: these very words; `AND`, `OR`, `NOT` (or `-word`) and parentheses; "
                           "`begin*`.", examples=["bridge (reopen OR repair*) -\"toll bridge\""])  # fmt: skip
    min_confidence: float | None = Field(None, ge=0, le=1, description="Least confidence of the attribution: that the words are reported "
                                         "and this is their source.", examples=[0.8])  # fmt: skip
    min_source_confidence: float | None = Field(None, ge=0, le=1, description="Least confidence of the source: that it is theirs if they "
                                                "are reported. Whether it is this actor is the actor's own confidence. Where it is not "
                                                "known, `confidence` counts, which is never more.", examples=[0.9])  # fmt: skip
    sort: StatementSort = Field(StatementSort.NEWEST, description="Newest or oldest publication first.")
    appearances: Appearances = Field(Appearances.FIRST, description="`first`: each statement once, by its first appearance, of those with "
                                     "the words looked for and of an outlet by the first there. `all`: wherever it is told.")  # fmt: skip

    @property
    def once(self) -> bool:
        """Whether each statement is listed once."""
        return self.appearances is Appearances.FIRST


class StatementSelection(StatementQuery):
    """Statements to take away: as they are listed, of one actor or of all."""

    actor: Text | None = Field(None, max_length=512, description="Only this actor's; an id that is on record as another's means that one.",
                               examples=["person:sergei-lavrov"])  # fmt: skip


class LiveQuery(StatementSelection):
    """Statements to be told of as they come."""

    after: int | None = Field(None, ge=0, lt=2**63, description="Begin after this event; with the last one when neither it nor "
                              "`Last-Event-ID` is given.", examples=[1764520000000000])  # fmt: skip


class SearchQuery(StatementQuery):
    """A search over the statements and the actors' names."""

    actor: Text | None = Field(None, max_length=512, description="Only what these actors said: an id, or words of a name.",
                               examples=["lavrov"])  # fmt: skip
    sort: SearchSort = Field(SearchSort.NEWEST, description="Newest or oldest publication first, or the best answers first: of the "  # type: ignore[assignment]
                             "thousand newest, those with most of the words, as they were typed, close together.")  # fmt: skip

    @property
    def filtered(self) -> bool:
        """Whether anything but the words and the order is given."""
        return bool(self.model_dump(exclude_defaults=True).keys() - {"q", "sort", "cursor", "limit"})


class ArticleQuery(Period):
    """Which articles, newest first."""


class DecisionQuery(Listing):
    """Which decisions, the last first."""

    kind: DecisionKind | None = Field(None, description="Only decisions of this kind.")


__all__ = [
    "ActorId", "ActorQuery", "ActorSort", "Appearances", "ArticleId", "ArticleQuery", "DecisionId", "DecisionQuery", "Direction",
    "LiveQuery", "RecordQuery", "SearchQuery", "SearchSort", "StatementId", "StatementQuery", "StatementSelection", "StatementSort",
    "Subkind",
]  # fmt: skip
