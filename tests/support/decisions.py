"""Decisions for tests, one minute after the other."""

from __future__ import annotations

import datetime as dt
from typing import Any

from schemas.events import DecidedStatement, Decision, DecisionKind, Quote, WordsInContext
from schemas.events.decision import CONTEXT_CHARS
from schemas.events.statements import Claim
from tests.support.statements import NOON


def decide(kind: DecisionKind, minute: int = 0, **parts: Any) -> Decision:
    """A decision made some minutes after noon."""
    return Decision.made(
        kind=kind, decided_at=NOON + dt.timedelta(minutes=minute), decided_by="ana", why="Because.", **parts
    )


def merge(actor: str, into: str, minute: int = 0) -> Decision:
    """One actor is another."""
    return decide(DecisionKind.MERGE, minute, actor_id=actor, other_id=into)


def split(name: str, minute: int = 0) -> Decision:
    """A name stands on its own."""
    return decide(DecisionKind.SPLIT, minute, actor_id=name)


def rename(actor: str, name: str, minute: int = 0) -> Decision:
    """An actor is called so."""
    return decide(DecisionKind.RENAME, minute, actor_id=actor, name=name)


def link(actor: str, wikidata: str | None, minute: int = 0) -> Decision:
    """An actor is this item of Wikidata, or none."""
    return decide(DecisionKind.LINK, minute, actor_id=actor, wikidata=wikidata)


def reject(one: str, other: str, minute: int = 0) -> Decision:
    """Two names are two."""
    return decide(DecisionKind.REJECT, minute, actor_id=one, other_id=other)


def undo(decision: Decision, minute: int = 0) -> Decision:
    """A decision does not hold."""
    return decide(DecisionKind.UNDO, minute, undoes=decision.decision_id)


def reassign(statement: Quote | Claim, text: str, actor: str, minute: int = 0) -> Decision:
    """Somebody else said a statement of an article with this text."""
    words = tuple(
        WordsInContext(
            exact=span.exact,
            prefix=text[max(0, span.start - CONTEXT_CHARS) : span.start],
            suffix=text[span.end : span.end + CONTEXT_CHARS],
        )
        for span in statement.spans
    )
    said = DecidedStatement(
        statement_id=statement.event_id, article_id=statement.article.article_id, words=words
    )
    return decide(DecisionKind.REASSIGN, minute, other_id=actor, statement=said)
