"""What the API answers with, where it is not an event's own model."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from schemas.events import (
    Actor,
    ActorKind,
    ClaimType,
    Counts,
    Cue,
    DecidedStatement,
    DecisionKind,
    Extractor,
    Outcome,
    Resolution,
    Span,
    Stance,
    StatementKind,
    StatementSummary,
)
from schemas.relational import Step
from services.query.paging import Page
from services.query.params import Subkind

SURE, EVEN = 0.7, 0.5
"""How sure a speaker must be for a page to name him without “probably”, and with it."""


class Answer(BaseModel):
    """Base of the answers."""

    model_config = ConfigDict(frozen=True)


class ActorSummary(Answer):
    """An actor in a list."""

    actor_id: str = Field(description="The actor.", examples=["person:sergei-lavrov"])
    name: str = Field(description="The name most often used in full.", examples=["Sergei Lavrov"])
    kind: ActorKind = Field(description="What the actor is.")
    wikidata: str | None = Field(default=None, description="Wikidata item, where known.", examples=["Q58217"])
    counts: Counts = Field(description="What is on record, within the period and the outlet asked for.")
    first_seen: AwareDatetime | None = Field(
        default=None, description="Earliest publication, within the same."
    )
    last_seen: AwareDatetime | None = Field(default=None, description="Latest publication, within the same.")
    latest: StatementSummary | None = Field(
        default=None, description="The latest quote, or the latest claim where there is no quote."
    )
    article_id: str | None = Field(
        default=None,
        description="The only article the actor is known in; null for one known across articles.",
    )


class ArticleLink(Answer):
    """The article a statement was found in."""

    article_id: str = Field(description="The article.", examples=["art-4f0c2f0e"])
    revision: int = Field(ge=1, description="The revision on record.")
    url: str | None = Field(default=None, description="Where it was published.")
    outlet: str | None = Field(default=None, description="Who published it.", examples=["example.org"])
    title: str | None = Field(default=None, description="The headline.")
    language: str = Field(description="BCP 47 tag; `und` when unknown.", examples=["en"])
    published_at: AwareDatetime | None = Field(default=None, description="When it was published.")


class NameOnRecord(Answer):
    """A name by which articles know an actor."""

    identity_id: str = Field(
        description="The id that articles give this name.", examples=["person:volodymyr-zelensky"]
    )
    statements: int = Field(ge=0, description="Statements on record under it.")
    linked_to: str | None = Field(
        default=None, description="The name that it is linked to; null where it is to none."
    )
    reason: str | None = Field(default=None, description="Why it is the same.", examples=["spelling"])
    because: str | None = Field(
        default=None, description="The reason in words.", examples=["a short form of the given name"]
    )
    probability: float | None = Field(default=None, description="How probable that is, 0..1.")


class Candidate(Answer):
    """Another actor that a name may be, and is not taken to be."""

    identity_id: str = Field(description="The name.", examples=["person:ana-lee"])
    actor: ActorLink = Field(description="Who it may be.")
    reason: str = Field(description="Why.", examples=["alike"])
    because: str = Field(description="The reason in words.", examples=["names that sound alike"])
    probability: float = Field(description="How probable it is, 0..1.")


class Identity(Answer):
    """Which names are one actor, and why; and who else it may be."""

    actor_id: str = Field(description="The actor.", examples=["person:volodymyr-zelenskyy"])
    names: list[NameOnRecord] = Field(
        description="Most statements first; none for an actor of one article only."
    )
    described: str | None = Field(
        default=None,
        description="What articles say of one of several people of a name.",
        examples=["law, US"],
    )
    candidates: list[Candidate] = Field(description="Most probable first.")
    decisions: list[DecisionOnRecord] = Field(
        default=[], description="What people decided about it, the last first; undone ones too."
    )


class DecisionOnRecord(Answer):
    """What somebody decided about who is who."""

    decision_id: str = Field(description="The decision.", examples=["decision-0d2c…"])
    kind: DecisionKind = Field(description="What is decided.")
    decided_at: AwareDatetime = Field(description="When.")
    decided_by: str = Field(description="Who.", examples=["ana@example.org"])
    why: str = Field(description="Why.")
    says: str = Field(
        description="What it says, in words.",
        examples=["person:ana-lee is Ana-Maria Lee (person:ana-maria-lee)"],
    )
    in_force: bool = Field(description="It is not undone. A later decision may say otherwise all the same.")
    actor_id: str | None = Field(default=None, description="Whom it is about.")
    other_id: str | None = Field(default=None, description="Into whom, who not, or who said it.")
    name: str | None = Field(default=None, description="What the actor is called.")
    wikidata: str | None = Field(default=None, description="The Wikidata item.")
    statement: DecidedStatement | None = Field(default=None, description="The statement that is reassigned.")
    undoes: str | None = Field(default=None, description="The decision that does not hold any more.")


class ActorLink(Answer):
    """An actor on record."""

    actor_id: str = Field(description="The actor.", examples=["person:sergei-lavrov"])
    name: str = Field(description="The name most often used in full.", examples=["Sergei Lavrov"])
    kind: ActorKind = Field(description="What the actor is.")
    wikidata: str | None = Field(default=None, description="Wikidata item, where known.", examples=["Q58217"])
    article_id: str | None = Field(
        default=None,
        description="The only article the actor is known in; null for one known across articles.",
    )
    described: str | None = Field(
        default=None,
        description="Of one of several people of a name: what articles say.",
        examples=["politics, US"],
    )
    on_record: bool = Field(
        default=True,
        description="Whether anything is on record for it; of candidates that the registry knows only.",
    )


class Holder(Answer):
    """The statement whose words hold another: its speaker is who reports that one."""

    statement_id: str = Field(
        description="Quote id or claim id, of the same article.", examples=["quote-0d2c…"]
    )
    actor_id: str | None = Field(default=None, description="Who said it; null as long as it has not arrived.")
    name: str | None = Field(
        default=None, description="The name as in that statement.", examples=["Sergei Lavrov"]
    )


class Statement(Answer):
    """A quote or a claim on record."""

    statement_id: str = Field(description="Quote id or claim id.", examples=["quote-0d2c…"])
    kind: StatementKind = Field(description="Quote or claim.")
    subkind: Subkind = Field(description="Direct, mixed, indirect or quoted.")
    text: str = Field(description="The words.", examples=["There is no meeting planned."])
    actor: Actor = Field(description="Who said it, as the article names them.")
    actor_on_record: ActorLink = Field(description="Who that is on record.")
    jointly_with: list[Actor] = Field(
        default_factory=list,
        description=(
            "Who else said it in one breath, as the article names them: each of them has a statement of these"
            " words."
        ),
    )
    addressee: Actor | None = Field(default=None, description="To whom, where the text says so.")
    cue: Cue | None = Field(default=None, description="The reporting words.")
    stance: Stance = Field(description="What the reporter does with the words.")
    negated: bool | None = Field(
        default=None,
        description=(
            "The saying is denied or withheld: these are words that the actor did *not* "
            "say. Null of quotes that an earlier release recorded."
        ),
    )
    proposition_negated: bool | None = Field(
        default=None,
        description=(
            "Claims: what the claimant is said to hold is a negation, by its "
            "words (`the road is not closed`) or by its cue (`denied that`). Null where unknown."
        ),
    )
    check_worthiness: float | None = Field(
        default=None, description="Claims: how much a fact-checker would want to check it, 0..1."
    )
    claim_type: ClaimType | None = Field(default=None, description="Claims: what sort of proposition it is.")
    quote_id: str | None = Field(default=None, description="Claims: the quote this sentence is part of.")
    confidence: float = Field(
        description="Probability that the words are reported and the actor's mention is their source, 0..1."
    )
    source_confidence: float | None = Field(
        default=None,
        description=(
            "Probability that the mention is their source, given that they are reported; null where the"
            " extractor did not say."
        ),
    )
    spans: list[Span] = Field(description="Where the words stand in the article's text, in code points.")
    text_sha256: str = Field(description="SHA-256 of the article's text that the spans index.")
    article: ArticleLink = Field(description="Where it was found.")
    reassigned_by: str | None = Field(
        default=None,
        description="The decision that says who said it, where that is not whom the article seems to name.",
    )
    appearance_of: str = Field(
        description="The first appearance of what was said here: the same for all that tell it."
    )
    articles: int = Field(default=1, ge=1, description="Articles on record that tell it.")
    outlets: int = Field(default=0, ge=0, description="Outlets that tell it.")
    shred: bool = Field(
        default=False,
        description="Three words or fewer, or a confidence below .5: it stands as nobody's latest.",
    )
    within: Holder | None = Field(
        default=None,
        description="Second-hand: the statement that reports it; null when the article itself does.",
    )

    @property
    def speaker_confidence(self) -> float | None:
        """Probability that the actor said the words if they are reported: the mention is their source, and it
        means this actor. None where the extractor did not say, and for an unresolved source, which is
        nobody's name."""
        if self.source_confidence is None or self.actor.resolution is Resolution.UNRESOLVED:
            return None
        return self.source_confidence * self.actor.confidence

    @property
    def polarity(self) -> str:
        """What a page says behind the actor's name where the words alone would mislead: that they were not
        said, or say what is not so; else nothing."""
        if self.negated:
            return (
                "did not deny" if self.stance is Stance.DENY and self.proposition_negated else "did not say"
            )
        if not self.proposition_negated:
            return ""
        return "says it is not so" if self.stance is Stance.DENY else "says something is not so"

    @property
    def hedge(self) -> str:
        """What a page says before the actor's name when it is not sure of it; else nothing. What people
        decided is sure; a description is the article's own word, and nobody's name."""
        sure = None if self.reassigned_by or self.actor.kind is ActorKind.UNNAMED else self.speaker_confidence
        return "" if sure is None or sure >= SURE else "probably" if sure >= EVEN else "possibly"


class Withdrawal(Answer):
    """A statement that is no longer on record."""

    statement_id: str = Field(description="The statement, as it was on record.", examples=["quote-0d2c…"])
    kind: StatementKind = Field(description="Quote or claim.")
    actor_id: str = Field(description="The actor it was on record for.", examples=["person:sergei-lavrov"])
    article_id: str = Field(description="The article it was found in.", examples=["art-4f0c2f0e"])
    outlet: str | None = Field(default=None, description="Its publisher.")
    reason: Literal["withdrawn", "revised", "moved", "copy"] = Field(
        description=(
            "`withdrawn`: the article was. `revised`: it says something else now. `moved`: another actor said"
            " it, by what is known or decided now. `copy`: an earlier appearance stands for what was said"
            " once."
        )
    )
    at: AwareDatetime = Field(description="When it left the record.")


class TextPositionSelector(Answer):
    """Where words stand (W3C Web Annotation): zero-based, end exclusive, in Unicode code points."""

    type: Literal["TextPositionSelector"] = "TextPositionSelector"
    start: int = Field(description="First code point.")
    end: int = Field(description="One past the last code point.")


class TextQuoteSelector(Answer):
    """Which words, and what stands around them (W3C Web Annotation)."""

    type: Literal["TextQuoteSelector"] = "TextQuoteSelector"
    exact: str = Field(description="The words.")
    prefix: str = Field(description="What stands before them.")
    suffix: str = Field(description="What stands after them.")


Selector = Annotated[TextPositionSelector | TextQuoteSelector, Field(discriminator="type")]


class Target(Answer):
    """A stretch of an article's text, selected in two ways: the position is exact, the quotation survives
    small edits."""

    source: str = Field(description="Path of the article.", examples=["/v1/articles/art-4f0c2f0e"])
    selector: list[Selector] = Field(description="The position and the quotation.")


class WordingPart(Answer):
    """A stretch of a wording."""

    text: str = Field(description="The words.")
    shared: bool = Field(description="Whether they stand in the longest form too, in the same order.")


class Appearance(Answer):
    """One of the places where a statement is told."""

    statement_id: str = Field(description="Its own quote id or claim id.")
    kind: StatementKind = Field(description="Quote or claim.")
    subkind: Subkind = Field(description="Direct, mixed, indirect or quoted.")
    text: str = Field(description="The words here.")
    wording: list[WordingPart] = Field(description="The same words, compared with the longest form.")
    confidence: float = Field(description="As of a statement.")
    article: ArticleLink = Field(description="Where.")


class Repetition(Answer):
    """Another time when the same actor said the same."""

    statement_id: str = Field(description="Its first appearance.")
    text: str = Field(description="The words then.")
    published_at: AwareDatetime | None = Field(default=None, description="When it was first published.")
    articles: int = Field(ge=1, description="Articles that tell it.")


class StatementDetail(Statement):
    """A statement, with selectors for everything it rests on."""

    extractor: Extractor = Field(description="The program and the model that found it.")
    words: list[Target] = Field(description="The statement's words, in text order.")
    cue_words: Target | None = Field(default=None, description="The reporting words.")
    mention: Target | None = Field(default=None, description="The words that name the source.")
    first_seen: AwareDatetime | None = Field(
        default=None, description="When the first appearance was published."
    )
    longest: str = Field(description="The statement_id of the appearance with the most words.")
    appearances: list[Appearance] = Field(
        description="Wherever it is told, the first appearance first; at most 200."
    )
    said_again: list[Repetition] = Field(
        description="Other times when the actor said the same, latest first; at most 50."
    )


class ArticleSummary(ArticleLink):
    """An article in a list."""

    authors: list[str] = Field(description="By-line.")
    fetched_at: AwareDatetime = Field(description="When it came in.")
    outcome: Outcome = Field(description="What extraction made of it.")
    quotes: int = Field(ge=0, description="Quotes found.")
    claims: int = Field(ge=0, description="Claims found.")


class ArticleDetail(ArticleSummary):
    """An article as it is on record."""

    document_id: str = Field(description="The text and extraction on record.")
    text: str = Field(description="The text that all spans index.")
    text_sha256: str = Field(description="SHA-256 of `text` in UTF-8.")
    extractor: Extractor = Field(description="The program and the model that read it.")
    statements: list[Statement] = Field(description="Everything found in it, in text order.")


class TermHits(Answer):
    """How often one word or phrase of a search occurs."""

    term: str = Field(description="The word or phrase, folded.", examples=["lavrov"])
    statements: int = Field(
        ge=0, description="Statements on record that hold it, whatever the filters; 10,001 for any more."
    )


class Emptiness(Answer):
    """Why a search found nothing."""

    reason: str = Field(description="In words.", examples=["No statement holds all of these words."])
    terms: list[TermHits] = Field(description="Each word or phrase by itself.")
    statements_on_record: int = Field(ge=0, description="Statements there are altogether.")


class Highlight(Answer):
    """Where words that were looked for stand."""

    start: int = Field(ge=0, description="First code point.")
    end: int = Field(ge=0, description="One past the last code point.")


class Counted(Answer):
    """What some of the statements found have in common."""

    value: str = Field(description="What to filter by.", examples=["person:sergei-lavrov"])
    name: str | None = Field(default=None, description="Of actors: the name.", examples=["Sergei Lavrov"])
    statements: int = Field(ge=0, description="How many of the statements found.")


class Facets(Answer):
    """What the statements found are made of, all of them counted, whatever page is shown."""

    actors: list[Counted] = Field(description="Who said most of them, at most ten.")
    outlets: list[Counted] = Field(description="Where most of them were published, at most ten.")
    kinds: list[Counted] = Field(description="Quotes and claims.")
    stances: list[Counted] = Field(description="Stances, at most ten.")
    months: list[Counted] = Field(
        description="Months of publication (UTC), in order; undated ones are left out."
    )


class Suggestion(Answer):
    """What may have been meant."""

    query: str = Field(description="The search with the likeliest spelling on record.", examples=["bridge"])
    statements: int = Field(ge=0, description="How many it finds, whatever the filters; 10,001 for any more.")


class SearchAnswer(Answer):
    """What a search found."""

    query: str = Field(description="What was looked for.")
    actors: list[ActorSummary] = Field(
        description="Actors whose names match, most statements first; at most ten."
    )
    statements: Page[Statement] = Field(description="Statements that answer the search.")
    highlights: dict[str, list[Highlight]] = Field(
        default_factory=dict,
        description="Per statement id, where in its `text` the words looked for stand, in code points.",
    )
    facets: Facets | None = Field(
        default=None,
        description=(
            "What they are made of; on the first page only, and null when there are more than are counted."
        ),
    )
    suggestion: Suggestion | None = Field(
        default=None, description="What a misspelt word may mean, when nothing was found."
    )
    explanation: Emptiness | None = Field(
        default=None, description="Why nothing was found; null when something was."
    )


Whereabouts = Literal["on_record", "withdrawn", "dead_lettered", "rejected", "in_progress"]


class TrailStep(Answer):
    """One thing that happened to an article."""

    stage: Step = Field(description="Where.")
    outcome: str = Field(
        description=(
            "ingest: `accepted`, `withdrawn`, `replayed`, `rejected`; extract: the document's outcome or"
            " `dead_lettered`; aggregate: `on_record`, `superseded` (by another document, since), `withdrawn`"
            " or `dead_lettered`."
        ),
        examples=["extracted"],
    )
    at: AwareDatetime = Field(description="When.")
    after_s: float | None = Field(
        default=None, ge=0, description="Seconds since the step before; null for the first."
    )
    revision: int | None = Field(default=None, description="Of which revision, where the record says.")
    reason: str | None = Field(
        default=None, description="Why it was refused, in a word.", examples=["too_large"]
    )
    detail: str | None = Field(default=None, description="Why, in words.")
    topic: str = Field(
        description="Where in the log the record stands that it happened to.", examples=["onrecord.articles"]
    )
    partition: int = Field(description="Its partition.")
    offset: int = Field(description="Its offset.")
    letter: str | None = Field(
        default=None, description="The dead letter, as `onrecord dlq show` takes it.", examples=["0:41"]
    )
    trace_id: str | None = Field(
        default=None, description="W3C trace id: the same in logs and traces of every service."
    )


class ArticleTrail(Answer):
    """Where an article went."""

    article_id: str | None = Field(
        description="The article; null for input that was refused before it became one."
    )
    input: str | None = Field(
        default=None, description="The refused input's name.", examples=["articles.jsonl line 7"]
    )
    status: Whereabouts = Field(description="Where it is now.")
    revision: int | None = Field(default=None, description="The current revision, on record or withdrawn.")
    url: str | None = Field(default=None, description="Where it was published.")
    outlet: str | None = Field(default=None, description="Who published it.")
    title: str | None = Field(default=None, description="The headline.")
    quotes: int = Field(ge=0, description="Quotes of it on record.")
    claims: int = Field(ge=0, description="Claims of it on record.")
    waiting: int = Field(ge=0, description="Quotes and claims that came and wait for their document.")
    steps: list[TrailStep] = Field(
        description="What happened, oldest first; what is older than the trail is kept is not here."
    )


class SourceState(Answer):
    """An outlet that articles came from."""

    outlet: str = Field(description="The outlet.", examples=["example.org"])
    articles_24h: int = Field(ge=0, description="Article revisions of the last 24 hours, to the hour.")
    articles_7d: int = Field(ge=0, description="Article revisions of the last 7 days.")
    last_article: AwareDatetime = Field(description="When the last one came in.")
    outcomes: dict[str, int] = Field(
        description="What became of those of the last 7 days.",
        examples=[{"extracted": 12, "dead_lettered": 1}],
    )
    usual_silence_s: int | None = Field(
        default=None, description="Longest silence that is usual; null for an outlet without a rhythm."
    )
    silent_since: AwareDatetime | None = Field(
        default=None, description="Its last article, when the outlet is silent for too long."
    )


class SourceList(Answer):
    """Every outlet of the last four weeks, silent ones first."""

    items: list[SourceState] = Field(description="The outlets.")
    total: int = Field(ge=0, description="How many there are.")
    silent: int = Field(ge=0, description="How many of them are silent.")
