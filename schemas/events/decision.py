"""What people decide about who is who."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, ClassVar, Final, Self

from pydantic import Field, model_validator

from schemas.events.base import Event, Value
from schemas.events.parts import Identifier, Text, Timestamp, WikidataId
from schemas.ids import digest

CONTEXT_CHARS = 32
"""Code points kept on either side of reassigned words: what tells two of the same words in one article
apart."""


class DecisionKind(StrEnum):
    """What is decided. The list is closed: a reader that left a kind out would show another record than was
    decided."""

    MERGE = "merge"
    SPLIT = "split"
    RENAME = "rename"
    LINK = "link"
    REJECT = "reject"
    REASSIGN = "reassign"
    UNDO = "undo"


class WordsInContext(Value):
    """Words of an article with what stands around them, as a W3C text quotation selector."""

    exact: Text = Field(min_length=1, description="The words.", examples=["The bridge will reopen in May"])
    prefix: Text = Field(default="", max_length=CONTEXT_CHARS, description="What stands before them.")
    suffix: Text = Field(default="", max_length=CONTEXT_CHARS, description="What stands after them.")


class DecidedStatement(Value):
    """The statement that is reassigned: found again by its article and its words, whatever id a later
    extractor gives it."""

    statement_id: Identifier = Field(description="Its id when it was decided; nothing depends on it.")
    article_id: Identifier = Field(description="The article.")
    words: Annotated[tuple[WordsInContext, ...], Field(min_length=1, max_length=256)] = Field(
        description="Its words, in text order."
    )


NEEDED: Final = {
    DecisionKind.MERGE: {"actor_id", "other_id"},
    DecisionKind.SPLIT: {"actor_id"},
    DecisionKind.RENAME: {"actor_id", "name"},
    DecisionKind.LINK: {"actor_id"},
    DecisionKind.REJECT: {"actor_id", "other_id"},
    DecisionKind.REASSIGN: {"other_id", "statement"},
    DecisionKind.UNDO: {"undoes"},
}
"""The parts that a decision of each kind has."""
OPTIONAL: Final = {DecisionKind.LINK: {"wikidata"}}
"""Those that it may have besides."""
_PARTS: Final = frozenset(("actor_id", "other_id", "name", "wikidata", "statement", "undoes"))


class Decision(Event):
    """What somebody decided about who is who, when and why. It has the last word over the registry and over
    automatic links.

    Its topic is compacted and its key is its own id: every decision is kept, those undone too, and one that
    was written twice goes.
    """

    event_type: ClassVar[str] = "org.onrecord.decision.made.v1"
    schema_name: ClassVar[str] = "decision.v1"
    topic: ClassVar[str] = "onrecord.decisions"

    decision_id: Identifier = Field(
        description="Deterministic over all the rest.", examples=["decision-0d2c…"]
    )
    kind: DecisionKind = Field(
        description=(
            "`merge`: what is on record as `actor_id` is `other_id`'s. `split`: the name `actor_id` stands on"
            " its own, whatever was merged or linked before. `rename`: `actor_id` is called `name`. `link`:"
            " `actor_id` is the Wikidata item `wikidata`, or none where that is null. `reject`: the names"
            " `actor_id` and `other_id` are two. `reassign`: `other_id` said the words of `statement`."
            " `undo`: the decision `undoes`, which was made before, does not hold."
        )
    )
    decided_at: Timestamp = Field(
        description=(
            "When; of two that contradict each other the later one holds, of one moment the greater id."
        )
    )
    decided_by: Text = Field(min_length=1, max_length=256, description="Who.", examples=["ana@example.org"])
    why: Text = Field(
        min_length=1,
        max_length=2_000,
        description="Why, in words.",
        examples=["One person: see the minister's own page."],
    )
    actor_id: Identifier | None = Field(
        default=None, description="Whom it is about: the id of an actor, or of one of its names."
    )
    other_id: Identifier | None = Field(
        default=None,
        description="`merge`: whose it is from now on; `reject`: who it is not; `reassign`: who said it.",
    )
    name: Text | None = Field(
        default=None, min_length=1, max_length=256, description="`rename`: what the actor is called."
    )
    wikidata: WikidataId | None = Field(
        default=None, description="`link`: the Wikidata item; null for none.", examples=["Q58217"]
    )
    statement: DecidedStatement | None = Field(default=None, description="`reassign`: the statement.")
    undoes: Identifier | None = Field(
        default=None, description="`undo`: the decision that does not hold any more; it may be an undo."
    )

    @classmethod
    def made(cls, **parts: Any) -> Self:
        """A decision of these parts, with its id.

        Raises:
            pydantic.ValidationError: they make no decision.
        """
        draft = cls(decision_id="decision", **parts)
        return draft.model_copy(
            update={"decision_id": digest("decision", draft.model_dump_json(exclude={"decision_id"}))}
        )

    @model_validator(mode="after")
    def _has_its_parts(self) -> Self:
        given = {name for name in _PARTS if getattr(self, name) is not None}
        needed = NEEDED[self.kind]
        if missing := sorted(needed - given):
            raise ValueError(f"{self.kind.value} needs {', '.join(missing)}")
        if foreign := sorted(given - needed - OPTIONAL.get(self.kind, set())):
            raise ValueError(f"{self.kind.value} has no {', '.join(foreign)}")
        if self.actor_id is not None and self.actor_id == self.other_id:
            raise ValueError(f"{self.kind.value} needs two actors, and both are {self.actor_id}")
        return self

    @property
    def event_id(self) -> str:
        return self.decision_id

    @property
    def partition_key(self) -> str:
        return self.decision_id

    @property
    def subject(self) -> str:
        """Whom or what it is about."""
        return self.actor_id or self.other_id or self.undoes or self.decision_id
