"""The extract service: articles from the log in, documents, quotes and claims onto the log, all of one
article in one transaction."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from schemas.events import Article, Claim, Quote
from services.chassis import cloudevents
from services.chassis.errors import SettingsError, TransientError
from services.chassis.log.types import Message, Record
from services.chassis.metrics import Metrics
from services.chassis.service import Context
from services.chassis.stage import Handled, LogSession, StageService
from services.chassis.tracing import Span
from services.chassis.worker import WorkerUnfit
from services.extract.articles import ArticleReader, Reading

NAME = "extract"
GROUP = "onrecord-extract"
SOURCE = "/onrecord/extract"
TOPICS = (Article.topic,)

logger = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Tally:
    """What is counted of one article once its events are committed."""

    reading: Reading
    seconds: float


def build(context: Context) -> ExtractService:
    """The service, its model loaded; it joins the log when it runs.

    Raises:
        SettingsError: the model folder is incomplete or broken, or there is no room for the language
            detector's model.
    """
    if context.settings.extract.tagger == "stand-in":
        # the process that loads it has no log
        logger.error("the stand-in tagger is for tests: most quotes and claims will be missed")
    reader = ArticleReader(context.settings.extract)
    try:
        model = reader.model()
    except WorkerUnfit as error:
        raise SettingsError([str(error)]) from error
    except TransientError as error:
        raise SettingsError([f"{error}; it needs memory and the right to start processes"]) from error
    context.metrics.gauge("model_info", name=model.name, version=model.version, sha256=model.sha256).set(1)
    return ExtractService(context, reader)


class ExtractService(StageService[Message]):
    """Extracts every article of the log once."""

    def __init__(self, context: Context, reader: ArticleReader) -> None:
        self._metrics = context.metrics
        self._reader = reader
        super().__init__(
            context,
            name=NAME,
            group=GROUP,
            open_session=lambda: LogSession(
                context.log.stage_consumer(GROUP, TOPICS, context.settings.log.instance)
            ),
            handler=self.handle,
            article_topic=Article.topic,
            after_commit=self._count,
        )

    def run(self) -> None:
        try:
            super().run()
        finally:
            self.close()

    def close(self) -> None:
        """End the process that reads. Safe to call twice."""
        self._reader.close()

    def handle(self, record: Record) -> Handled[Message]:
        """One article's events, the document first; the same record always gives the same events.

        Raises:
            PoisonError: the record is no article, or the article cannot be extracted.
            StageStopped: a stop was asked for meanwhile.
        """
        decoded = cloudevents.decode(record, Article)
        article = decoded.event
        started = time.perf_counter()
        with structlog.contextvars.bound_contextvars(article_id=article.article_id):
            reading = self._reader.read(article, self.look_up)
        seconds = time.perf_counter() - started
        span = Span.after(decoded.traceparent)
        events = (reading.document, *reading.quotes, *reading.claims)
        messages = [
            cloudevents.encode(event, source=SOURCE, traceparent=span.traceparent) for event in events
        ]
        return Handled(
            messages, str(reading.document.outcome), Tally(reading, seconds), span=span, facts=facts(reading)
        )

    def _count(self, handled: Sequence[Handled[Message]]) -> None:
        for done in handled:
            if isinstance(done.detail, Tally):
                count(self._metrics, done.detail)


def facts(reading: Reading) -> dict[str, object]:
    """What the log says of an article: which it was and how much was found, never its text."""
    document = reading.document
    return {
        "article_id": document.article_id,
        "revision": document.revision,
        "quotes": len(reading.quotes),
        "claims": len(reading.claims),
    }


def count(metrics: Metrics, tally: Tally) -> None:
    """Count one committed article."""
    reading = tally.reading
    metrics.histogram("extraction_duration").observe(tally.seconds)
    for step, seconds in reading.steps:
        metrics.histogram("stage_duration", stage=step).observe(seconds)
    metrics.counter("tokens").inc(reading.tokens)
    statements: tuple[tuple[str, str, Sequence[Quote | Claim]], ...] = (
        ("quote", "quotes_extracted", reading.quotes),
        ("claim", "claims_extracted", reading.claims),
    )
    for kind, counter, items in statements:
        for item in items:
            metrics.counter(counter, kind=str(item.kind)).inc()
            metrics.histogram("statement_confidence", type=kind).observe(item.confidence)
