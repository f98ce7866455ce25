"""The extract service: articles from the log in, documents, quotes and claims onto the log, all of one article in one transaction."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from schemas.events import Article, Claim, Quote
from services.chassis import cloudevents
from services.chassis.errors import SettingsError
from services.chassis.log.types import Message, Record
from services.chassis.metrics import Metrics
from services.chassis.service import Context
from services.chassis.settings import ExtractSettings
from services.chassis.stage import Handled, LogSession, StageService
from services.chassis.tracing import Span
from services.extract.extract import Extraction, Extractor, Limits, events
from services.extract.tagger import ModelBroken, StandIn, Tagger
from services.extract.text import language
from services.extract.text.html import HtmlLimits

NAME = "extract"
GROUP = "onrecord-extract"
SOURCE = "/onrecord/extract"
TOPICS = (Article.topic,)

logger = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Tally:
    """What is counted of one article once its events are committed."""

    extraction: Extraction
    seconds: float
    steps: tuple[tuple[str, float], ...]
    tokens: int


def build(context: Context) -> ExtractService:
    """The service, its model loaded; it joins the log when it runs.

    Raises:
        SettingsError: the model folder is incomplete or broken, or there is no room for the language detector's model.
    """
    tagger = load_tagger(context.settings.extract)
    try:
        language.load()
    except OSError as error:
        folder = tempfile.gettempdir()
        raise SettingsError([f"{folder}: the language detector's model cannot be unpacked there ({error}); it needs 70 MB"]) from error
    context.metrics.gauge("model_info", name=tagger.name, version=tagger.version, sha256=tagger.model_sha256).set(1)
    return ExtractService(context, tagger)


def load_tagger(settings: ExtractSettings) -> Tagger | StandIn:
    """The tagger of the settings.

    Raises:
        SettingsError: the model folder is incomplete or broken.
    """
    if settings.tagger == "stand-in":
        logger.error("the stand-in tagger is for tests: most quotes and claims will be missed")
        return StandIn()
    try:
        return Tagger.load(settings.model_dir, settings.threads)
    except (ModelBroken, OSError, ValueError) as error:
        raise SettingsError([f"ONRECORD_EXTRACT__MODEL_DIR: {' '.join(str(error).split())}"]) from error


def limits(settings: ExtractSettings) -> Limits:
    """The settings as the core's limits."""
    return Limits(
        max_text_chars=settings.max_text_chars,
        html=HtmlLimits(
            timeout_s=settings.html_timeout_s,
            memory_mb=settings.html_memory_mb,
            max_depth=settings.html_max_depth,
            max_tags=settings.html_max_tags,
        ),
    )


class ExtractService(StageService[Message]):
    """Extracts every article of the log once."""

    def __init__(self, context: Context, tagger: Tagger | StandIn) -> None:
        self._metrics = context.metrics
        self._tagger = tagger
        self._steps: list[tuple[str, float]] = []
        self._extractor = Extractor(tagger, limits(context.settings.extract), observe=self._observe)
        super().__init__(
            context,
            name=NAME,
            group=GROUP,
            open_session=lambda: LogSession(context.log.stage_consumer(GROUP, TOPICS, context.settings.log.instance)),
            handler=self.handle,
            article_topic=Article.topic,
            after_commit=self._count,
        )

    def run(self) -> None:
        try:
            super().run()
        finally:
            self._extractor.close()

    def handle(self, record: Record) -> Handled[Message]:
        """One article's events, the document first; the same record always gives the same events.

        Raises:
            PoisonError: the record is no article, or the article cannot be extracted.
        """
        decoded = cloudevents.decode(record, Article)
        article = decoded.event
        started = time.perf_counter()
        self._steps.clear()
        with structlog.contextvars.bound_contextvars(article_id=article.article_id):
            extraction = self._extractor.extract(article)
        seconds = time.perf_counter() - started
        span = Span.after(decoded.traceparent)
        messages = [cloudevents.encode(event, source=SOURCE, traceparent=span.traceparent) for event in events(extraction)]
        tokens = self._tagger.tokens(extraction.document.text)
        tally = Tally(extraction, seconds, tuple(self._steps), tokens)
        return Handled(messages, str(extraction.document.outcome), tally, span=span, facts=facts(extraction))

    def _observe(self, step: str, seconds: float) -> None:
        self._steps.append((step, seconds))

    def _count(self, handled: Sequence[Handled[Message]]) -> None:
        for done in handled:
            if isinstance(done.detail, Tally):
                count(self._metrics, done.detail)


def facts(extraction: Extraction) -> dict[str, object]:
    """What the log says of an article: which it was and how much was found, never its text."""
    document = extraction.document
    return {
        "article_id": document.article_id,
        "revision": document.revision,
        "quotes": len(extraction.quotes),
        "claims": len(extraction.claims),
    }


def count(metrics: Metrics, tally: Tally) -> None:
    """Count one committed article."""
    metrics.histogram("extraction_duration").observe(tally.seconds)
    for step, seconds in tally.steps:
        metrics.histogram("stage_duration", stage=step).observe(seconds)
    metrics.counter("tokens").inc(tally.tokens)
    statements: tuple[tuple[str, str, Sequence[Quote | Claim]], ...] = (
        ("quote", "quotes_extracted", tally.extraction.quotes),
        ("claim", "claims_extracted", tally.extraction.claims),
    )
    for kind, counter, items in statements:
        for item in items:
            metrics.counter(counter, kind=str(item.kind)).inc()
            metrics.histogram("statement_confidence", type=kind).observe(item.confidence)
