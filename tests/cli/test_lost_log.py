"""The log's file is taken away: a running service waits for it and says so, commands refuse with one clear
line; no traceback."""

from __future__ import annotations

from pathlib import Path

from services.chassis.probe import ask
from tests.support.pipeline import Pipeline, free_port, ready


def test_services_wait_and_commands_refuse_when_the_log_is_moved_away(tmp_path: Path) -> None:
    pipeline = Pipeline(tmp_path / "var", {"ONRECORD_INGEST__PUSH_PORT": "0"})
    pipeline.onrecord("topics", "create")
    article = tmp_path / "article.txt"
    article.write_text("“The tunnel will open in March,” Transport Minister Ida Holm said on Tuesday.")
    pipeline.onrecord("ingest", str(article))
    port = free_port()
    pipeline.start("aggregate", ONRECORD_OPS__PORT=str(port))
    pipeline.wait(lambda: ready(port), "aggregate to be ready")
    log = pipeline.folder / "log.db"
    away = pipeline.folder / "away"
    away.mkdir()
    for file in pipeline.folder.glob("log.db*"):
        file.rename(away / file.name)
    pipeline.wait(
        lambda: f"{log}: the file is gone; put it back" in (ask("127.0.0.1", port, "/readyz") or ""),
        "the log to be missed",
    )
    for command in (["service", "extract"], ["ingest", str(article)], ["dlq", "list"], ["run", "--no-serve"]):
        done = pipeline.onrecord(*command, expect=1)
        assert f"onrecord: event log {log} is not there" in done.stderr
        assert "Traceback" not in done.stderr
        assert not log.exists(), "no new log in its place"
    for file in away.iterdir():
        file.rename(pipeline.folder / file.name)
    pipeline.wait(lambda: ready(port), "aggregate to go on")
    assert "onrecord.articles" in pipeline.onrecord("topics", "list").stdout
    assert "Traceback" not in pipeline.tail("aggregate")
    pipeline.stop()
