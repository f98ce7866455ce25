"""Which article revisions are on the log already: a materialised view of the articles topic in one SQLite
file.

The log is the truth. Before every decision the view reads on from its stored positions, so it is right after
a crash between append and update, after another process appended, and when the file is missing. When the log
turns out not to be the one the view was made from (:mod:`services.chassis.log.identity`), the view is emptied
and made anew.

Decisions, for an offered article:

- same id, and the latest revision has its fingerprint: **duplicate** (``id``);
- same id, and an *earlier* revision has its fingerprint: that depends on what an offer says. A push or a feed
  says how the article is *now*, so it is the next revision (**revised**): A, B, A ends at A. A file says how
  it was when the file was written, and a folder may hold two versions of one address: read again, they must
  add nothing, so it is a **duplicate** (``stale``), and going back to earlier words takes an explicit
  revision or a push;
- same id, anything new: the next revision (**revised**). Behind the last revision there can be
  (:data:`schemas.events.parts.MAX_INTEGER`) nothing comes but the withdrawal of that revision: **rejected**;
- an explicit revision is respected: above the latest it is published, otherwise it is a **duplicate**
  (``stale``), except a withdrawal of the latest revision itself;
- a new id with the text of another article of the same publisher, or of one whose publisher nobody knows:
  **duplicate** (``content``). The same text from another publisher is syndication and is published: who
  carried it is part of the record.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import structlog

from schemas.events import Article, ArticleStatus
from schemas.events.parts import MAX_INTEGER
from services.chassis.cloudevents import decode
from services.chassis.errors import OnrecordError, PoisonError, SettingsError, TopicMissing
from services.chassis.log.identity import contradicted, mark_of, replaced, warn
from services.chassis.log.topics import dlq_of
from services.chassis.log.types import EventLog, Message, Origin, Position, TopicPartition, TopicState
from services.ingest import index_file
from services.ingest.identity import content_key, fingerprint, publisher_key
from services.ingest.readers.items import Mark

logger = structlog.get_logger()

READER = "onrecord-ingest"
"""How log lines name the reader of the articles topic that this is."""
_VERSION = 2
_BUSY_S = 30.0
"""Another process may be publishing a batch; a batch takes seconds at most."""

_WORTH_A_LINE = 10_000
"""Records; so many take seconds to read."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS positions
    (partition INTEGER PRIMARY KEY, next INTEGER NOT NULL, mark TEXT NOT NULL, topic_id TEXT NOT NULL DEFAULT '');
CREATE TABLE IF NOT EXISTS revisions (
    article_id TEXT NOT NULL, revision INTEGER NOT NULL, status TEXT NOT NULL,
    fingerprint TEXT NOT NULL, content_key TEXT NOT NULL, publisher TEXT NOT NULL,
    PRIMARY KEY (article_id, revision, status)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS revisions_by_content ON revisions (content_key);
CREATE TABLE IF NOT EXISTS refusals (key TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS feeds (url TEXT PRIMARY KEY, state TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS entries (feed TEXT NOT NULL, entry TEXT NOT NULL, version TEXT NOT NULL, tries INTEGER NOT NULL,
    seen_at REAL NOT NULL, PRIMARY KEY (feed, entry)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS archives
    (archive TEXT PRIMARY KEY, at INTEGER NOT NULL, within INTEGER NOT NULL, record TEXT NOT NULL) WITHOUT ROWID;
"""
_FROM_VERSION_1 = """
ALTER TABLE positions RENAME COLUMN last_sha256 TO mark;
UPDATE positions SET mark = '';
ALTER TABLE positions ADD COLUMN topic_id TEXT NOT NULL DEFAULT ''
"""
_TABLES = (  # the feeds' memory is kept here too: it must vanish together with the view
    "positions",
    "revisions",
    "refusals",
    "feeds",
    "entries",
    "archives",
)

LAST_REVISION = "last_revision"
"""Why nothing can follow a revision."""

Kind = Literal["published", "revised", "duplicate", "rejected"]


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do with an offered article: publish it as ``revision``, or leave it out or refuse it because of
    ``why``."""

    kind: Kind
    article_id: str
    revision: int
    why: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class _Known:
    revision: int
    status: str
    fingerprint: str


class ArticleIndex:
    """The view. Not thread-safe: its publisher holds a lock. Processes may share the file."""

    def __init__(
        self, path: Path, log: EventLog, on_replaced: Callable[[int], None] = lambda _count: None
    ) -> None:
        """Open or create the file. ``on_replaced`` is told of how many partitions positions are forgotten,
        because the log is another.

        Raises:
            SettingsError: the file cannot be used.
        """
        self._path = path
        self._log = log
        self._on_replaced = on_replaced
        self._ends: dict[int, int] = {}
        self._verified = False
        self._topic_id = ""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
            self._db.execute("PRAGMA journal_mode=WAL")
            # the view can be made anew from the log, so losing its last commits to a power cut costs nothing
            self._db.execute("PRAGMA synchronous=NORMAL")
            self._prepare()
        except (OSError, sqlite3.Error, OnrecordError) as error:
            raise SettingsError(
                [f"ONRECORD_INGEST__INDEX_PATH={path}: cannot be used ({error}); delete it, it is made anew"]
            ) from error

    def _prepare(self) -> None:
        with self.transaction():
            (version,) = self._db.execute("PRAGMA user_version").fetchone()
            if version == 1:
                for statement in _FROM_VERSION_1.split(";"):
                    self._db.execute(statement)
            elif version not in (0, _VERSION):
                for table in _TABLES:
                    self._db.execute(f"DROP TABLE IF EXISTS {table}")
            for statement in _SCHEMA.split(";"):
                self._db.execute(statement)
            self._db.execute(f"PRAGMA user_version={_VERSION}")

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything in the block happens to the file, or nothing. Excludes other processes.

        Raises:
            TransientError: the file cannot be written just now: another process holds it, the disk is full,
                ….
            OnrecordError: it is damaged.
        """
        try:
            with index_file.transaction(self._db, self._path):
                yield
        except BaseException:
            # what was read on from the log is undone with the rest: it must be read again
            self._ends.clear()
            self._verified = False
            raise

    def touch(self) -> None:
        """Write something that changes nothing.

        Raises:
            TransientError: the file cannot be written just now.
        """
        with self.transaction():
            self._db.execute(f"PRAGMA user_version={_VERSION}")

    def catch_up(self) -> dict[str, TopicState]:
        """Read the articles topic on from the stored positions; call it inside a transaction. Returns the
        log's topics.

        Raises:
            TopicMissing: the articles topic was never created.
        """
        topics = self._log.topics()
        for name in (Article.topic, dlq_of(Article.topic)):
            if name not in topics:
                raise TopicMissing(f"topic {name} does not exist; create it with `onrecord topics create`")
        positions = self._positions()
        # ids and ends cost nothing here, records a look at the log
        lost = (
            contradicted(topics, positions)
            if self._verified
            else replaced(self._log, topics, positions, appended=True)
        )
        if lost:
            warn(READER, lost)
            self._on_replaced(len(lost))
            for table in _TABLES:
                self._db.execute(f"DELETE FROM {table}")  # noqa: S608 - our own names
            positions = {}
            self._ends.clear()
        self._verified = True
        state = topics[Article.topic]
        self._topic_id = state.topic_id
        starts = {
            number: positions.get(TopicPartition(Article.topic, number), Position(0)).offset
            for number in state.ranges
        }
        behind = sum(
            max(0, end - max(first, starts[number])) for number, (first, end) in state.ranges.items()
        )
        if behind > _WORTH_A_LINE:
            logger.info("bringing the ingest index up to date with the log", records=behind)
        for partition, (first, end) in sorted(state.ranges.items()):
            if starts[partition] < end and self._ends.get(partition) != end:
                self._read(partition, max(starts[partition], first), end)
            self._ends[partition] = end
        return topics

    def _positions(self) -> dict[TopicPartition, Position]:
        rows = self._db.execute("SELECT partition, next, topic_id, mark FROM positions")
        return {
            TopicPartition(Article.topic, partition): Position(at, Origin(topic_id, mark))
            for partition, at, topic_id, mark in rows
        }

    def _read(self, partition: int, start: int, end: int) -> None:
        for record in self._log.read(Article.topic, partition, start, end):
            try:
                article = decode(record, Article).event
            except PoisonError:
                article = None  # extract dead-letters it; nothing can be a duplicate of it
            if article is not None:
                self._note(article, content_key(article.content, article.content_type))
            self._place(partition, record.offset + 1, mark_of(record))

    def _place(self, partition: int, position: int, mark: str) -> None:
        self._db.execute(
            "INSERT OR REPLACE INTO positions VALUES (?, ?, ?, ?)",
            (partition, position, mark, self._topic_id),
        )

    def _note(self, article: Article, key: str) -> None:
        row = (
            article.article_id,
            article.revision,
            article.status,
            fingerprint(article, key),
            key,
            publisher_key(article),
        )
        # with a revision of the same number, the earlier one stands
        self._db.execute("INSERT OR IGNORE INTO revisions VALUES (?, ?, ?, ?, ?, ?)", row)

    def decide(self, article: Article, revision_given: bool, live: bool) -> Decision:
        """What to do with an article; if it is to be published, it counts as known from here on in this
        transaction.

        ``live``: the offer says how the article is now, not how it was when a file was written.
        """
        key = content_key(article.content, article.content_type)
        rows = self._db.execute(
            "SELECT revision, status, fingerprint FROM revisions WHERE article_id = ? ORDER BY revision,"
            " status = 'withdrawn'",
            (article.article_id,),
        )
        known = [_Known(*row) for row in rows]
        if known:
            decision = _next_revision(article, fingerprint(article, key), known, revision_given, live)
        else:
            decision = self._first_revision(article, key)
        if decision.kind in ("published", "revised"):
            self._note(article.model_copy(update={"revision": decision.revision}), key)
        return decision

    def _first_revision(self, article: Article, key: str) -> Decision:
        if article.status is ArticleStatus.USABLE:
            rows = self._db.execute(
                "SELECT article_id, revision, publisher FROM revisions r WHERE content_key = ? AND status ="
                " 'usable' AND NOT EXISTS (SELECT 1 FROM revisions n WHERE n.article_id = r.article_id AND"
                " (n.revision > r.revision OR (n.revision = r.revision AND n.status = 'withdrawn'))) ORDER BY"
                " article_id",
                (key,),
            )
            publisher = publisher_key(article)
            for other, revision, theirs in rows:
                if not publisher or not theirs or publisher == theirs:
                    return Decision(
                        "duplicate",
                        other,
                        revision,
                        "content",
                        f"has the text of {other}, which is on the log already",
                    )
        return Decision("published", article.article_id, article.revision)

    def appended(self, messages: Sequence[Message], places: Sequence[tuple[TopicPartition, int]]) -> None:
        """Move the positions past what this process appended itself, so that it need not be read again."""
        positions = {tp: at.offset for tp, at in self._positions().items()}
        for message, (tp, offset) in sorted(zip(messages, places, strict=True), key=lambda pair: pair[1]):
            if tp.topic == Article.topic and positions.get(tp, 0) == offset:
                positions[tp] = offset + 1
                self._place(tp.partition, offset + 1, mark_of(message))

    def first_refusal(self, key: str) -> bool:
        """Whether this refusal is new; from here on it is not."""
        return self._db.execute("INSERT OR IGNORE INTO refusals VALUES (?)", (key,)).rowcount == 1

    def mark(self, archive: str) -> Mark | None:
        """How far this archive had been read when reading it was broken off; None when it was not."""
        row = self._db.execute(
            "SELECT archive, at, within, record FROM archives WHERE archive = ?", (archive,)
        ).fetchone()
        return Mark(*row) if row else None

    def reached(self, mark: Mark) -> None:
        """An archive has been read so far; one that was read to its end is forgotten, so that it can be read
        again."""
        if mark.record:
            row = (mark.archive, mark.at, mark.within, mark.record)
            self._db.execute("INSERT OR REPLACE INTO archives VALUES (?, ?, ?, ?)", row)
        else:
            self._db.execute("DELETE FROM archives WHERE archive = ?", (mark.archive,))


def _next_revision(
    article: Article, mark: str, known: Sequence[_Known], revision_given: bool, live: bool
) -> Decision:
    """The decision about an article whose id is known; ``known`` is in order, the latest last."""
    latest = known[-1]
    withdrawal = article.status is ArticleStatus.WITHDRAWN
    duplicate = Decision(
        "duplicate",
        article.article_id,
        latest.revision,
        "id",
        f"is on the log already (revision {latest.revision})",
    )
    if (
        withdrawal
        and latest.status == ArticleStatus.WITHDRAWN
        and (not revision_given or article.revision <= latest.revision)
    ):
        return duplicate
    if not revision_given:
        return duplicate if latest.fingerprint == mark else _unnumbered(article, mark, known, live)
    if article.revision > latest.revision or (withdrawal and article.revision == latest.revision):
        return Decision("revised", article.article_id, article.revision)
    if any(revision.revision == article.revision and revision.fingerprint == mark for revision in known):
        return duplicate
    message = (
        f"revision {article.revision} is not above revision {latest.revision} on the log; {_cure(latest)}"
    )
    return Decision("duplicate", article.article_id, latest.revision, "stale", message)


def _unnumbered(article: Article, mark: str, known: Sequence[_Known], live: bool) -> Decision:
    """The decision about an article without a number that is not as the latest revision is."""
    latest = known[-1]
    withdrawal = article.status is ArticleStatus.WITHDRAWN
    earlier = [revision.revision for revision in known if revision.fingerprint == mark]
    if earlier and not live and not withdrawal:
        message = (
            f"is as revision {earlier[-1]} was, before revision {latest.revision} on the log; to go back,"
            f" {_cure(latest)}"
        )
        return Decision("duplicate", article.article_id, latest.revision, "stale", message)
    if latest.revision < MAX_INTEGER:
        return Decision("revised", article.article_id, latest.revision + 1)
    if withdrawal:
        return Decision("revised", article.article_id, latest.revision)
    message = (
        f"{article.article_id} is at revision {latest.revision}, behind which there is none; {_cure(latest)}"
    )
    return Decision("rejected", article.article_id, latest.revision, LAST_REVISION, message)


def _cure(latest: _Known) -> str:
    if latest.revision == MAX_INTEGER:
        return "withdraw it and send the change under another article_id"
    return f"send the change as revision {latest.revision + 1}"
