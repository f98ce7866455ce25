"""A SIGKILL at every step of a transaction, with the real model: whichever process dies where it hurts most,
the record is the same.

Each round brings new articles and starts extract or aggregate (or the ingest command) with a failpoint that
kills the process at one step of its transaction; then the process is started again. Kills at random, by the
hundred, are the campaign's.
"""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from services.embedded import SAMPLES
from tests.support.log import soon
from tests.support.patience import PATIENCE_S
from tests.support.pipeline import PATIENT, Pipeline, write_articles

# three dozen starts of a process: two minutes on two idle cores, more on a busy machine
pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

PER_ROUND = 3
SEED = int(os.environ.get("ONRECORD_TEST_SEED", "20261122"))

POINTS = {
    "sqlite": {"extract": ["after_send", "before_commit", "after_commit"], "aggregate": ["before_commit", "after_commit"],
               "ingest": ["after_send", "before_commit", "after_commit"]},
    "kafka": {"extract": ["after_send", "after_flush", "after_offsets", "before_commit", "after_commit"],
              "aggregate": ["before_commit", "after_commit"], "ingest": ["after_send", "after_flush", "before_commit", "after_commit"]},
}  # fmt: skip
KILLS = {
    engine: [(target, point) for target in targets for point in targets[target]]
    for engine, targets in POINTS.items()
}


def texts(rounds: int) -> list[str]:
    """Paragraph-sized articles: many transactions, little extraction."""
    paragraphs = [
        paragraph
        for file in sorted(SAMPLES.glob("*.txt"))
        for paragraph in file.read_text(encoding="utf-8").split("\n\n")
        if len(paragraph) > 300
    ]
    return [
        f"Report {number}\n\n{paragraph}\n" for number, paragraph in enumerate(dict.fromkeys(paragraphs))
    ][: rounds * PER_ROUND]


@pytest.fixture(params=["sqlite", pytest.param("kafka", marks=[pytest.mark.kafka, pytest.mark.postgres])])
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def pipeline(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Pipeline]:
    variables = {"ONRECORD_STAGE__MAX_RECORDS": "2", "ONRECORD_LOG__PARTITIONS": "3"}
    if engine == "kafka":
        variables |= {
            **PATIENT,
            "ONRECORD_LOG__ENGINE": "kafka",
            "ONRECORD_KAFKA__BOOTSTRAP_SERVERS": request.getfixturevalue("kafka_fresh").bootstrap,
            "ONRECORD_STORE__URL": request.getfixturevalue("postgres_url"),
        }
    with Pipeline(tmp_path / engine, variables) as made:
        yield made


def test_kills_at_every_step_change_nothing(
    engine: str, pipeline: Pipeline, tmp_path: Path, plain: Callable[[list[str]], tuple[object, object]]
) -> None:
    kills = random.Random(SEED).sample(KILLS[engine], len(KILLS[engine]))
    articles = texts(len(kills))
    assert len(articles) == len(kills) * PER_ROUND
    record, events = plain(articles)
    pipeline.onrecord("topics", "create")
    for round_, (target, point) in enumerate(kills):
        failpoint = f"{point}:1"
        folder = write_articles(
            tmp_path / f"round-{round_}", articles[round_ * PER_ROUND : (round_ + 1) * PER_ROUND]
        )
        if target == "ingest":
            killed = pipeline.onrecord("ingest", str(folder), expect=None, failpoint=failpoint)
            assert killed.returncode == -signal.SIGKILL, f"{failpoint} was never reached\n{killed.stderr}"
        pipeline.onrecord("ingest", str(folder))
        if target == "aggregate":
            pipeline.start("extract")
            pipeline.drain_articles()
            pipeline.kill("extract")
        if target != "ingest":
            process = pipeline.start(target, failpoint)
            assert process.wait(PATIENCE_S) == -signal.SIGKILL, (
                f"{failpoint} was never reached\n{pipeline.tail(target)}"
            )
            del pipeline.processes[target]
    for name in ("extract", "aggregate"):
        pipeline.start(name)
    pipeline.drain()
    soon(pipeline.record, record)  # on Kafka a transaction is seen partition by partition
    pipeline.stop()
    assert pipeline.record() == record
    # the record is idempotent by event id; the topics are not, so they show a duplicate
    found = pipeline.event_ids()
    assert all(len(set(ids)) == len(ids) for ids in found.values())
    assert found == events


@pytest.fixture
def plain(tmp_path: Path) -> Callable[[list[str]], tuple[object, object]]:
    """The record and the events of the same articles, run embedded in one go."""

    def run(articles: list[str]) -> tuple[object, object]:
        folder = write_articles(tmp_path / "all", articles)
        with Pipeline(tmp_path / "plain", {}) as made:
            made.onrecord("run", "--no-serve", str(folder))
            return made.record(), made.event_ids()

    return run
