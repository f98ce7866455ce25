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


@pytest.mark.parametrize(("level", "told"), [("info", False), ("debug", True)])
def test_what_the_client_says_of_each_broken_connection_is_for_debugging(level: str, told: bool) -> None:
    stream = io.StringIO()
    logging.configure(OpsSettings(log_format="json", log_level=level), stream)
    try:
        stdlib.getLogger("kafka.net.connection").error("Connection lost")
        stdlib.getLogger("kafka.coordinator").warning("left the group")
    finally:
        logging.configure(OpsSettings(log_format="json"), io.StringIO())
    messages = [json.loads(line)["message"] for line in stream.getvalue().splitlines()]
    assert messages == (["Connection lost"] if told else []) + ["left the group"]


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
    assert [json.loads(line)["service"] for line in stream.getvalue().splitlines()] == ["query", "query", "extract", "lag"]


def test_every_member_that_code_writes_is_documented() -> None:
    documented = set(json.loads(SCHEMA.read_text(encoding="utf-8"))["properties"])
    written = set()
    for file in sorted(Path(services.__file__).parent.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in LEVELS:
                owner = node.func.value
                if isinstance(owner, ast.Name) and owner.id.strip("_") in ("logger", "log"):
                    written |= {keyword.arg for keyword in node.keywords if keyword.arg}
    assert len(written) > 20, "the scan finds what it looks for"
    assert written - {"exc_info"} <= documented
