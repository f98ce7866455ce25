"""Who said a statement: whom its article names, or whom people say."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import sqlalchemy as sa

from schemas import relational
from schemas.events import Actor
from services.aggregate.changes import who
from services.aggregate.reassigning import Region, regions, stands_in
from services.aggregate.store.bulk import chunks
from services.aggregate.store.decisions import reassignments

_documents, _statements = relational.documents, relational.statements


class Reassigned:
    """The reassignments of some articles, whose documents are stored already."""

    def __init__(self, connection: sa.Connection, articles: Collection[str]) -> None:
        self._connection = connection
        self._decisions = reassignments(connection, articles)
        self._regions: dict[str, list[tuple[Any, list[Region]]]] = {}
        self._stored: dict[str, dict[str, Any]] = {}
        texts = sa.select(_documents.c.article_id, _documents.c.text)
        for chunk in chunks(sorted(self._decisions)):
            for article, text in connection.execute(texts.where(_documents.c.article_id.in_(chunk))):
                made = self._decisions[article]
                self._regions[article] = [
                    (decision, regions(text, decision.statement["words"])) for decision in made
                ]

    @property
    def articles(self) -> Collection[str]:
        """Those in which anything is reassigned."""
        return self._decisions.keys()

    def who(self, statement: Mapping[str, Any], *, on_record: bool) -> tuple[str | None, str | None]:
        """Who said it, as an identity, and the decision that says so; without one, whom its article names. Of
        several decisions about the same words the last one holds."""
        if on_record:
            for decision, found in reversed(self._regions.get(statement["article_id"], [])):
                if stands_in(self._whole(statement)["spans"], found):
                    return decision.other_id, decision.decision_id
        if statement["reassigned_by"] is None:
            return statement["identity_id"], None
        actor = Actor.model_validate(self._whole(statement)["actor"], extra="ignore")
        return who(actor, statement["article_id"], statement["published_at"])["identity_id"], None

    def _whole(self, statement: Mapping[str, Any]) -> Mapping[str, Any]:
        """The statement with its spans and its actor; of a stored one only what is counted was loaded."""
        if "spans" in statement:
            return statement
        article = statement["article_id"]
        if article not in self._stored:
            query = sa.select(_statements.c.statement_id, _statements.c.spans, _statements.c.actor)
            rows = self._connection.execute(query.where(_statements.c.article_id == article))
            self._stored[article] = {row.statement_id: row._asdict() for row in rows}
        found: Mapping[str, Any] = self._stored[article][statement["statement_id"]]
        return found
