"""A context on an embedded log of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from schemas.events import Article
from services.chassis.cloudevents import decode
from services.chassis.log.sqlite import SqliteLog
from services.chassis.log.topics import declared
from services.chassis.log.types import Record
from services.chassis.metrics import Metrics
from services.chassis.service import Context
from services.chassis.settings import Settings, load

FAST_RETRIES = {"attempts": 3, "backoff_min_s": 0.001, "backoff_max_s": 0.002}
MakeSettings = Callable[..., Settings]


@pytest.fixture
def make_settings(tmp_path: Path) -> MakeSettings:
    def make(**ingest: object) -> Settings:
        fields = {"index_path": tmp_path / "ingest.db", "push_port": 0, "host_interval_s": 0.001} | ingest
        return load(log={"path": tmp_path / "log.db", "partitions": 3}, stage=FAST_RETRIES, ingest=fields)

    return make


@pytest.fixture
def context(tmp_path: Path, make_settings: MakeSettings) -> Iterator[Context]:
    with SqliteLog(tmp_path / "log.db") as log:
        log.create_topics(declared(3))
        yield Context(make_settings(), log, Metrics())


@pytest.fixture
def records(context: Context) -> Callable[[], list[Record]]:
    def read() -> list[Record]:
        return [record for partition in range(3) for record in context.log.read(Article.topic, partition)]

    return read


@pytest.fixture
def articles(records: Callable[[], list[Record]]) -> Callable[[], list[Article]]:
    def read() -> list[Article]:
        return [decode(record, Article).event for record in records()]

    return read


@pytest.fixture
def dead_letters(context: Context) -> Callable[[], list[Record]]:
    def read() -> list[Record]:
        return list(context.log.read(f"{Article.topic}.dlq", 0))

    return read
