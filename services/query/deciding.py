"""What people want decided, held against the record: a decision that would change nothing, or not what was
meant, is not made.

The record may be behind the log, and others may decide meanwhile. So this is a help for people, and no guard:
whatever comes onto the log has a meaning (:mod:`schemas.events.decision`).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import Connection, and_, or_, select

from schemas.events import DecidedStatement, Decision, DecisionKind, Span, WordsInContext
from schemas.events.decision import CONTEXT_CHARS, NEEDED, OPTIONAL
from schemas.events.parts import Identifier, Timestamp
from schemas.relational import candidates, decisions, documents, identities, statements
from services.query.problems import Merged, Trouble, bad_parameter
from services.query.records.actors import require

AHEAD = timedelta(minutes=1)
"""How far another clock may be ahead: what is decided in the future would hold against all that is decided
until then."""

Parts = dict[str, Any]


class Draft(BaseModel):
    """What somebody wants decided, when and why."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    kind: DecisionKind = Field(
        description="What is decided; it says which of the other fields there must be."
    )
    decided_by: str = Field(
        min_length=1, max_length=256, description="Who decides.", examples=["ana@example.org"]
    )
    why: str = Field(min_length=1, max_length=2_000, description="Why, in words; readers see it.")
    decided_at: Timestamp | None = Field(
        default=None,
        description=(
            "When; now, where it is left out. The same decision sent again with the same time is one"
            " decision."
        ),
    )
    actor_id: Identifier | None = Field(
        default=None, description="`merge`, `rename`, `link`: the actor. `split`, `reject`: a name of one."
    )
    other_id: Identifier | None = Field(
        default=None, description="`merge`: into whom. `reject`: who it is not. `reassign`: who said it."
    )
    name: str | None = Field(default=None, max_length=256, description="`rename`: what the actor is called.")
    wikidata: str | None = Field(
        default=None, description="`link`: the item; null for none.", examples=["Q58217"]
    )
    statement_id: Identifier | None = Field(default=None, description="`reassign`: the quote or claim.")
    undoes: Identifier | None = Field(
        default=None, description="`undo`: the decision that does not hold any more."
    )


def decided(connection: Connection, draft: Draft) -> list[Decision]:
    """The decisions to be made: one, but of a rejection as many as there are pairs of names that may be the
    same.

    Raises:
        Trouble: 422 what is named is not on record, or is missing; 409 the record already says so, or says
            otherwise than is supposed.
    """
    now = datetime.now(UTC)
    at = draft.decided_at.astimezone(UTC) if draft.decided_at else now
    if at > now + AHEAD:
        raise bad_parameter(
            "decided_at",
            f"it is {now:%Y-%m-%d %H:%M:%S} UTC here, and a decision cannot be made in the future",
        )
    given = draft.model_dump(exclude={"kind", "decided_by", "why", "decided_at"}, exclude_none=True)
    # a draft names the statement that the decision holds
    needed = {"statement_id" if part == "statement" else part for part in NEEDED[draft.kind]}
    optional = OPTIONAL.get(draft.kind, set())
    missing = sorted(needed - given.keys())
    if missing:
        raise bad_parameter(missing[0], f"a {draft.kind.value} needs it")
    if draft.kind is DecisionKind.LINK and "wikidata" not in draft.model_fields_set:
        raise bad_parameter("wikidata", "a link needs it: the item, or null for none")
    foreign = sorted(given.keys() - needed - optional)
    if foreign:
        raise bad_parameter(foreign[0], f"a {draft.kind.value} has no such part")
    try:
        return [
            Decision.made(
                **{
                    "kind": draft.kind,
                    "decided_at": at,
                    "decided_by": draft.decided_by,
                    "why": draft.why,
                    **parts,
                }
            )
            for parts in _MAKERS[draft.kind](connection, draft)
        ]
    except ValidationError as error:
        problem = error.errors()[0]
        where = str(problem["loc"][0]) if problem["loc"] else "kind"
        raise bad_parameter(where, str(problem["msg"]).removeprefix("Value error, ")) from error


def conflict(detail: str) -> Trouble:
    """409: the record says otherwise."""
    return Trouble(HTTPStatus.CONFLICT, "decision-conflict", detail)


# -- one kind each: what is checked, and the parts of the decision -------------------------------------------


def _merge(connection: Connection, draft: Draft) -> list[Parts]:
    actor = _on_record(connection, "actor_id", draft.actor_id)
    if actor != draft.actor_id:
        cure = (
            f"merge {actor!r} to move all of it; to move this name alone, split it first, or undo what"
            " joined it"
        )
        raise conflict(f"{draft.actor_id!r} is on record as {actor!r}: {cure}.")
    other = _known(connection, draft.other_id)
    if other == actor:
        raise conflict(f"{draft.actor_id!r} and {draft.other_id!r} are one actor already.")
    return [{"actor_id": actor, "other_id": other}]


def _split(connection: Connection, draft: Draft) -> list[Parts]:
    name = draft.actor_id
    row = connection.execute(select(identities).where(identities.c.identity_id == name)).one_or_none()
    if row is None:
        actor = _on_record(connection, "actor_id", name)
        raise conflict(f"{actor!r} stands on its own already.")
    if row.linked_to == name:
        raise conflict(
            f"{name!r} is the registry's own id for it: split the other names off, or link it to another item"
            " of Wikidata."
        )
    others = set(
        connection.execute(
            select(identities.c.identity_id).where(identities.c.actor_id == row.actor_id)
        ).scalars()
    ) - {name}
    if not others and row.linked_to is None:
        raise conflict(f"{name!r} stands on its own already.")
    merged = select(decisions.c.actor_id).where(
        decisions.c.in_force, decisions.c.other_id == name, decisions.c.kind == DecisionKind.MERGE.value
    )
    if row.actor_id == name and others <= set(connection.execute(merged).scalars()):
        raise conflict(
            f"{name!r} is whom the others were merged into: split those, {', '.join(sorted(others))}, or undo"
            " their merges."
        )
    return [{"actor_id": name}]


def _rename(connection: Connection, draft: Draft) -> list[Parts]:
    actor = _on_record(connection, "actor_id", draft.actor_id)
    if require(connection, actor).name == draft.name:
        raise conflict(f"{actor!r} is called {draft.name!r} already.")
    return [{"actor_id": actor, "name": draft.name}]


def _link(connection: Connection, draft: Draft) -> list[Parts]:
    actor = _on_record(connection, "actor_id", draft.actor_id)
    if require(connection, actor).wikidata == draft.wikidata:
        raise conflict(f"{actor!r} {'is ' + draft.wikidata if draft.wikidata else 'has no item'} already.")
    return [{"actor_id": actor, "wikidata": draft.wikidata}]


def _reject(connection: Connection, draft: Draft) -> list[Parts]:
    actor, other = (
        _known(connection, one, parameter)
        for one, parameter in ((draft.actor_id, "actor_id"), (draft.other_id, "other_id"))
    )
    if actor == other:
        raise conflict(
            f"{draft.actor_id!r} and {draft.other_id!r} are one actor on record: split one off, or undo what"
            " joined them."
        )
    ours, theirs = ([*_names(connection, one), one] for one in (actor, other))
    pair = or_(
        and_(candidates.c.identity_id.in_(ours), candidates.c.other_id.in_(theirs)),
        and_(candidates.c.identity_id.in_(theirs), candidates.c.other_id.in_(ours)),
    )
    found = connection.execute(select(candidates.c.identity_id, candidates.c.other_id).where(pair)).all()
    pairs = sorted((row.identity_id, row.other_id) for row in found) or [(actor, other)]
    return [{"actor_id": one, "other_id": two} for one, two in pairs]


def _reassign(connection: Connection, draft: Draft) -> list[Parts]:
    query = select(
        statements.c.statement_id,
        statements.c.article_id,
        statements.c.actor_id,
        statements.c.spans,
        documents.c.text,
    )
    query = query.join(documents, documents.c.article_id == statements.c.article_id)
    row = connection.execute(
        query.where(statements.c.on_record, statements.c.statement_id == draft.statement_id)
    ).one_or_none()
    if row is None:
        raise bad_parameter("statement_id", f"no statement {draft.statement_id!r} is on record")
    other = _known(connection, draft.other_id)
    if other == row.actor_id:
        raise conflict(f"{other!r} said it already, by the record.")
    words = tuple(_in_context(row.text, Span.model_validate(span)) for span in row.spans)
    return [
        {
            "other_id": other,
            "statement": DecidedStatement(
                statement_id=row.statement_id, article_id=row.article_id, words=words
            ),
        }
    ]


def _undo(connection: Connection, draft: Draft) -> list[Parts]:
    row = connection.execute(select(decisions).where(decisions.c.decision_id == draft.undoes)).one_or_none()
    if row is None:
        raise bad_parameter(
            "undoes",
            f"no decision {draft.undoes!r} is on record; one that was made just now is within moments",
        )
    if not row.in_force:
        raise conflict(f"{draft.undoes!r} is undone already.")
    parts: Parts = {"undoes": draft.undoes}
    if (draft.decided_at or datetime.now(UTC)) <= row.decided_at:
        # a clock that is behind: an undo holds against what was decided before it
        parts["decided_at"] = row.decided_at.astimezone(UTC) + timedelta(microseconds=1)
    return [parts]


_MAKERS: dict[DecisionKind, Callable[[Connection, Draft], list[Parts]]] = {
    DecisionKind.MERGE: _merge,
    DecisionKind.SPLIT: _split,
    DecisionKind.RENAME: _rename,
    DecisionKind.LINK: _link,
    DecisionKind.REJECT: _reject,
    DecisionKind.REASSIGN: _reassign,
    DecisionKind.UNDO: _undo,
}


# -- the record ----------------------------------------------------------------------------------------------


def _on_record(connection: Connection, parameter: str, name: str | None) -> str:
    """The actor on record that has this id, or this name."""
    try:
        actor: str = require(connection, name or "").actor_id
    except Merged as merged:
        return merged.into
    except Trouble as trouble:
        raise bad_parameter(parameter, trouble.detail) from trouble
    return actor


def _known(connection: Connection, name: str | None, parameter: str = "other_id") -> str:
    """As :func:`_on_record`, or the id of somebody whom nothing but the registry knows: a candidate of a
    name."""
    try:
        return _on_record(connection, parameter, name)
    except Trouble:
        listed = select(candidates.c.other_id).where(candidates.c.other_id == name)
        linked = select(identities.c.linked_to).where(identities.c.linked_to == name)
        if name is None or not connection.execute(select(or_(listed.exists(), linked.exists()))).scalar_one():
            raise
        return name


def _names(connection: Connection, actor: str) -> list[str]:
    return list(
        connection.execute(select(identities.c.identity_id).where(identities.c.actor_id == actor)).scalars()
    )


def _in_context(text: str, span: Span) -> WordsInContext:
    before = text[max(0, span.start - CONTEXT_CHARS) : span.start]
    return WordsInContext(exact=span.exact, prefix=before, suffix=text[span.end : span.end + CONTEXT_CHARS])
