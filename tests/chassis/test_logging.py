"""Logs: JSON in containers, human lines on a terminal, and never article text."""

from __future__ import annotations

import io
import json
import logging as stdlib
from collections.abc import Iterator

import pytest
import structlog

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
