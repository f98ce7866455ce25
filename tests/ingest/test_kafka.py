"""Index and publisher on a real Kafka, whose offsets have gaps where transactions end."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from schemas.events import Article
from services.chassis.log.kafka import KafkaLog
from services.chassis.log.topics import declared
from services.chassis.metrics import Metrics
from services.chassis.service import Context
from services.chassis.settings import load
from services.ingest.publish import Publisher
from services.ingest.readers import Offer, Refusal
from tests.support.arrivals import arrival, offer
from tests.support.log import soon

pytestmark = pytest.mark.kafka


def test_each_article_once_over_restarts_and_a_lost_index(
    kafka_log: Callable[[], AbstractContextManager[KafkaLog]], tmp_path: Path
) -> None:
    mark = uuid.uuid4().hex

    def story(n: int, text: str = "") -> Offer:
        return offer(article_id=f"{mark}-{n}", content=f"{mark} story {n} {text}")

    def publish(log: KafkaLog, index: str, *offers: Offer | Refusal) -> list[str]:
        settings = load(ingest={"index_path": tmp_path / index})
        with Publisher(Context(settings, log, Metrics()), f"test-{index}") as publisher:
            return [outcome.kind for outcome in publisher.publish(offers)]

    def ours(log: KafkaLog) -> list[Article]:
        partitions = range(len(log.topics()[Article.topic].ranges))
        records = [record for partition in partitions for record in log.read(Article.topic, partition)]
        return [
            Article.read(record.value or b"")
            for record in records
            if (record.key or b"").startswith(mark.encode())
        ]

    with kafka_log() as log:

        def seen(count: int) -> None:
            """What was published can be read, by whoever makes an index of it next."""
            soon(lambda: len(ours(log)), count)

        log.create_topics(declared(2))
        assert publish(log, "one", *(story(n) for n in range(20))) == ["published"] * 20
        assert publish(
            log,
            "one",
            story(3),
            story(3, "changed"),
            Refusal(arrival(mark), "binary", "is not text", b"\x00"),
        ) == [
            "duplicate",
            "revised",
            "rejected",
        ]
        seen(21)
        # another process, another index: made from the log
        assert publish(log, "two", story(3, "changed"), story(20)) == ["duplicate", "published"]
        seen(22)
        assert publish(log, "one", story(20), story(4, "changed")) == ["duplicate", "revised"]
        seen(23)
        assert len({(article.article_id, article.revision) for article in ours(log)}) == 23
        soon(
            lambda: [
                record.value for record in log.read(f"{Article.topic}.dlq", 0) if record.key == mark.encode()
            ],
            [b"\x00"],
        )
