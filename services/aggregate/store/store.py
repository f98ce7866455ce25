"""The record: documents, statements, decisions and actors in one database, together with how far the event
log is in it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
import structlog

from schemas.events import ActorRecord, DecisionKind
from schemas.relational import actors, candidates, decisions, documents, identities
from schemas.sources import Source, selection, sources_of
from services.aggregate.changes import Change
from services.aggregate.identity.linking import REGISTERED
from services.aggregate.records import Gone
from services.aggregate.store import adopting, known, outbox
from services.aggregate.store import offsets as consumed
from services.aggregate.store.actors import apply_effect
from services.aggregate.store.articles import apply_changes
from services.aggregate.store.changed import number
from services.aggregate.store.engine import open_engine, patient, reading, transaction
from services.aggregate.store.lexicon import learn
from services.aggregate.store.migrate import migrate
from services.aggregate.store.trail import note, purge
from services.chassis.errors import CommitFailed
from services.chassis.log.types import Offsets, Origin, Position, TopicPartition
from services.chassis.metric_values import IDENTIFIED
from services.chassis.reach import OpenedFile

T = TypeVar("T")

PUBLISH_BATCH = 50
"""Actor records published per transaction: at most a few MB, and the locks on them are held for one append
only."""

PROGRESS_S = 10.0
"""Between two lines about a long migration."""

NO_ORIGINS: Mapping[TopicPartition, Origin] = {}

logger = structlog.get_logger()

_CURRENT = ~documents.c.withdrawn
_ENTRIES: dict[str, sa.Select[Any]] = {
    "actor": sa.select(sa.func.count()).select_from(actors),
    # an actor's row is locked and rebuilt with its statements, so its counts are as true as counting those
    "quote": sa.select(sa.cast(sa.func.coalesce(sa.func.sum(actors.c.quotes), 0), sa.BigInteger)),
    "claim": sa.select(sa.cast(sa.func.coalesce(sa.func.sum(actors.c.claims), 0), sa.BigInteger)),
    "article": sa.select(sa.func.count()).select_from(documents).where(_CURRENT),
    "outlet": sa.select(sa.func.count(sa.distinct(documents.c.outlet))).where(_CURRENT),
}


def _numbers(connection: sa.Connection, table: sa.Table) -> dict[str, int]:
    reason = table.c.reason
    counted = sa.select(reason, sa.func.count()).where(reason.is_not(None)).group_by(reason)
    return {row[0]: row[1] for row in connection.execute(counted)}


class Store:
    """The record's database, for one consumer group. Used from one thread, but for :meth:`ping`,
    :meth:`entries`, :meth:`decisions`, :meth:`identified`, :meth:`identities`, :meth:`sources` and
    :meth:`purge_trail`, which others may call meanwhile.

    State and offsets change in one transaction, so a batch is applied once however often it is tried. Events
    are idempotent by id and may come in any order: the tables depend on the set of events applied, never on
    their order (see :mod:`services.aggregate.store.articles`).
    """

    def __init__(self, address: str, group: str) -> None:
        """``address`` as :func:`~services.aggregate.store.engine.open_engine` takes it, and raises."""
        self._engine = open_engine(address)
        self._file = (
            OpenedFile(Path(self._engine.url.database or ""))
            if self._engine.dialect.name == "sqlite"
            else None
        )
        self._group = group

    @property
    def engine(self) -> sa.Engine:
        """The engine, for tools and tests."""
        return self._engine

    def ping(self) -> None:
        """Have a sign of life.

        Raises:
            OnrecordError: the database does not answer, or its file is gone.
        """
        if self._file is not None:
            self._file.check()  # first: a connection that is opened anew would make an empty one
        with reading(self._engine) as connection:
            connection.execute(sa.select(sa.literal(1)))

    def migrate(self) -> None:
        """Bring the tables to this release, and what earlier ones stored to its identities and its search
        index.

        Raises:
            CommitFailed: the database cannot be reached or migrated just now.
        """
        migrate(self._engine)
        self._adopt()

    def follow_registry(self) -> None:
        """Take up users' entries that were imported or removed since they were read here, and link what is on
        record by them.

        Raises:
            CommitFailed: the database failed; try again. Cause ``rules``: another release has started since,
                and made the record anew.
        """
        with transaction(self._engine) as connection:
            current = known.is_current(connection)
        if not current:
            self._adopt()

    def change_known(self, change: Callable[[sa.Connection], T]) -> T:
        """Change users' entries (see :mod:`services.aggregate.store.known`) and link what is on record by
        what there is then.

        Raises:
            OnrecordError: the change is refused; nothing was changed.
            CommitFailed: the database failed. Once the entries are stored they stay, and the links follow
                when the service next runs.
        """
        with transaction(self._engine) as connection:
            result = change(connection)
        self._adopt()
        return result

    def _adopt(self) -> None:
        with patient(self._engine) as unhurried:
            for step in adopting.STEPS:
                _repeat(unhurried, step)

    def positions(
        self, partitions: frozenset[TopicPartition] | None = None
    ) -> dict[TopicPartition, Position]:
        """The position in each partition (in all known ones without an argument); one never read is left out.

        Raises:
            TransientError: the database cannot answer just now.
        """
        with reading(self._engine) as connection:
            return consumed.load(connection, self._group, partitions)

    def apply(
        self,
        changes: Sequence[Change],
        expected: Offsets,
        offsets: Offsets,
        origins: Mapping[TopicPartition, Origin] = NO_ORIGINS,
    ) -> dict[str, int]:
        """Apply the changes and move the offsets from ``expected`` to ``offsets``, in one transaction.

        Args:
            changes: of any articles and actors, in any order, repeated or not.
            expected: the stored offset of each partition in ``offsets``; a partition left out must have none
                yet.
            offsets: the next offsets, at least one.
            origins: what they were made from, as far as it is known.

        Returns:
            Rows written, per table.

        Raises:
            CommitFailed: nothing was changed, or (cause ``database``) the outcome is unknown: read the
                positions again. Cause ``stale``: another consumer moved the offsets. Cause ``registry``: the
                changes were made by another registry than the record's; follow it and make them again. Cause
                ``rules``: another release has made the record anew since this one started.
            LimitExceeded: the database can never take one of the rows; nothing was changed.
        """
        with transaction(self._engine) as connection:
            if not known.is_current(connection):
                raise CommitFailed("the registry of known actors has changed: taking it up", cause="registry")
            consumed.move(connection, self._group, expected, offsets, origins)
            effect = apply_changes(connection, changes)
            apply_effect(connection, effect)
            learn(connection, effect.words)
            noted = note(connection, changes)
            number(connection, effect)
        return {**effect.written, "trail": noted} if noted else dict(effect.written)

    def entries(self) -> dict[str, int]:
        """How much is on record, by kind: ``actor``, ``quote``, ``claim``, ``article``, ``outlet``; answered
        from indexes alone.

        Raises:
            TransientError: the database cannot answer just now.
        """
        with reading(self._engine) as connection:
            return {kind: connection.execute(query).scalar_one() for kind, query in _ENTRIES.items()}

    def identities(self) -> tuple[dict[str, int], dict[str, int]]:
        """How many links there are by reason, and how many candidates.

        Raises:
            TransientError: the database cannot answer just now.
        """
        with reading(self._engine) as connection:
            links, maybe = (_numbers(connection, table) for table in (identities, candidates))
        return links, maybe

    def decisions(self) -> dict[str, int]:
        """How many decisions are in force, by kind; every kind is there.

        Raises:
            TransientError: the database cannot answer just now.
        """
        counted = (
            sa.select(decisions.c.kind, sa.func.count())
            .where(decisions.c.in_force)
            .group_by(decisions.c.kind)
        )
        with reading(self._engine) as connection:
            return {kind.value: 0 for kind in DecisionKind} | {
                row[0]: row[1] for row in connection.execute(counted)
            }

    def identified(self) -> dict[str, int]:
        """Statements on record whose actor is known across articles, by what it is known: see
        ``statements_identified``.

        Raises:
            TransientError: the database cannot answer just now.
        """
        counted = sa.select(
            identities.c.reason, sa.cast(sa.func.sum(identities.c.statements), sa.BigInteger)
        ).group_by(identities.c.reason)
        found = dict.fromkeys(IDENTIFIED, 0)
        with reading(self._engine) as connection:
            for reason, statements in connection.execute(counted):
                found[reason if reason in REGISTERED else "link" if reason else "name"] += statements
        return found

    def sources(self, now: datetime) -> list[Source]:
        """Every outlet of the last weeks, as :mod:`schemas.sources` judges it.

        Raises:
            TransientError: the database cannot answer just now.
        """
        with reading(self._engine) as connection:
            return sources_of(connection.execute(selection(now)), now)

    def purge_trail(self, before: datetime) -> int:
        """Delete some of what is in the trail from before ``before``; returns the rows, 0 when nothing is
        left to delete.

        Raises:
            CommitFailed: nothing was changed.
        """
        with transaction(self._engine) as connection:
            return purge(connection, before)

    def forget(self, positions: Mapping[TopicPartition, Position]) -> None:
        """Read these partitions from their beginning next time, if they are still at these positions;
        harmless, because events are idempotent.

        Raises:
            CommitFailed: nothing was changed.
        """
        with transaction(self._engine) as connection:
            consumed.forget(connection, self._group, positions)

    def publish(self, send: Callable[[Sequence[tuple[str, ActorRecord | Gone]]], None]) -> int:
        """Send the records of some actors that changed since they were last sent, and settle them; returns
        how many.

        ``send`` is given ``(actor_id, record)`` pairs. When it returns, they are published. When it raises,
        or the process dies, they stay due: every change is published at least once, and the last one
        published is the latest, because no other process can send or change these actors meanwhile.

        Raises:
            CommitFailed: the database failed; all of them are due again.
        """
        with transaction(self._engine) as connection:
            due = outbox.due(connection, PUBLISH_BATCH)
            if due:
                send(outbox.records(connection, due))
                outbox.settle(connection, due)
        return len(due)

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()


def _repeat(engine: sa.Engine, step: Callable[[sa.Connection], int]) -> None:
    """A step of :mod:`services.aggregate.store.adopting` until nothing is left; says now and then how far it
    is."""
    done, told = 0, time.monotonic()
    while True:
        with transaction(engine) as connection:
            known.alone(connection)
            count = step(connection)
        done += count
        if time.monotonic() - told > PROGRESS_S or (not count and done):
            told = time.monotonic()
            logger.info(
                "bringing what is stored to this release", service="aggregate", note=step.__name__, done=done
            )
        if not count:
            return
