"""Logs: JSON in containers, human lines on a terminal, and never article text."""

from __future__ import annotations

import ast
import io
import json
import logging as stdlib
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

import services
from services.chassis import logging
from services.chassis.settings import OpsSettings


@pytest.fixture(autouse=True)
def _restore() -> Iterator[None]:
    before = structlog.get_config()
    handlers, level = stdlib.getLogger().handlers, stdlib.getLogger().level
    yield
    structlog.configure(**before)
    stdlib.getLogger().handlers = handlers
    stdlib.getLogger().setLevel(level)


SCHEMA = Path(__file__).parents[2] / "docs" / "log-line.schema.json"
LEVELS = ("debug", "info", "warning", "error", "exception", "critical")
ARTICLE = "The minister said nothing."


def fail_on(secret_article_text: str) -> None:
    raise ZeroDivisionError("broken")


def written(log_format: str, level: str = "info") -> str:
    stream = io.StringIO()
    logging.configure(OpsSettings(log_format=log_format, log_level=level), stream)
    log = structlog.get_logger()
    with structlog.contextvars.bound_contextvars(article_id="art-1", offset=7):
        log.debug("detail")
        log.info("extracted", quotes=3)
        try:
            fail_on(ARTICLE)
        except ZeroDivisionError:
            log.exception("unexpected error")
        stdlib.getLogger("kafka").info("chatter")
        stdlib.getLogger("kafka").warning("broker gone")
    return stream.getvalue()


def test_json_lines_carry_the_bound_article_and_offset() -> None:
    lines = [json.loads(line) for line in written("json").splitlines()]
    assert [(line["level"], line["message"]) for line in lines] == [
        ("info", "extracted"), ("error", "unexpected error"), ("warning", "broker gone"),
    ]  # fmt: skip
    assert lines[0]["article_id"] == "art-1"
    assert lines[0]["offset"] == 7
    assert lines[0]["quotes"] == 3
    assert lines[1]["exception"][0]["exc_type"] == "ZeroDivisionError"


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_no_local_variable_of_a_failing_frame_is_written(log_format: str) -> None:
    text = written(log_format)
    assert "ZeroDivisionError" in text
    assert "minister" not in text


def test_human_lines_when_asked_for() -> None:
    text = written("console", "debug")
    assert "detail" in text
    assert "quotes" in text
    assert not text.startswith("{")


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Lines:
    """A logger tree of its own whose lines go through the filter."""

    def __init__(self, *, filtered: bool = True) -> None:
        self.stream, self.clock = io.StringIO(), Clock()
        handler = stdlib.StreamHandler(self.stream)
        if filtered:
            handler.addFilter(logging.Repeats("client", handler.handle, self.clock))
        self.client, self.other = stdlib.Logger("client.net"), stdlib.Logger("ours")
        for logger in (self.client, self.other):
            logger.addHandler(handler)

    def written(self) -> list[str]:
        lines = self.stream.getvalue().splitlines()
        self.stream.seek(0)
        self.stream.truncate()
        return lines


def test_lines_alike_are_written_once_a_minute_with_their_number() -> None:
    lines = Lines()
    for number in range(1, 101):
        lines.clock.now = number / 10
        lines.client.error("Connection to %s failed after %d ms", "broker-1", number)
    assert lines.written() == ["Connection to broker-1 failed after 1 ms"], "the first at once"
    lines.clock.now = 61.0
    lines.client.error("Connection to %s failed after %d ms", "broker-1", 101)
    # the minute began with the first line, and the next begins here
    assert lines.written() == [
        "Connection to broker-1 failed after 100 ms (99 lines like it held back in 61 s)"
    ]
    lines.clock.now = 130.0
    lines.other.info("up again")
    assert lines.written() == [
        "Connection to broker-1 failed after 101 ms (1 lines like it held back in 69 s)",
        "up again",
    ]
    lines.clock.now = 191.0
    lines.client.error("Connection to %s failed after %d ms", "broker-1", 102)
    assert lines.written() == ["Connection to broker-1 failed after 102 ms"], (
        "after a quiet minute it is the first again"
    )


def test_lines_that_differ_in_more_than_numbers_and_arguments_are_kinds_of_their_own() -> None:
    lines = Lines()
    lines.client.error("Metadata refresh: failed %s", "timeout")
    lines.client.error("Metadata refresh: failed %s", "refused")
    lines.client.error(f"Attempt to bootstrap-{0} failed (backoff {0.05:.2f} secs)")
    lines.client.error(f"Attempt to bootstrap-{1} failed (backoff {10.5:.2f} secs)")
    lines.client.warning(ValueError("out of order"))
    assert lines.written() == [
        "Metadata refresh: failed timeout",
        "Attempt to bootstrap-0 failed (backoff 0.05 secs)",
        "out of order",
    ]


def test_our_own_lines_are_never_held_back() -> None:
    lines = Lines()
    for _ in range(3):
        lines.other.warning("commit failed")
    assert lines.written() == ["commit failed"] * 3


@pytest.mark.parametrize(("level", "told"), [("info", ["lost"]), ("debug", ["lost", "lost", "opened"] * 2)])
def test_nothing_of_the_client_is_held_back_at_debug_but_its_requests(level: str, told: list[str]) -> None:
    stream = io.StringIO()
    logging.configure(OpsSettings(log_format="json", log_level=level), stream)
    try:
        for name in ("kafka.net.connection", "kafka.coordinator"):
            for _ in range(2):
                stdlib.getLogger(name).error("lost")
            stdlib.getLogger(name).info("opened")
            stdlib.getLogger(name).debug("Request 7: ProduceRequest(%s)", ARTICLE)
    finally:
        logging.configure(OpsSettings(log_format="json"), io.StringIO())
    assert [json.loads(line)["message"] for line in stream.getvalue().splitlines()] == told


def test_every_line_names_its_service() -> None:
    stream = io.StringIO()
    logging.configure(OpsSettings(log_format="json"), stream)
    before = logging._process["service"]
    try:
        logging.name_process("query")
        structlog.get_logger().info("one")
        stdlib.getLogger("library").warning("two")
        with structlog.contextvars.bound_contextvars(service="extract"):
            structlog.get_logger().info("three")
        structlog.get_logger().info("four", service="lag")
    finally:
        logging.name_process(before)
    assert [json.loads(line)["service"] for line in stream.getvalue().splitlines()] == [
        "query",
        "query",
        "extract",
        "lag",
    ]


def test_every_member_that_code_writes_is_documented() -> None:
    documented = set(json.loads(SCHEMA.read_text(encoding="utf-8"))["properties"])
    written = set()
    for file in sorted(Path(services.__file__).parent.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in LEVELS
            ):
                owner = node.func.value
                if isinstance(owner, ast.Name) and owner.id.strip("_") in ("logger", "log"):
                    written |= {keyword.arg for keyword in node.keywords if keyword.arg}
    assert len(written) > 20, "the scan finds what it looks for"
    assert written - {"exc_info"} <= documented
