"""The per-actor record, published to a compacted topic."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from schemas.events.base import Event, Extensible, Value
from schemas.events.parts import (
    ActorKind,
    Count,
    Denied,
    Identifier,
    Ordinal,
    Probability,
    Text,
    Timestamp,
    WikidataId,
    Within,
)
from schemas.ids import digest


class StatementKind(StrEnum):
    """A statement on record is a quote or a claim."""

    QUOTE = "quote"
    CLAIM = "claim"


class RecordPart(StrEnum):
    """A part of a record that may be shortened where the record is too large for one message."""

    LATEST = "latest"
    DAYS = "days"
    CUES = "cues"
    OUTLETS = "outlets"
    ALIASES = "aliases"
    NAME = "name"
    OTHER = "other"


Shortened = Annotated[
    tuple[Annotated[RecordPart, Extensible(RecordPart.OTHER)], ...],
    Field(
        exclude_if=lambda parts: not parts,
        description=(
            "What was shortened because the record is larger than its topic takes, in the order it was done:"
            " words of the latest statements and the older of them, the earlier days, the less frequent cues,"
            " outlets and aliases, the end of the name. The counts, and the record of the query API, are"
            " whole. Left out of a whole record."
        ),
    ),
]
"""Added after 1.0: left out when there is none, so that a whole record keeps its bytes and its id."""


OnlyArticle = Annotated[
    Identifier | None,
    Field(
        exclude_if=lambda article: article is None,
        description=(
            "The only article that the actor is known in: by a bare surname, an office or a description, of"
            " which there may be many. Left out for an actor known across articles."
        ),
    ),
]
"""Added after 1.0: left out where there is none, so that such a record keeps its bytes and its id."""


class Counts(Value):
    """What is on record for one actor."""

    quotes: Count = Field(description="Quotes on record.")
    claims: Count = Field(description="Claims on record.")
    articles: Count = Field(description="Articles that carry any of them.")
    outlets: Count = Field(description="Outlets that published them.")
    denied: Annotated[
        Count,
        Field(
            exclude_if=lambda count: not count,
            description=(
                "Statements on record that tell what the actor did *not* say (`negated`). They are among"
                " neither the quotes nor the claims, and in no series or share. Left out where there are"
                " none."
            ),
        ),
    ] = 0
    """Added after 1.0: left out when there are none, so that a record without keeps its bytes and its id."""


class Day(Value):
    """One day of an actor's series, by publication date in UTC."""

    date: dt.date = Field(description="The day.")
    quotes: Count = Field(description="Quotes published that day.")
    claims: Count = Field(description="Claims published that day.")


class Share(Value):
    """How often one value occurs."""

    value: Text = Field(description="Outlet, cue lemma or stance.")
    statements: Ordinal = Field(description="Statements with it.")


class StatementSummary(Value):
    """A statement as the record shows it."""

    statement_id: Identifier = Field(description="Quote id or claim id.")
    kind: StatementKind = Field(description="Quote or claim.")
    text: Text = Field(description="The words, at most 500 code points.")
    article_id: Identifier = Field(description="Where it was found.")
    outlet: Text | None = Field(default=None, description="Who published it.")
    published_at: Timestamp | None = Field(default=None, description="When it was published.")
    confidence: Probability = Field(description="Confidence of the attribution.")
    within: Within = None
    negated: Denied = False


class ActorRecord(Event):
    """Everything on record for one actor, as of the events applied so far."""

    event_type: ClassVar[str] = "org.onrecord.actor.record.v1"
    schema_name: ClassVar[str] = "actor_record.v1"
    topic: ClassVar[str] = "onrecord.actors"

    actor_id: Identifier = Field(description="The actor.", examples=["person:sergei-lavrov"])
    name: Text = Field(description="The name most often used in full.", examples=["Sergei Lavrov"])
    kind: ActorKind = Field(description="What the actor is.")
    aliases: tuple[Text, ...] = Field(
        default=(), description="Other mentions that led to the actor, most frequent first."
    )
    wikidata: WikidataId | None = Field(default=None, description="Wikidata item, where known.")
    counts: Counts = Field(description="How much is on record.")
    first_seen: Timestamp | None = Field(default=None, description="Earliest publication on record.")
    last_seen: Timestamp | None = Field(default=None, description="Latest publication on record.")
    days: tuple[Day, ...] = Field(default=(), description="Per-day series, days without statements left out.")
    outlets: tuple[Share, ...] = Field(default=(), description="By outlet, most frequent first.")
    cues: tuple[Share, ...] = Field(default=(), description="By cue lemma, most frequent first.")
    stances: tuple[Share, ...] = Field(default=(), description="By stance, most frequent first.")
    latest: tuple[StatementSummary, ...] = Field(
        default=(), description="The latest statements, newest first."
    )
    shortened: Shortened = ()
    article_id: OnlyArticle = None

    @property
    def event_id(self) -> str:
        return digest("actor", self.actor_id, self.model_dump_json())

    @property
    def partition_key(self) -> str:
        return self.actor_id
