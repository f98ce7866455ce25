"""The whole pipeline as separate processes on a three-broker Kafka with PostgreSQL."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.kafka import Kafka
from tests.support.log import soon
from tests.support.patience import PATIENCE_S
from tests.support.pipeline import PATIENT, Pipeline, free_port

Record = dict[str, list[tuple[object, ...]]]

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.slow, pytest.mark.timeout(2400)]


def push(port: int, token: str, articles: list[dict[str, object]]) -> int:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1/articles", json.dumps(articles).encode(),
        {"Content-Type": "application/json", "Authorization": f"Bearer {token}"},
    )  # fmt: skip
    with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
        return int(answer.status)


def test_four_processes_on_kafka_and_postgresql_equal_the_embedded_record(
    kafka_fresh_three: Kafka,
    postgres_url: str,
    embedded: tuple[Pipeline, Record, str],
    pipeline_at: Callable[..., Pipeline],
    articles: Path,
) -> None:
    push_port, query_port = free_port(), free_port()
    pipeline = pipeline_at(
        **PATIENT,
        ONRECORD_LOG__ENGINE="kafka",
        ONRECORD_LOG__REPLICATION_FACTOR="3",
        ONRECORD_KAFKA__BOOTSTRAP_SERVERS=kafka_fresh_three.bootstrap,
        ONRECORD_STORE__URL=postgres_url,
        ONRECORD_STAGE__MAX_RECORDS="4",
        ONRECORD_INGEST__PUSH_PORT=str(push_port),
        ONRECORD_INGEST__PUSH_TOKEN="test-token",
        ONRECORD_QUERY__PORT=str(query_port),
    )
    pipeline.onrecord("topics", "create")
    for name in ("ingest", "extract", "aggregate", "query"):
        pipeline.start(name)
    pipeline.onrecord("ingest", str(articles))
    pipeline.drain()
    soon(pipeline.record, embedded[1])  # on three brokers a transaction is seen partition by partition

    # a pushed article runs through all four, and comes out over HTTP
    article: dict[str, object] = {
        "article_id": "pushed-1", "content_type": "text/plain", "language": "en", "outlet": "example.org",
        "content": "“The tunnel will open in March,” Transport Minister Ida Holm said on Tuesday.",
    }  # fmt: skip
    pipeline.wait(lambda: _answers(f"http://127.0.0.1:{push_port}/openapi.json"), "the push API")
    assert push(push_port, "test-token", [article]) == 202
    url = f"http://127.0.0.1:{query_port}/v1/actors/person:ida-holm/statements?kind=quote"
    pipeline.wait(lambda: _answers(url), "the statement to come out")
    with urllib.request.urlopen(url, timeout=PATIENCE_S) as answer:
        (statement,) = json.load(answer)["items"]
    assert statement["text"].startswith("The tunnel will open in March")
    pipeline.stop()


def _answers(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=PATIENCE_S).close()
    except OSError:
        return False
    return True
