"""Which statements are on record: a pure function of the documents and statements seen, whatever order they
came in.

Of an article's documents the one of greatest precedence is current. A statement is

- **on record** when its document is the current one, not a withdrawal, and its lists name it;
- **dropped** when its document can never become current: its revision is older, or the current revision is
  withdrawn, or its document was seen and lost; in short it is kept among those retired;
- **kept waiting** otherwise: its document has not arrived, or only events of it that do not name it.

Of two statements with one id the one with the smaller content key stands; of two documents with one id, which
one version of the extractor makes only by mistake, the one of greater precedence, and the other's statements
wait in vain. Nothing that was dropped could ever come back, and whatever waits is judged again with every
document of its article, so arriving earlier or later makes no difference.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

import sqlalchemy as sa

from schemas import relational
from schemas.events import ActorKind
from schemas.words import forms
from services.aggregate.changes import (
    Change,
    DecisionChange,
    DocumentChange,
    DocumentOrder,
    StatementChange,
    contribution,
    precedence,
)
from services.aggregate.identity.deciding import description_of
from services.aggregate.identity.local import is_local
from services.aggregate.store import decisions
from services.aggregate.store.appearances import SELECTED, regroup
from services.aggregate.store.bulk import chunks, delete, upsert
from services.aggregate.store.identities import Settled, settle
from services.aggregate.store.lexicon import Form
from services.aggregate.store.locks import Kind, lock
from services.aggregate.store.reassigned import Reassigned
from services.chassis.errors import LimitExceeded

Row = dict[str, Any]
_OFF: Mapping[str, None] = dict.fromkeys(("described", "wording", "appearance_of", "standing"))
"""What a statement that is not on record has no part in."""

_documents, _statements, _superseded = relational.documents, relational.statements, relational.superseded
_actors, _identities = relational.actors, relational.identities
_retired = relational.retired

_HEAD = [
    _documents.c[name]
    for name in (
        "article_id", "document_id", "revision", "withdrawn", "extractor_version", "model_sha256", "content_key", "quote_ids", "claim_ids",
    )
]  # fmt: skip


class Verdict(Enum):
    """What becomes of a statement."""

    ON_RECORD = "on_record"
    WAITING = "waiting"
    DROPPED = "dropped"


@dataclass(slots=True)
class Head:
    """What decides over an article's statements: its current document, and the others of the same revision
    that lost."""

    row: Row | None = None
    order: DocumentOrder = ()
    lost: set[str] = field(default_factory=set)
    listed: frozenset[str] = frozenset()

    def make_current(self, row: Row, order: DocumentOrder) -> None:
        """Take this document as the current one."""
        self.row, self.order = row, order
        self.listed = frozenset((*row["quote_ids"], *row["claim_ids"]))

    def verdict(self, statement: Row) -> Verdict:
        """What becomes of a statement of this article."""
        if self.row is None or statement["revision"] > self.row["revision"]:
            return Verdict.WAITING
        if (
            statement["revision"] < self.row["revision"]
            or self.row["withdrawn"]
            or statement["document_id"] in self.lost
        ):
            return Verdict.DROPPED
        named = (
            statement["document_id"] == self.row["document_id"] and statement["statement_id"] in self.listed
        )
        return Verdict.ON_RECORD if named else Verdict.WAITING


@dataclass(slots=True)
class Effect:
    """What a batch did to the actors: changes of their tallies (quotes, claims), and whose record changed at
    all."""

    tallies: defaultdict[tuple[str, str, str], list[int]] = field(
        default_factory=lambda: defaultdict(lambda: [0, 0])
    )
    actors: set[str] = field(default_factory=set)
    local: dict[str, str] = field(default_factory=dict)
    """The article of each actor that is known in one only."""
    words: set[Form] = field(default_factory=set)
    """Words of what was written."""
    written: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    left: dict[str, Row] = field(default_factory=dict)
    """Statements that were counted, as they were, by id."""
    came: dict[str, Row] = field(default_factory=dict)
    """Statements that are counted from now on, as they are, likewise."""

    def count(self, statement: Mapping[str, Any], actor: str, sign: int) -> None:
        """Add a statement to an actor's tallies, or take it away."""
        self.actors.add(actor)
        if is_local(actor) and actor == statement["identity_id"] and statement["reassigned_by"] is None:
            self.local[actor] = statement["article_id"]
        place = 0 if statement["kind"] == "quote" else 1
        for dimension, value in contribution(statement):
            self.tallies[actor, dimension, value][place] += sign


@dataclass(slots=True)
class Plan:
    """What is to be done with statements: rows to write, to delete, to put on record or take off it, to give
    to who said them by a decision, or back; which no longer count as they are stored, and which count from
    now on."""

    written: list[dict[str, Any]] = field(default_factory=list)
    given: list[Row] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    retired: list[Row] = field(default_factory=list)
    flipped: dict[bool, list[Row]] = field(default_factory=lambda: {True: [], False: []})
    leaving: list[Row] = field(default_factory=list)
    coming: list[Row] = field(default_factory=list)

    def __len__(self) -> int:
        return (
            len(self.written)
            + len(self.given)
            + len(self.dropped)
            + len(self.flipped[True])
            + len(self.flipped[False])
        )


def apply_changes(connection: sa.Connection, changes: Sequence[Change]) -> Effect:
    """Bring decisions, documents and statements up to date; returns what that means for the actors."""
    affected = decisions.record(
        connection, (change.row for change in changes if isinstance(change, DecisionChange))
    )
    documents = [change for change in changes if isinstance(change, DocumentChange)]
    incoming = _one_per_id(change.row for change in changes if isinstance(change, StatementChange))
    articles = (
        {change.row["article_id"] for change in documents}
        | {row["article_id"] for row in incoming.values()}
        | affected.articles
    )
    lock(connection, Kind.ARTICLE, articles)
    if affected.shown:
        # an actor that another replica is making must be there, or see this decision
        lock(connection, Kind.IDENTITY, ["identities"])
    heads = _load_heads(connection, sorted(articles))
    effect = Effect()
    moved = _apply_documents(connection, heads, documents, effect)
    _apply_statements(connection, heads, incoming, moved | affected.articles, effect, affected.names)
    effect.actors |= on_record(connection, affected.shown)
    effect.written["decisions"] += affected.count
    return effect


def _one_per_id(rows: Iterable[Row]) -> dict[str, Row]:
    chosen: dict[str, Row] = {}
    for row in rows:
        known = chosen.get(row["statement_id"])
        if known is None or row["content_key"] < known["content_key"]:
            chosen[row["statement_id"]] = row
    return chosen


def _load_heads(connection: sa.Connection, articles: list[str]) -> dict[str, Head]:
    heads = {article: Head() for article in articles}
    # the raw microseconds, not a datetime
    fetched = sa.type_coerce(_documents.c.fetched_at, sa.BigInteger).label("fetched_at")
    for chunk in chunks(articles):
        for row in connection.execute(sa.select(*_HEAD, fetched).where(_documents.c.article_id.in_(chunk))):
            values = row._asdict()
            heads[row.article_id].make_current(values, precedence(values))
        for lost in connection.execute(sa.select(_superseded).where(_superseded.c.article_id.in_(chunk))):
            heads[lost.article_id].lost.add(lost.document_id)
    return heads


def _apply_documents(
    connection: sa.Connection, heads: Mapping[str, Head], documents: Sequence[DocumentChange], effect: Effect
) -> Set[str]:
    """Find each article's current document; returns the articles whose statements must be judged again: all
    that a document came of, a repeated one too, because what is stored may have been judged by an earlier
    release."""
    arrived: dict[str, list[DocumentChange]] = defaultdict(list)
    for change in documents:
        arrived[change.row["article_id"]].append(change)
    current: list[Row] = []
    lost: list[Row] = []
    found: list[str] = []
    for article, candidates in sorted(arrived.items()):
        head = heads[article]
        before = replace(head)
        best = max(candidates, key=lambda change: change.precedence)
        if head.row is None or best.precedence > head.order:
            head.make_current(best.row, best.precedence)
            current.append(best.row)
        assert head.row is not None, "a document has come"
        head.lost = _lost(head.row, before, candidates)
        lost += [
            {"document_id": document, "article_id": article} for document in sorted(head.lost - before.lost)
        ]
        found += before.lost - head.lost
    delete(connection, _superseded.c.document_id, found)
    upsert(connection, _superseded, lost)
    upsert(connection, _documents, current)
    effect.written["documents"] += len(current)
    return arrived.keys()


def _lost(current: Row, before: Head, arrived: Iterable[DocumentChange]) -> set[str]:
    """The documents of the current revision that lost; none when it is withdrawn, since that beats them all
    unseen."""
    if current["withdrawn"]:
        return set()
    seen = [change.row for change in arrived] + ([before.row] if before.row is not None else [])
    lost = {row["document_id"] for row in seen if row["revision"] == current["revision"]}
    if before.row is not None and before.row["revision"] == current["revision"]:
        lost |= before.lost
    return lost - {current["document_id"]}


def _apply_statements(
    connection: sa.Connection,
    heads: Mapping[str, Head],
    incoming: Mapping[str, Row],
    moved: Set[str],
    effect: Effect,
    ruled: Set[str],
) -> None:
    stored = _load_statements(connection, _statements.c.statement_id, incoming)
    reassigned = Reassigned(connection, heads.keys())
    stored |= _load_statements(connection, _statements.c.article_id, moved | set(reassigned.articles))
    plan = Plan()
    for statement_id in sorted(stored.keys() | incoming.keys()):
        _judge(heads, stored.get(statement_id), incoming.get(statement_id), reassigned, plan)
    texts = {
        article: head.row["text"]
        for article, head in heads.items()
        if head.row is not None and "text" in head.row
    }
    describe(connection, plan.coming, texts)
    carry_out(connection, plan, effect, ruled)
    effect.written["statements"] += len(plan)


def _judge(
    heads: Mapping[str, Head], old: Row | None, new: Row | None, reassigned: Reassigned, plan: Plan
) -> None:
    """Decide on one statement, stored, arriving, or both."""
    if old is not None and old["article_id"] not in heads:
        raise LimitExceeded(
            f"{old['statement_id']} belongs to article {old['article_id']} already: one id must not name two"
            " statements",
            stage="apply",
            reason="id_conflict",
        )
    replaces = new is not None and (old is None or new["content_key"] < old["content_key"])
    statement: Row | None = new if replaces else old
    assert statement is not None, "an id comes from one of the two"
    verdict = heads[statement["article_id"]].verdict(statement)
    on_record, was_on_record = verdict is Verdict.ON_RECORD, old is not None and bool(old["on_record"])
    identity, decision = reassigned.who(statement, on_record=on_record)
    given = (identity, decision) != (statement["identity_id"], statement["reassigned_by"])
    if given or replaces:
        statement = {
            **statement, "identity_id": identity, "reassigned_by": decision, "on_record": on_record, "described": None,
        }  # fmt: skip
    if verdict is Verdict.DROPPED:
        plan.dropped += [statement["statement_id"]] if old is not None else []
        plan.retired.append(statement)
    elif replaces:
        plan.written.append(statement)
    elif given:
        plan.given.append(statement)
    elif on_record != was_on_record:
        plan.flipped[on_record].append(statement)
    if replaces or given or on_record != was_on_record:
        if was_on_record and old is not None:
            plan.leaving.append(old)
        if on_record:
            plan.coming.append(statement)


def describe(connection: sa.Connection, coming: Sequence[Row], texts: Mapping[str, str]) -> None:
    """Note with statements that come on record what their articles say of the persons; ``texts``: by article,
    of those at hand. Of whom people say that he said it, the article says nothing."""
    for row in coming:
        row["described"] = None
    persons = [
        row for row in coming if row["actor_kind"] == ActorKind.PERSON and row["reassigned_by"] is None
    ]
    wanted = [row for row in persons if row["identity_id"] and not is_local(row["identity_id"])]
    known = dict(texts)
    for chunk in chunks({row["article_id"] for row in wanted} - known.keys()):
        found = connection.execute(
            sa.select(_documents.c.article_id, _documents.c.text).where(_documents.c.article_id.in_(chunk))
        )
        known |= {row.article_id: row.text for row in found}
    said: dict[tuple[str, str, str], str | None] = {}
    for row in wanted:
        name = (row["article_id"], row["identity_id"], row["actor_name"])
        if name not in said:
            said[name] = description_of(
                row["actor_name"], row["identity_id"], known[row["article_id"]], row["outlet"]
            )
        row["described"] = said[name]


def carry_out(connection: sa.Connection, plan: Plan, effect: Effect, ruled: Set[str]) -> None:
    """Find out who the statements' actors are on record, write the rows, and count them where they belong;
    ``ruled`` are names about whom people decided."""
    followed = follow(connection, plan.leaving, plan.coming, ruled)
    delete(connection, _statements.c.statement_id, plan.dropped)
    _retire(connection, plan.retired)
    _flip(connection, plan.flipped, followed.settled)
    for row in plan.written:
        row["actor_id"] = followed.settled.actor_of(row) if row["on_record"] else row["identity_id"]
        effect.words |= forms(row["language"], row["words"].split())
    upsert(connection, _statements, plan.written)
    for given in plan.given:
        actor = followed.settled.actor_of(given) if given["on_record"] else given["identity_id"]
        values = {name: given[name] for name in ("identity_id", "reassigned_by", "on_record", "described")}
        values |= {} if given["on_record"] else _OFF
        change = sa.update(_statements).where(_statements.c.statement_id == given["statement_id"])
        connection.execute(change.values(**values, actor_id=actor))
    count(connection, followed.left, {**followed.came, **_with_actors(plan.coming, followed.settled)}, effect)


@dataclass(slots=True)
class Followed:
    """Who the identities of a batch are on record, and the stored statements that they or others took with
    them to another actor."""

    settled: Settled
    left: list[Row]
    """As they were, those that leave the record among them."""
    came: dict[str, Row]
    """As they are, by id."""


def follow(
    connection: sa.Connection, leaving: Sequence[Row], coming: Sequence[Row], ruled: Set[str] = frozenset()
) -> Followed:
    """Find out who the statements' actors are on record; ``leaving`` as they were when they were read."""
    leaving = _as_stored_now(connection, leaving)
    changed: defaultdict[tuple[str, str | None], int] = defaultdict(int)
    for row, sign in (*((row, 1) for row in coming), *((row, -1) for row in leaving)):
        # one of an earlier release has none, and was not counted; it gets one when the service starts anew
        if row["identity_id"] is not None:
            changed[row["identity_id"], row["described"]] += sign
    settled = settle(connection, changed, ruled)
    gone = {row["statement_id"] for row in leaving}
    stored = _load_statements(connection, _statements.c.identity_id, settled.moved)
    left = [
        row for row in stored.values()
        if row["on_record"] and row["statement_id"] not in gone and settled.actor_of(row) != row["actor_id"]
    ]  # fmt: skip
    came = _with_actors(left, settled)
    _move(connection, came.values())
    return Followed(settled, [*leaving, *left], came)


def _move(connection: sa.Connection, rows: Iterable[Row]) -> None:
    by_actor: defaultdict[str, list[str]] = defaultdict(list)
    for row in rows:
        by_actor[row["actor_id"]].append(row["statement_id"])
    for actor, ids in sorted(by_actor.items()):
        for chunk in chunks(ids):
            connection.execute(
                sa.update(_statements).where(_statements.c.statement_id.in_(chunk)).values(actor_id=actor)
            )


def _as_stored_now(connection: sa.Connection, leaving: Sequence[Row]) -> Sequence[Row]:
    """Statements that leave the record, read again once nobody else can change links: another replica may
    have moved them, or counted them otherwise, meanwhile."""
    if connection.dialect.name == "sqlite" or not leaving:
        return leaving
    lock(connection, Kind.IDENTITY, ["identities"])
    return list(
        _load_statements(
            connection, _statements.c.statement_id, (row["statement_id"] for row in leaving)
        ).values()
    )


def _with_actors(rows: Iterable[Row], settled: Settled) -> dict[str, Row]:
    return {row["statement_id"]: {**row, "actor_id": settled.actor_of(row)} for row in rows}


def count(connection: sa.Connection, left: Sequence[Row], came: Mapping[str, Row], effect: Effect) -> None:
    """Count statements where they belong from now on: those that left, as they were; those that came, as they
    are; and those that count otherwise because of these."""
    for row in left:
        effect.count(row, row["actor_id"], -1)
        effect.left[row["statement_id"]] = row
    for grouped, standing in regroup(connection, left, came):
        name, now = grouped["statement_id"], {**grouped, "standing": standing}
        if name not in came:
            effect.count(grouped, grouped["actor_id"], -1)
            effect.left[name] = {**grouped}
        effect.count(now, now["actor_id"], +1)
        effect.came[name] = now


def _retire(connection: sa.Connection, rows: Sequence[Row]) -> None:
    """Keep what is dropped in short: old links lead to it."""
    known: dict[str, str] = {}
    for chunk in chunks(row["statement_id"] for row in rows):
        found = sa.select(_retired.c.statement_id, _retired.c.content_key).where(
            _retired.c.statement_id.in_(chunk)
        )
        known |= {row.statement_id: row.content_key for row in connection.execute(found)}
    names = [column.name for column in _retired.columns]
    fresh = [
        row
        for row in rows
        if row["statement_id"] not in known or row["content_key"] < known[row["statement_id"]]
    ]
    upsert(connection, _retired, [{name: row[name] for name in names} for row in fresh])


def on_record(connection: sa.Connection, names: Set[str]) -> set[str]:
    """The actors on record that have these ids, or these names."""
    found: set[str] = set()
    for chunk in chunks(sorted(names)):
        named = sa.select(_identities.c.actor_id).where(_identities.c.identity_id.in_(chunk))
        either = _actors.c.actor_id.in_(chunk) | _actors.c.actor_id.in_(named)
        found |= set(connection.execute(sa.select(_actors.c.actor_id).where(either)).scalars())
    return found


def _flip(connection: sa.Connection, flipped: Mapping[bool, Sequence[Row]], settled: Settled) -> None:
    alike: defaultdict[tuple[str | None, str | None], list[str]] = defaultdict(list)
    for row in flipped[True]:
        found = settled.actor_of(row)
        # what waits has its identity for its actor, and no description
        alike[None if found == row["actor_id"] else found, row["described"]].append(row["statement_id"])
    for (actor, described), ids in alike.items():
        values: dict[str, Any] = {"on_record": True}
        values |= {} if actor is None else {"actor_id": actor}
        values |= {} if described is None else {"described": described}
        for chunk in chunks(ids):
            connection.execute(
                sa.update(_statements).where(_statements.c.statement_id.in_(chunk)).values(**values)
            )
    for chunk in chunks(row["statement_id"] for row in flipped[False]):
        off = sa.update(_statements).where(_statements.c.statement_id.in_(chunk))
        own = sa.func.coalesce(_statements.c.identity_id, _statements.c.actor_id)
        connection.execute(off.values(actor_id=own, on_record=False, **_OFF))


def _load_statements(
    connection: sa.Connection, column: sa.Column[Any], values: Iterable[str]
) -> dict[str, Row]:
    found: dict[str, Row] = {}
    for chunk in chunks(sorted(values)):
        for row in connection.execute(SELECTED.where(column.in_(chunk))):
            found[row.statement_id] = row._asdict()
    return found
