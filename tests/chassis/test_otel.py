"""Export of spans: the ids that were sent, nothing that blocks, and a clear word when the extra is
missing."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator

import pytest
import structlog

from services.chassis.errors import SettingsError
from services.chassis.otel import open_spans
from services.chassis.settings import OtelSettings, Settings
from services.chassis.tracing import FinishedSpan, Span, Spans, TraceContext
from tests.support.otlp import Receiver
from tests.support.patience import PATIENCE_S
from tests.support.pipeline import free_port

PARENT = TraceContext("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331")


@pytest.fixture(autouse=True)
def _restore_loggers() -> Iterator[None]:
    level = logging.getLogger("opentelemetry").level
    yield
    logging.getLogger("opentelemetry").setLevel(level)


def settings(endpoint: str | None, timeout_s: float = PATIENCE_S) -> Settings:
    return Settings(otel=OtelSettings(endpoint=endpoint, timeout_s=timeout_s))


def finished(traceparent: str = str(PARENT), error: str | None = None) -> FinishedSpan:
    attributes: dict[str, str | int | bool] = {
        "messaging.destination.name": "onrecord.articles",
        "messaging.kafka.offset": 7,
    }
    return FinishedSpan(
        "process onrecord.articles", "consumer", Span.after(traceparent), 1_000, 3_000, attributes, error
    )


def test_a_span_arrives_with_the_ids_that_were_sent_on() -> None:
    with Receiver() as receiver:
        span = finished(error="html_depth")
        with open_spans(settings(receiver.endpoint), "extract") as spans:
            assert spans is not None
            spans(span)
        (received,) = receiver.spans
    assert (received.trace_id, received.span_id) == (PARENT.trace_id, span.span.context.span_id)
    assert received.parent_id == PARENT.span_id
    assert received.links == [(PARENT.trace_id, PARENT.span_id)]
    assert (received.span.start_time_unix_nano, received.span.end_time_unix_nano) == (1_000, 3_000)
    assert received.span.kind == received.span.SPAN_KIND_CONSUMER
    assert received.span.status.code == received.span.status.STATUS_CODE_ERROR
    assert received.attributes == {
        "messaging.system": "sqlite",
        "messaging.client.id": "onrecord-extract-0",
        "messaging.destination.name": "onrecord.articles",
        "messaging.kafka.offset": 7,
        "error.type": "html_depth",
    }
    assert received.resource["service.name"] == "onrecord-extract"
    assert received.resource["service.namespace"] == "onrecord"


def test_an_endpoint_may_name_the_path_and_unsampled_traces_stay_here() -> None:
    with Receiver() as receiver:
        with open_spans(settings(receiver.endpoint + "/v1/traces"), "extract") as spans:
            assert spans is not None
            spans(finished(f"00-{PARENT.trace_id}-{PARENT.span_id}-00"))
            spans(finished())
        assert len(receiver.spans) == 1


def test_without_an_endpoint_nothing_is_exported() -> None:
    with open_spans(settings(None), "extract") as spans:
        assert spans is None


def test_without_the_extra_an_endpoint_is_a_wrong_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    # what the import system does for a module that is not installed
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with (
        pytest.raises(SettingsError, match=r"ONRECORD_OTEL__ENDPOINT: .*pip install 'onrecord\[otel\]'"),
        open_spans(settings("http://127.0.0.1:4318"), "extract"),
    ):
        pass


def test_a_dead_collector_costs_neither_time_nor_the_caller(capsys: pytest.CaptureFixture[str]) -> None:
    def flood(spans: Spans) -> float:
        started = time.monotonic()
        for _ in range(5_000):  # more than the SDK's queue of 2 048
            spans(finished())
        return time.monotonic() - started

    with structlog.testing.capture_logs() as lines:
        with open_spans(settings(f"http://127.0.0.1:{free_port()}", timeout_s=0.5), "extract") as spans:
            assert spans is not None
            taken = flood(spans)
            ending = time.monotonic()
        ended = time.monotonic() - ending
    # waiting for 5 000 exports that end after half a second each would take most of an hour
    assert taken < PATIENCE_S
    assert ended < PATIENCE_S
    lost = [line for line in lines if line["log_level"] == "warning"]
    assert len(lost) <= 1, "told once, not per span"
    assert capsys.readouterr().err == ""
