from __future__ import annotations

import dataclasses
import json
import resource
import threading
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import ValidationError

from schemas.events import Article, ArticleStatus, Claim, Document, Event, Quote
from services.chassis import cloudevents
from services.chassis.errors import PoisonError, SettingsError
from services.chassis.log.open import open_log
from services.chassis.log.topics import declared
from services.chassis.log.types import Message, Record
from services.chassis.metrics import Metrics
from services.chassis.service import Context
from services.chassis.settings import Settings
from services.extract.service import SOURCE, ExtractService, build
from tests.extract.conftest import MakeArticle
from tests.support.log import everything

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def context(tmp_path: Path) -> Iterator[Context]:
    settings = Settings(log={"path": tmp_path / "log.db", "partitions": 2}, stage={"poll_timeout_s": 0.05})
    metrics = Metrics()
    with open_log(settings, metrics, "extract") as log:
        log.create_topics(declared(2))
        yield Context(settings, log, metrics)


@pytest.fixture
def service(context: Context) -> Iterator[ExtractService]:
    made = build(context)
    yield made
    made.close()


def record(article: Article, traceparent: str | None = None) -> Record:
    message = cloudevents.encode(article, source="/test", traceparent=traceparent)
    return Record(message.topic, 0, 7, 0, message.key, message.value, message.headers)


def read(messages: list[Message], kind: type[Event]) -> list[Event]:
    return [
        cloudevents.decode(Record(m.topic, 0, 0, 0, m.key, m.value, m.headers), kind).event
        for m in messages
        if m.topic == kind.topic
    ]


def test_an_article_becomes_its_document_quotes_and_claims(
    service: ExtractService, article: MakeArticle, sample: str
) -> None:
    handled = service.handle(record(article(sample), TRACE))
    messages = list(handled.outputs)
    [document] = read(messages, Document)
    assert isinstance(document, Document)
    assert messages[0].topic == Document.topic
    assert tuple(q.event_id for q in read(messages, Quote)) == document.quote_ids
    assert tuple(c.event_id for c in read(messages, Claim)) == document.claim_ids
    assert handled.outcome == "extracted"
    for message in messages:
        headers = dict(message.headers)
        assert headers["ce_source"] == SOURCE.encode()
        assert headers["traceparent"].split(b"-")[1] == TRACE.split("-")[1].encode()
    assert {m.key for m in messages if m.topic == Quote.topic} >= {
        b"person:sergei-lavrov",
        b"person:donald-trump",
    }


def test_a_withdrawal_is_passed_on(service: ExtractService, article: MakeArticle) -> None:
    handled = service.handle(record(article("", status=ArticleStatus.WITHDRAWN)))
    assert (handled.outcome, len(handled.outputs)) == ("withdrawn", 1)


def test_what_is_no_article_is_poison(service: ExtractService) -> None:
    with pytest.raises(PoisonError) as caught:
        service.handle(Record(Article.topic, 0, 0, 0, b"k", b"{not json"))
    assert (caught.value.stage, caught.value.reason) == ("decode", "not_json")


def test_what_breaks_the_schema_is_named_by_field_and_not_quoted(
    service: ExtractService, article: MakeArticle
) -> None:
    unread = article("Rain.").model_dump(mode="json") | {"language": "Secret words"}
    with pytest.raises(ValidationError, match="language") as invalid:
        Article.read(json.dumps(unread))
    assert "Secret" not in str(invalid.value)
    good = record(article("Rain."))
    assert good.value is not None
    broken = dataclasses.replace(
        good, value=good.value.replace(b'"language":"en"', b'"language":"Secret words"')
    )
    with pytest.raises(PoisonError, match="language") as caught:
        service.handle(broken)
    assert "Secret" not in "".join(traceback.format_exception(caught.value))


def test_a_page_beyond_its_limits_is_poison(service: ExtractService, article: MakeArticle) -> None:
    with pytest.raises(PoisonError) as caught:
        service.handle(record(article("<div>" * 100_000, content_type="text/html")))
    assert (caught.value.stage, caught.value.reason) == ("extract", "html_tags")


def test_a_model_that_is_not_there_is_a_wrong_setting(context: Context, tmp_path: Path) -> None:
    settings = context.settings.model_copy(
        update={"extract": context.settings.extract.model_copy(update={"model_dir": tmp_path})}
    )
    with pytest.raises(SettingsError, match=r"model\.json is missing"):
        build(Context(settings, context.log, context.metrics))


def test_no_room_for_the_language_detector_is_told_at_the_start(context: Context) -> None:
    most, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    # as a full disk would; the process that reads inherits it
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, hard))
    try:
        with pytest.raises(SettingsError, match=r"cannot be unpacked there .*70 MB"):
            build(context)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))


def test_on_the_log_every_article_is_counted_once_after_its_commit(
    context: Context, service: ExtractService, article: MakeArticle
) -> None:
    with context.log.producer("test") as producer:
        good = article("“We will not go there again,” Anna Lee said on Friday.", article_id="good")
        bad = article("<div>" * 100_000, article_id="bad", content_type="text/html")
        producer.append([cloudevents.encode(a, source="/test") for a in (good, bad)])
    worker = threading.Thread(target=service.run)
    worker.start()
    try:
        done = threading.Event()
        deadline = 6_000
        while not done.wait(0.05) and deadline and worker.is_alive():
            deadline -= 1
            if (
                len(everything(context.log, Article.topic + ".dlq")) == 1
                and len(everything(context.log, Document.topic)) == 1
            ):
                done.set()
    finally:
        context.stop.set()
        worker.join()
    assert len(everything(context.log, Quote.topic)) == 1
    scraped = context.metrics.registry.get_sample_value
    assert scraped("onrecord_articles_processed_total", {"service": "extract", "outcome": "extracted"}) == 1
    assert (
        scraped("onrecord_articles_processed_total", {"service": "extract", "outcome": "dead_lettered"}) == 1
    )
    assert scraped("onrecord_extraction_duration_seconds_count") == 1
    assert scraped("onrecord_quotes_extracted_total", {"kind": "direct"}) == 1
    assert (scraped("onrecord_tokens_total") or 0) > 10
    assert scraped("onrecord_stage_duration_seconds_count", {"stage": "tag"}) == 1
