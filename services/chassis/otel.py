"""Export of finished spans by OpenTelemetry's SDK, over OTLP/HTTP, where the settings name a collector.

The spans are made here from what already happened, so that their ids are those of the ``traceparent`` headers
that were sent. They are queued and sent by a thread of the SDK: a collector that is slow or gone costs spans,
never time or articles. The SDK's own variables (``OTEL_EXPORTER_OTLP_HEADERS``, ``OTEL_BSP_…``) are honoured.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import structlog

from services.chassis.build import app_version, build_labels
from services.chassis.errors import SettingsError
from services.chassis.settings import Settings
from services.chassis.tracing import FinishedSpan, Spans, TraceContext

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

TRACES_PATH = "/v1/traces"

logger = structlog.get_logger()


@contextmanager
def open_spans(settings: Settings, service: str) -> Iterator[Spans | None]:
    """Where finished spans go: None when no collector is named. The last ones are sent, within
    ``otel.timeout_s``, at the end.

    Raises:
        SettingsError: a collector is named but the extra is not installed.
    """
    if settings.otel.endpoint is None:
        yield None
        return
    try:
        export = _Export(settings, service)
    except ImportError as error:
        problem = (
            "traces cannot be exported without the extra `otel`: pip install 'onrecord[otel]', or unset this"
        )
        raise SettingsError([f"ONRECORD_OTEL__ENDPOINT: {problem}"]) from error
    try:
        yield export.take
    finally:
        export.close()


class _Export:
    def __init__(self, settings: Settings, service: str) -> None:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.sdk.util.instrumentation import InstrumentationScope

        endpoint = str(settings.otel.endpoint).rstrip("/").removesuffix(TRACES_PATH) + TRACES_PATH
        self._timeout_s = settings.otel.timeout_s
        # the SDK would write a line for every span it drops and every try that fails; _Watched tells once
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
        self._processor = BatchSpanProcessor(
            _watched(OTLPSpanExporter(endpoint, timeout=self._timeout_s), endpoint)
        )
        self._scope = InstrumentationScope("onrecord", app_version())
        self._system = {
            "messaging.system": settings.log.engine,
            "messaging.client.id": f"onrecord-{service}-{settings.log.instance}",
        }
        self._resource = Resource.create({
            "service.namespace": "onrecord",
            "service.name": f"onrecord-{service}",
            "service.instance.id": settings.log.instance,
            "service.version": app_version(),
            "vcs.ref.head.revision": build_labels()["revision"],
        })  # fmt: skip

    def take(self, finished: FinishedSpan) -> None:
        """Queue a span; dropped when the queue is full or its trace is not sampled."""
        self._processor.on_end(self._readable(finished))

    def close(self) -> None:
        """Send what is queued, for ``otel.timeout_s`` at most: the SDK itself would wait for half a
        minute."""
        ending = threading.Thread(target=self._processor.shutdown, name="otel-shutdown", daemon=True)
        ending.start()
        ending.join(self._timeout_s)

    def _readable(self, finished: FinishedSpan) -> ReadableSpan:
        from opentelemetry.sdk.trace import ReadableSpan
        from opentelemetry.trace import Link, SpanKind, Status, StatusCode

        parent = _context(finished.span.parent, remote=True) if finished.span.parent else None
        attributes = {**self._system, **finished.attributes}
        if finished.error:
            attributes["error.type"] = finished.error
        return ReadableSpan(
            finished.name,
            context=_context(finished.span.context, remote=False),
            parent=parent,
            resource=self._resource,
            attributes=attributes,
            # the conventions tie processing to sending by a link; parenthood keeps an article's way in one
            # tree besides
            links=[Link(parent)] if parent and finished.kind == "consumer" else [],
            kind=SpanKind.PRODUCER if finished.kind == "producer" else SpanKind.CONSUMER,
            status=Status(StatusCode.ERROR) if finished.error else Status(StatusCode.UNSET),
            start_time=finished.started_ns,
            end_time=finished.ended_ns,
            instrumentation_scope=self._scope,
        )


def _context(context: TraceContext, *, remote: bool) -> Any:
    from opentelemetry.trace import SpanContext, TraceFlags

    return SpanContext(
        int(context.trace_id, 16),
        int(context.span_id, 16),
        is_remote=remote,
        trace_flags=TraceFlags(context.flags),
    )


def _watched(inner: SpanExporter, endpoint: str) -> SpanExporter:
    """The exporter, with one line in the log when the collector is lost and one when it is back."""
    from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

    class Watched(SpanExporter):
        well = True

        def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
            result = inner.export(spans)
            well = result is SpanExportResult.SUCCESS
            if self.well and not well:
                logger.warning(
                    "spans cannot be exported; they are dropped until the collector answers",
                    endpoint=endpoint,
                )
            elif well and not self.well:
                logger.info("spans are exported again", endpoint=endpoint)
            self.well = well
            return result

        def shutdown(self) -> None:
            inner.shutdown()

    return Watched()
