"""The values events are made of: spans, actors, cues, references to articles."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated, Self

from pydantic import AfterValidator, AwareDatetime, Field, model_validator

from schemas.events.base import Extensible, Value
from schemas.ids import MAX_ID_BYTES

MAX_INTEGER = 2**31 - 1
"""Counts and offsets fit a 32-bit column of any database, and a JavaScript number."""


def _has_utc(value: dt.datetime) -> dt.datetime:
    try:
        value.astimezone(dt.UTC)
    except OverflowError:
        raise ValueError("the moment lies outside the years 1 to 9999 in UTC") from None
    return value


def _fits_an_index(value: str) -> str:
    if not value.isascii() and len(value.encode()) > MAX_ID_BYTES:
        raise ValueError(f"longer than {MAX_ID_BYTES} bytes of UTF-8")
    return value


Probability = Annotated[float, Field(ge=0.0, le=1.0)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
WikidataId = Annotated[str, Field(pattern=r"^Q[1-9][0-9]*$")]
Identifier = Annotated[
    str,
    Field(min_length=1, max_length=MAX_ID_BYTES, pattern=r"^[^\x00-\x1f\x7f]+$"),
    AfterValidator(_fits_an_index),
]
Text = Annotated[str, Field(pattern=r"^[^\x00]*$")]
"""Anything but U+0000, which PostgreSQL cannot store."""
Language = Annotated[str, Field(max_length=35, pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$")]
Timestamp = Annotated[AwareDatetime, AfterValidator(_has_utc)]
Ordinal = Annotated[int, Field(ge=1, le=MAX_INTEGER)]
Count = Annotated[int, Field(ge=0, le=MAX_INTEGER)]


Within = Annotated[
    Identifier | None,
    Field(
        exclude_if=lambda holder: holder is None,
        description=(
            "The quote or claim whose words hold this attribution: of what Jones promised in `Smith said that"
            " Jones had promised …` the id of Smith's claim. It is an event of the same document, and its own"
            " `within` may name a further one. Left out when the article itself reports it."
        ),
    ),
]
"""Nested attribution. Added after 1.0: left out when there is none, so that what was written before keeps its
bytes and ids."""
SourceConfidence = Annotated[
    Probability | None,
    Field(
        exclude_if=lambda confidence: confidence is None,
        description=(
            "Probability that the actor's mention is the source of these words, given that they are reported;"
            " where there is no mention, that they are the running speaker's, or that the text names nobody."
            " Never less than `confidence`. Whether the mention is this actor is the actor's own"
            " `confidence`. Left out by extractors that do not say."
        ),
    ),
]
"""How sure the source is. Added after 1.0: left out when unknown, for the same reason."""
Denied = Annotated[
    bool,
    Field(
        exclude_if=lambda denied: not denied,
        description=(
            "The saying is denied or withheld: the words are what this actor is reported *not* to have said"
            " (`Lee never said …`, `none of the ministers said …`, `refused to say …`). Such a statement"
            " counts for nobody. Left out where it is false."
        ),
    ),
]
"""Of quotes and summaries; claims say it in ``negated``. Added after 1.0: left out when false, so that what
was written before keeps its bytes and ids."""
PropositionNegated = Annotated[
    bool | None,
    Field(
        exclude_if=lambda negated: negated is None,
        description=(
            "What the claimant is said to hold is a negation: `the road is not closed`, `nobody was hurt`,"
            " and `the road is closed` behind `denied that`. A double negation is none: `denied that the road"
            " is not closed` is false. It is told of the main predicate, whether or not the saying is denied."
            " Left out by extractors that do not say."
        ),
    ),
]
"""Added after 1.0: left out when unknown, for the same reason."""


class Span(Value):
    """A stretch of a document's text, in Unicode code points: ``text[start:end] == exact``, always."""

    start: Count = Field(description="First code point, counted from 0.", examples=[101])
    end: Ordinal = Field(description="One past the last code point.", examples=[134])
    exact: Text = Field(
        min_length=1, description="The words themselves, verbatim.", examples=["There is no meeting planned."]
    )

    @model_validator(mode="after")
    def _length_agrees(self) -> Self:
        if self.end - self.start != len(self.exact):
            raise ValueError(f"span {self.start}:{self.end} does not fit its {len(self.exact)} code points")
        return self

    @classmethod
    def of(cls, text: str, start: int, end: int) -> Self:
        """The span of ``text`` from ``start`` to ``end``."""
        return cls(start=start, end=end, exact=text[start:end])


GAP = " […] "
"""Between pieces that stand apart in the article: words were left out, and nobody said what is around as one
sentence."""


def words_of(spans: Iterable[Span]) -> str:
    """The words of a statement as one text, with :data:`GAP` between its pieces."""
    return GAP.join(span.exact for span in spans)


class ActorKind(StrEnum):
    """What an actor is. ``unnamed`` covers described and unresolved sources alike."""

    PERSON = "person"
    ORGANIZATION = "organization"
    GROUP = "group"
    DOCUMENT = "document"
    UNNAMED = "unnamed"


class Resolution(StrEnum):
    """How the mention was resolved to the actor."""

    NAME = "name"
    SURNAME = "surname"
    TITLE = "title"
    PRONOUN = "pronoun"
    RELATIVE_PRONOUN = "relative_pronoun"
    CONTINUATION = "continuation"
    HEADLINE = "headline"
    ALIAS = "alias"
    DESCRIPTION = "description"
    UNRESOLVED = "unresolved"
    OTHER = "other"


AnyResolution = Annotated[Resolution, Extensible(Resolution.OTHER)]


class Actor(Value):
    """Who said it. An unresolved source says so; it is never guessed and never dropped."""

    actor_id: Identifier = Field(
        description="Stable across articles for named actors, local to the article for all others.",
        examples=["person:sergei-lavrov"],
    )
    name: Text = Field(
        min_length=1,
        description="The fullest name known, or the source's description.",
        examples=["Sergei Lavrov"],
    )
    kind: ActorKind = Field(description="What the actor is.")
    mention: Span | None = Field(
        default=None, description="The words that name the source in the text; null when there are none."
    )
    resolution: AnyResolution = Field(description="How the mention led to the actor.")
    wikidata: WikidataId | None = Field(
        default=None, description="Wikidata item, where known.", examples=["Q58217"]
    )
    confidence: Probability = Field(description="Probability that the mention is this actor.")


JointlyWith = Annotated[
    tuple[Actor, ...],
    Field(
        max_length=64,
        exclude_if=lambda others: not others,
        description=(
            "Who else said these words in one breath, each by name (`Jack Moss and Ruth Penn said …`). Each"
            " of them has an event of these words that names the others; whoever counts statements and not"
            " speakers counts the event whose speaker is named first in the text. Left out where one speaks"
            " alone."
        ),
    ),
]
"""Joint speakers. Added after 1.0: left out when there are none, so that what was written before keeps its
bytes and ids."""


class Stance(StrEnum):
    """What the reporter does with the words, read off the cue."""

    ASSERT = "assert"
    DENY = "deny"
    ACCUSE = "accuse"
    PROMISE = "promise"
    DEMAND = "demand"
    PREDICT = "predict"
    ADMIT = "admit"
    QUESTION = "question"
    DISTANCE = "distance"
    PRAISE = "praise"
    CRITICIZE = "criticize"
    BELIEVE = "believe"
    WANT = "want"
    OTHER = "other"


AnyStance = Annotated[Stance, Extensible(Stance.OTHER)]


class Cue(Value):
    """The words that report: ``said``, ``according to``, ``has repeatedly denied``."""

    span: Span = Field(description="Where the cue stands.")
    lemma: Text = Field(
        min_length=1, description="Lemma of the cue's head word, lower case.", examples=["say"]
    )
    stance: AnyStance = Field(description="The cue's stance class.")


class Extractor(Value):
    """Which program and which model found it."""

    name: Text = Field(max_length=64, description="Extractor's name.", examples=["onrecord"])
    version: str = Field(
        description="Version of the extraction rules: up to four dotted numbers, compared numerically.",
        pattern=r"^[0-9]{1,9}(\.[0-9]{1,9}){0,3}$",
        examples=["1.0.0"],
    )
    model_sha256: Sha256 = Field(description="SHA-256 of the model file.")

    @property
    def order(self) -> tuple[tuple[int, ...], str]:
        """Sorts extractors: a later version wins over an earlier one on the same revision."""
        return tuple(int(n) for n in self.version.split(".")), self.model_sha256


class ArticleRef(Value):
    """The article revision, and the document made of it, that a statement was found in."""

    article_id: Identifier = Field(description="The article.", examples=["art-4f0c…"])
    revision: Ordinal = Field(description="The article's revision, counted from 1.")
    document_id: Identifier = Field(
        description=(
            "The document (revision × extractor) it belongs to; it counts only while that is the article's"
            " current one."
        )
    )
    url: Text | None = Field(default=None, max_length=2048, description="Where the article was published.")
    outlet: Text | None = Field(
        default=None, max_length=256, description="Who published it.", examples=["NBC News"]
    )
    title: Text | None = Field(default=None, max_length=1024, description="The headline.")
    language: Language = Field(default="und", description="BCP 47 tag; `und` when unknown.", examples=["en"])
    published_at: Timestamp | None = Field(default=None, description="When it was published.")
