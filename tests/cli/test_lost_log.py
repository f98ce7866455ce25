"""The log's file is taken away under running services, and from commands that want it: one clear line and an exit code, no traceback."""

from __future__ import annotations

from pathlib import Path

from tests.support.patience import PATIENCE_S
from tests.support.pipeline import Pipeline, free_port, ready


def test_services_end_and_commands_refuse_when_the_log_is_moved_away(tmp_path: Path) -> None:
    pipeline = Pipeline(tmp_path / "var", {"ONRECORD_INGEST__PUSH_PORT": "0"})
    pipeline.onrecord("topics", "create")
    article = tmp_path / "article.txt"
    article.write_text("“The tunnel will open in March,” Transport Minister Ida Holm said on Tuesday.")
    pipeline.onrecord("ingest", str(article))
    port = free_port()
    service = pipeline.start("aggregate", ONRECORD_OPS__PORT=str(port))
    pipeline.wait(lambda: ready(port), "aggregate to be ready")
    log = pipeline.folder / "log.db"
    away = pipeline.folder / "away"
    away.mkdir()
    for file in pipeline.folder.glob("log.db*"):
        file.rename(away / file.name)
    assert service.wait(PATIENCE_S) == 1
    pipeline.processes.clear()
    said = pipeline.tail("aggregate")
    assert f"onrecord: event log {log} has been moved away or deleted while in use" in said
    assert "Traceback" not in said
    for command in (["service", "extract"], ["ingest", str(article)], ["dlq", "list"], ["run", "--no-serve"]):
        done = pipeline.onrecord(*command, expect=1)
        assert f"onrecord: event log {log} is not there" in done.stderr
        assert "Traceback" not in done.stderr
        assert not log.exists(), "no new log in its place"
    for file in away.iterdir():
        file.rename(pipeline.folder / file.name)
    assert "onrecord.articles" in pipeline.onrecord("topics", "list").stdout
