"""Records as a log holds them, and the trail they leave, for tests of where articles went."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

from schemas.events import Article
from services.aggregate.changes import Change
from services.aggregate.service import handle
from services.aggregate.store import Store
from services.chassis import cloudevents
from services.chassis.errors import PoisonError
from services.chassis.log.types import Message, Record, TopicPartition
from services.chassis.stage import dead_letter
from tests.support.record import rows
from tests.support.statements import NOON, Event, actor, make

TRACE = "0af7651916cd43dd8448eb211c80319c"
SENT = f"00-{TRACE}-b7ad6b7169203331-01"


def article(
    identity: str = "art-1", *, revision: int = 1, withdrawn: bool = False, outlet: str | None = "Gazette"
) -> Article:
    """An article as ingest publishes it."""
    return Article(
        article_id=identity, revision=revision, status="withdrawn" if withdrawn else "usable", outlet=outlet, fetched_at=NOON,
        content_type="text/plain", content="" if withdrawn else "The bridge reopens.", origin="push",
    )  # fmt: skip


def record(event: Article | Event, offset: int = 0, *, at: dt.datetime = NOON, partition: int = 0) -> Record:
    """The event as it was read from its topic, sent at this time."""
    return placed(
        cloudevents.encode(event, source="/test", traceparent=SENT), offset, at=at, partition=partition
    )


def placed(message: Message, offset: int = 0, *, at: dt.datetime = NOON, partition: int = 0) -> Record:
    """A message as it was read."""
    sent = message.timestamp_ms if message.timestamp_ms is not None else int(at.timestamp() * 1000)
    return Record(message.topic, partition, offset, sent, message.key, message.value, message.headers)


def letter(
    original: Record,
    offset: int = 0,
    *,
    reason: str = "too_deep",
    group: str = "onrecord-extract",
    now: dt.datetime = NOON,
) -> Record:
    """The dead letter of a record, as it was read."""
    error = PoisonError(f"article: {reason}", stage="extract", reason=reason)
    return placed(dead_letter(original, error, group=group, now=now), offset)


def changes_of(records: Iterable[Record]) -> list[Change]:
    """What aggregate makes of the records."""
    return [change for one in records for change in handle(one).outputs]


def follow(store: Store, batches: Iterable[Sequence[Record]]) -> None:
    """Apply the batches one after the other; the offsets are those of a partition of its own."""
    place = TopicPartition("onrecord.articles", 99)
    for batch in batches:
        position = {tp: at.offset for tp, at in store.positions().items() if tp == place}
        store.apply(changes_of(batch), position, {place: position.get(place, 0) + len(batch)})


def steps(store: Store) -> list[tuple[object, ...]]:
    """The trail without its times: article, revision, stage, outcome, reason."""
    return sorted(
        (
            row["article_id"] or "",
            row["revision"] or 0,
            row["stage"],
            row["outcome"],
            row["reason"] or "",
            row["topic"],
            row["offset"],
        )
        for row in rows(store, "trail")
    )


def refusal(name: str, offset: int = 0, *, reason: str = "schema", now: dt.datetime = NOON) -> Record:
    """The dead letter of an input that ingest refused, as it was read."""
    original = Record(
        Article.topic,
        -1,
        -1,
        int(now.timestamp() * 1000),
        name.encode(),
        None,
        (("ingest-input", name.encode()),),
    )
    error = PoisonError(f"{name}: no content", stage="validate", reason=reason)
    return placed(dead_letter(original, error, group="ingest", now=now), offset)


def sampled() -> list[Record]:
    """Articles at every place where one can be: on record and revised, withdrawn, poison, refused, on its
    way; one source fell silent."""
    ana = actor("Ana Lee")
    day = dt.timedelta(days=1)
    second = dt.timedelta(seconds=1)
    poison = record(article("art-poison", outlet="Herald"), 9, at=NOON)
    quiet = [
        record(
            article(f"art-quiet-{n}", outlet="Quiet Post"),
            100 + n,
            at=NOON - 2 * day - n * dt.timedelta(hours=2),
        )
        for n in range(90)
    ]
    return [
        record(article("art-1"), 0, at=NOON),
        *(record(event, 0, at=NOON + 2 * second) for event in make("art-1", speakers=(ana,)).events),
        record(article("art-1", revision=2), 1, at=NOON + day),
        *(record(event, 1, at=NOON + day + 90 * second) for event in make("art-1", revision=2, speakers=(ana, actor("Bo Chen"))).events),
        record(article("art-gone"), 2, at=NOON),
        *(record(event, 2, at=NOON + second) for event in make("art-gone", speakers=(ana,)).events),
        record(article("art-gone", revision=2, withdrawn=True), 3, at=NOON + day),
        record(make("art-gone", revision=2, withdrawn=True).document, 3, at=NOON + day + second),
        poison, letter(poison, 41, reason="too_deep", now=NOON + 3 * second),
        refusal("lines.jsonl line 2", 42), refusal("lines.jsonl line 2", 43),
        refusal("https://example.org/refused", 44, reason="not_text"),
        record(article("art-new"), 10, at=NOON + day),
        *quiet,
    ]  # fmt: skip


def fill_trail(address: str) -> None:
    """Migrate the database and apply the sample, as aggregate does."""
    store = Store(address, "test")
    try:
        store.migrate()
        follow(store, [sampled()])
    finally:
        store.close()
