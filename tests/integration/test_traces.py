"""An article pushed with a ``traceparent`` is one trace from the push to the record: spans, events, trail,
log lines, exemplar."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from jsonschema import Draft202012Validator

from schemas import relational as tables
from schemas.events import Article, Document, Quote
from services.chassis.log.types import Message, Record
from tests.support.log import everything
from tests.support.otlp import Received, Receiver
from tests.support.patience import PATIENCE_S
from tests.support.pipeline import Pipeline, free_port

pytestmark = [pytest.mark.slow, pytest.mark.timeout(2400)]

CLIENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
TRACE, CLIENT_SPAN = CLIENT.split("-")[1:3]
WORDS = "The tunnel will open in March"
ARTICLE: dict[str, object] = {
    "article_id": "pushed-1", "content_type": "text/plain", "language": "en", "outlet": "example.org",
    "content": f"“{WORDS},” Transport Minister Ida Holm said on Tuesday.",
}  # fmt: skip
SCHEMA = Path(__file__).parents[2] / "docs" / "log-line.schema.json"


@dataclass
class Scenario:
    """What is left of it: spans, log lines by service, records by topic, trail, and aggregate's metrics as
    OpenMetrics."""

    receiver: Receiver
    lines: dict[str, list[dict[str, Any]]]
    records: dict[str, list[Record]]
    trail: list[tuple[str, str, str]]
    openmetrics: str

    def one(self, name: str) -> Received:
        (span,) = self.receiver.named(name, TRACE)
        return span


def post(port: int, article: dict[str, object], **headers: str) -> int:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1/articles",
        json.dumps(article).encode(),
        {"Content-Type": "application/json", **headers},
    )
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def listening(port: int) -> bool:
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/openapi.json", timeout=PATIENCE_S).close()
    except OSError:
        return False
    return True


def scraped(port: int) -> str:
    """What is exposed, as OpenMetrics."""
    accept = {"Accept": "application/openmetrics-text; version=1.0.0"}
    with urllib.request.urlopen(
        urllib.request.Request(f"http://127.0.0.1:{port}/metrics", headers=accept), timeout=PATIENCE_S
    ) as answer:
        return str(answer.read().decode())


@pytest.fixture(scope="module")
def scenario(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scenario]:
    push_port, ops_port = free_port(), free_port()
    with Receiver() as receiver:
        variables = {
            "ONRECORD_INGEST__PUSH_PORT": str(push_port),
            "ONRECORD_OTEL__ENDPOINT": receiver.endpoint,
            # spans that a busy machine is slow to take are not given up
            "ONRECORD_OTEL__TIMEOUT_S": f"{PATIENCE_S:g}",
        }
        with Pipeline(tmp_path_factory.mktemp("traces"), variables) as pipeline:
            pipeline.onrecord("topics", "create")
            pipeline.start("ingest")
            pipeline.start("extract")
            pipeline.start("aggregate", ONRECORD_OPS__PORT=str(ops_port))
            pipeline.wait(lambda: listening(push_port), "the push API")
            assert post(push_port, ARTICLE, traceparent=CLIENT) == 202
            assert post(push_port, ARTICLE) == 202, "a duplicate"
            assert (
                post(push_port, {"article_id": "empty-1", "content": " ", "content_type": "text/plain"})
                == 422
            )
            context = pipeline.context()
            with context.log as log:
                with log.producer("test") as producer:
                    producer.append([Message(Article.topic, b"poison-1", b"{not json")])
                pipeline.drain()
                # what is on record is counted a moment after it got there
                pipeline.wait(
                    lambda: "onrecord_event_age_seconds_count 1.0" in scraped(ops_port),
                    "the article to be counted",
                )
                openmetrics = scraped(ops_port)
                pipeline.stop()
                records = {
                    topic: everything(log, topic) for topic in (Article.topic, Document.topic, Quote.topic)
                }
            engine = sa.create_engine(context.settings.store.address())
            with engine.connect() as connection:
                columns = tables.trail.c.stage, tables.trail.c.outcome, tables.trail.c.trace_id
                trail = [
                    tuple(row)
                    for row in connection.execute(
                        sa.select(*columns).where(tables.trail.c.article_id == "pushed-1")
                    )
                ]
            engine.dispose()
            lines = {
                name: [
                    json.loads(line)
                    for line in (pipeline.folder / f"{name}.log").read_text(encoding="utf-8").splitlines()
                ]
                for name in ("ingest", "extract", "aggregate")
            }
            yield Scenario(receiver, lines, records, trail, openmetrics)


def test_spans_form_one_connected_trace_from_push_to_record(scenario: Scenario) -> None:
    sent, extracted, recorded = (
        scenario.one(name)
        for name in ("send onrecord.articles", "process onrecord.articles", "process onrecord.documents")
    )
    assert sent.parent_id == CLIENT_SPAN
    assert extracted.parent_id == sent.span_id
    assert recorded.parent_id == extracted.span_id
    quoted = scenario.one("process onrecord.quotes")
    assert quoted.parent_id == extracted.span_id
    assert [span.links for span in (sent, extracted, recorded)] == [
        [],
        [(TRACE, sent.span_id)],
        [(TRACE, extracted.span_id)],
    ]
    assert [span.resource["service.name"] for span in (sent, extracted, recorded)] == [
        "onrecord-ingest", "onrecord-extract", "onrecord-aggregate",
    ]  # fmt: skip
    for before, after in ((sent, extracted), (extracted, recorded)):
        assert before.span.start_time_unix_nano <= after.span.start_time_unix_nano
    for span in (sent, extracted, recorded, quoted):
        assert span.span.start_time_unix_nano <= span.span.end_time_unix_nano
    assert len({span.span_id for span in scenario.receiver.spans}) == len(scenario.receiver.spans)


def test_spans_are_described_as_the_messaging_conventions_say(scenario: Scenario) -> None:
    (article,) = [record for record in scenario.records[Article.topic] if record.key == b"pushed-1"]
    sent, extracted = scenario.one("send onrecord.articles"), scenario.one("process onrecord.articles")
    common = {
        "messaging.system": "sqlite",
        "messaging.destination.name": Article.topic,
        "messaging.destination.partition.id": str(article.partition),
        "messaging.kafka.offset": article.offset,
        "messaging.kafka.message.key": "pushed-1",
    }
    assert sent.attributes == common | {
        "messaging.operation.name": "send", "messaging.operation.type": "send", "messaging.client.id": "onrecord-ingest-0",
    }  # fmt: skip
    assert extracted.attributes == common | {
        "messaging.operation.name": "process", "messaging.operation.type": "process",
        "messaging.client.id": "onrecord-extract-0", "messaging.consumer.group.name": "onrecord-extract",
    }  # fmt: skip
    assert (sent.span.kind, extracted.span.kind) == (
        sent.span.SPAN_KIND_PRODUCER,
        sent.span.SPAN_KIND_CONSUMER,
    )
    poison = [span for span in scenario.receiver.spans if span.attributes.get("error.type") == "not_json"]
    assert [span.span.name for span in poison] == ["process onrecord.articles"]
    assert poison[0].span.status.code == poison[0].span.status.STATUS_CODE_ERROR


def test_span_ids_are_those_of_the_headers_that_were_sent(scenario: Scenario) -> None:
    (article,) = [record for record in scenario.records[Article.topic] if record.key == b"pushed-1"]
    assert (
        article.header("traceparent")
        == f"00-{TRACE}-{scenario.one('send onrecord.articles').span_id}-01".encode()
    )
    made = f"00-{TRACE}-{scenario.one('process onrecord.articles').span_id}-01".encode()
    for topic in (Document.topic, Quote.topic):
        assert [record.header("traceparent") for record in scenario.records[topic]] == [made]
        assert [record.header("ce_traceparent") for record in scenario.records[topic]] == [made]


def test_the_trail_holds_the_trace(scenario: Scenario) -> None:
    assert sorted(scenario.trail) == [
        ("aggregate", "recorded", TRACE), ("extract", "extracted", TRACE), ("ingest", "accepted", TRACE),
    ]  # fmt: skip


def test_the_age_has_the_trace_as_its_exemplar(scenario: Scenario) -> None:
    buckets = [
        line
        for line in scenario.openmetrics.splitlines()
        if line.startswith("onrecord_event_age_seconds_bucket")
    ]
    assert sum(f'# {{trace_id="{TRACE}"}}' in line for line in buckets) == 1


def test_every_line_is_as_documented_and_none_holds_text(scenario: Scenario) -> None:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    for service, lines in scenario.lines.items():
        assert lines
        for line in lines:
            assert [error.message for error in validator.iter_errors(line)] == [], line
            assert line["service"] == service
            assert WORDS not in json.dumps(line, ensure_ascii=False)


def test_one_line_per_article_per_service_and_no_chatter(scenario: Scenario) -> None:
    for service, outcome in (("ingest", "published"), ("extract", "extracted"), ("aggregate", "extracted")):
        (line,) = [line for line in scenario.lines[service] if line["message"] == "article processed"]
        assert (line["article_id"], line["revision"], line["outcome"], line["trace_id"]) == (
            "pushed-1",
            1,
            outcome,
            TRACE,
        )
        assert line["level"] == "info"
        if service != "ingest":
            assert (line["quotes"], line["claims"]) == (1, 0)
    (line,) = [line for line in scenario.lines["ingest"] if line["level"] == "warning"]
    assert (line["message"], line["outcome"], line["reason"]) == ("dead letter", "rejected", "empty")
    (line,) = [line for line in scenario.lines["extract"] if line["level"] == "warning"]
    assert (line["message"], line["article_id"], line["stage"], line["reason"]) == (
        "dead letter",
        "poison-1",
        "decode",
        "not_json",
    )
    assert [line for line in scenario.lines["aggregate"] if line["level"] not in ("info", "debug")] == []
    # what is not about an article: started, ops endpoint, stopped, and the like
    for service, lines in scenario.lines.items():
        others = [
            line["message"] for line in lines if line["message"] not in ("article processed", "dead letter")
        ]
        assert len(others) <= 5, (service, others)
