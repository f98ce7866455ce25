"""The whole pipeline on SQLite, as a person runs it."""

from __future__ import annotations

import json
import shutil
import signal
import sqlite3
import urllib.request
from collections.abc import Callable
from pathlib import Path

from tests.support.patience import PATIENCE_S
from tests.support.pipeline import Pipeline, free_port, ready

Record = dict[str, list[tuple[object, ...]]]


def test_the_record_names_who_said_what(embedded: tuple[Pipeline, Record, str]) -> None:
    _, record, printed = embedded
    said = {(actor, text) for _, actor, _, _, text, kind, *_ in record["statements"] if kind == "quote"}
    assert ("person:donald-trump", "After that, we’ll have to maybe take a different tack,") in said
    row = next(line for line in printed.splitlines() if "Sergei Lavrov" in line)
    # of an article's quotes, all of one day, any may stand for the latest
    assert any(str(text)[:30] in row for actor, text in said if actor == "person:sergei-lavrov"), row
    assert len(record["documents"]) >= 21


def test_a_second_run_adds_nothing_twice(embedded: tuple[Pipeline, Record, str], articles: Path) -> None:
    pipeline, record, printed = embedded
    done = pipeline.onrecord("run", "--no-serve", str(articles))
    assert pipeline.record() == record
    assert done.stdout == printed
    assert "0 published" in done.stderr


def test_a_new_log_beside_an_old_record_loses_nothing(
    pipeline_at: Callable[..., Pipeline], articles: Path, tmp_path: Path
) -> None:
    few, more = tmp_path / "few", tmp_path / "more"
    for folder, files in ((few, sorted(articles.iterdir())[:3]), (more, sorted(articles.iterdir())[3:8])):
        folder.mkdir()
        for file in files:
            shutil.copy(file, folder)
    pipeline = pipeline_at()
    pipeline.onrecord("run", "--no-serve", str(few))
    for file in pipeline.folder.glob("log.db*"):
        file.unlink()
    pipeline.onrecord("topics", "create")
    done = pipeline.onrecord("run", "--no-serve", str(more))
    assert "the log was replaced" in done.stderr
    assert len(pipeline.record()["documents"]) == 8


def test_a_changed_article_replaces_what_it_contributed(
    pipeline_at: Callable[..., Pipeline], articles: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    url = "https://example.org/bridge\n\n"
    (folder / "bridge.txt").write_text(
        f"Bridge to reopen\n{url}Minister Anna Berg said on Monday that the bridge will reopen in May.\n"
    )
    pipeline = pipeline_at()
    pipeline.onrecord("run", "--no-serve", str(folder))
    before = pipeline.record()
    assert any("reopen in May" in str(row) for row in before["statements"])
    (folder / "bridge.txt").write_text(
        f"Bridge to reopen\n{url}Minister Anna Berg said on Monday that the bridge will reopen in June.\n"
    )
    pipeline.onrecord("run", "--no-serve", str(folder))
    after = pipeline.record()
    assert any("reopen in June" in str(row) for row in after["statements"])
    assert not any("reopen in May" in str(row) for row in after["statements"])
    assert [row[2] for row in after["documents"]] == [2]


def test_bad_input_is_named_kept_and_does_not_stop_the_rest(
    pipeline_at: Callable[..., Pipeline], articles: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "mixed"
    folder.mkdir()
    shutil.copy(articles / "lavrov.txt", folder)
    (folder / "lines.jsonl").write_text('{"not": "an article"}\nnot json at all\n')
    pipeline = pipeline_at()
    done = pipeline.onrecord("run", "--no-serve", str(folder), expect=1)
    assert "lines.jsonl" in done.stderr
    assert "2 rejected" in done.stderr
    assert any(row[1] == "person:sergei-lavrov" for row in pipeline.record()["statements"])
    listed = pipeline.onrecord("dlq", "list")
    assert "2 dead letters" in listed.stderr


def test_serving_while_running_and_a_clean_end(pipeline_at: Callable[..., Pipeline], articles: Path) -> None:
    port, ops = free_port(), free_port()
    pipeline = pipeline_at(ONRECORD_QUERY__PORT=str(port))
    pipeline.onrecord("topics", "create")
    pipeline.onrecord("ingest", str(articles))
    for name in ("extract", "aggregate"):
        pipeline.start(name)
    pipeline.start("query", ONRECORD_OPS__PORT=str(ops))
    pipeline.drain()
    pipeline.wait(lambda: ready(ops), "the API")
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/actors?q=lavrov", timeout=PATIENCE_S) as answer:
        actors = json.load(answer)["items"]
    assert [actor["name"] for actor in actors] == ["Sergei Lavrov"]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=PATIENCE_S) as answer:
        assert "Sergei Lavrov" in answer.read().decode()
    pipeline.stop()


def test_separate_services_give_the_same_record(
    embedded: tuple[Pipeline, Record, str], pipeline_at: Callable[..., Pipeline], articles: Path
) -> None:
    pipeline = pipeline_at(ONRECORD_STAGE__MAX_RECORDS="3", ONRECORD_LOG__PARTITIONS="2")
    pipeline.onrecord("topics", "create")
    pipeline.start("extract")
    pipeline.start("aggregate")
    pipeline.onrecord("ingest", str(articles))
    pipeline.drain()
    pipeline.stop()
    assert pipeline.record() == embedded[1]


def test_a_second_extract_on_the_embedded_log_is_told_to_use_kafka(
    pipeline_at: Callable[..., Pipeline],
) -> None:
    pipeline = pipeline_at()
    pipeline.onrecord("topics", "create")
    first = pipeline.start("extract")
    pipeline.wait(lambda: "stage started" in pipeline.tail("extract"), "extract to start")
    done = pipeline.onrecord("service", "extract", expect=1)
    assert "Kafka" in done.stderr
    assert str(first.pid) in done.stderr
    pipeline.stop()


def test_a_service_without_topics_says_how_to_make_them(pipeline_at: Callable[..., Pipeline]) -> None:
    done = pipeline_at().onrecord("service", "extract", expect=1)
    assert "onrecord topics create" in done.stderr


def test_interrupting_a_run_and_going_on_loses_nothing(
    embedded: tuple[Pipeline, Record, str], pipeline_at: Callable[..., Pipeline], articles: Path
) -> None:
    pipeline = pipeline_at(ONRECORD_STAGE__MAX_RECORDS="2")
    killed = pipeline.onrecord("run", "--no-serve", str(articles), expect=None, failpoint="before_commit:5")
    assert killed.returncode == -signal.SIGKILL
    pipeline.onrecord("run", "--no-serve", str(articles))
    assert pipeline.record() == embedded[1]
    for name in ("log.db", "record.db", "ingest.db"):
        with sqlite3.connect(pipeline.folder / name) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        connection.close()
