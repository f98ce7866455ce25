"""People decide about who is who, from the command line and over HTTP, while everything runs: merge, undo,
replay, rebuild."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from schemas import relational
from schemas.events import ActorRecord
from services.aggregate.service import MERGED_INTO
from tests.support.log import everything
from tests.support.patience import PATIENCE_S
from tests.support.pipeline import PATIENT, Pipeline, free_port, write_articles

TOKEN = "test-token"
HOLM, BERG = "person:ida-holm", "person:ida-berg"
ARTICLES = (
    "“The bridge will reopen in May,” Transport Minister Ida Holm told reporters on Monday.",
    "“The bridge is safe,” the mayor Ida Berg said on Tuesday. “Nobody was hurt.”",
    "Ida Berg said on Friday that the repairs had cost 40 million crowns.",
)


class Service:
    """The read API of a running pipeline."""

    def __init__(self, port: int) -> None:
        self._base = f"http://127.0.0.1:{port}/v1"

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(self._base + path, timeout=PATIENCE_S) as answer:
            return {**json.load(answer), "at": answer.url}

    def decide(self, **parts: str) -> str:
        request = urllib.request.Request(
            f"{self._base}/decisions",
            json.dumps({"decided_by": "ana", **parts}).encode(),
            {"Authorization": f"Bearer {TOKEN}"},
        )
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            return str(json.load(answer)["decisions"][0]["decision_id"])

    def answers(self) -> bool:
        try:
            self.get("/decisions")
        except OSError:
            return False
        return True


@pytest.fixture(
    params=[
        "embedded",
        pytest.param("distributed", marks=[pytest.mark.kafka, pytest.mark.postgres, pytest.mark.slow]),
    ]
)
def pipeline(request: pytest.FixtureRequest, pipeline_at: Callable[..., Pipeline]) -> Pipeline:
    if request.param == "embedded":
        return pipeline_at()
    brokers = request.getfixturevalue("kafka_fresh")
    return pipeline_at(
        **PATIENT,
        ONRECORD_LOG__ENGINE="kafka",
        ONRECORD_KAFKA__BOOTSTRAP_SERVERS=brokers.bootstrap,
        ONRECORD_STORE__URL=request.getfixturevalue("postgres_url"),
    )


def test_merge_undo_replay_and_rebuild(pipeline: Pipeline, tmp_path: Path) -> None:
    port = free_port()
    service = Service(port)
    articles = write_articles(tmp_path / "articles", ARTICLES)
    pipeline.onrecord("topics", "create")
    for name in ("extract", "aggregate"):
        pipeline.start(name)
    pipeline.onrecord("ingest", str(articles))
    pipeline.drain()
    pipeline.start("query", ONRECORD_QUERY__PORT=str(port), ONRECORD_QUERY__DECISION_TOKEN=TOKEN)
    pipeline.wait(service.answers, "the API")
    two = pipeline.record()
    assert {row[0] for row in two["actors"]} == {HOLM, BERG}

    # merged from the command line
    done = pipeline.onrecord(
        "actors", "merge", BERG, HOLM, "--why", "She took her husband's name.", "--by", "bo"
    )
    merged = done.stdout.strip()
    pipeline.drain()
    one = pipeline.record()
    assert {row[0] for row in one["actors"]} == {HOLM}
    assert service.get(f"/actors/{BERG}")["at"].endswith("ida-holm"), "the old id leads on"
    listed = pipeline.onrecord("actors", "decisions", HOLM).stdout
    assert merged in listed
    assert "She took her husband's name." in listed
    assert (
        f"is on record as '{HOLM}'"
        in pipeline.onrecord("actors", "merge", BERG, HOLM, "--why", "Again.", expect=1).stderr
    )
    assert tombstones(pipeline)[BERG] == HOLM

    # undone over HTTP, and again
    undone = service.decide(kind="undo", undoes=merged, why="They are two.")
    pipeline.drain()
    assert pipeline.record() == two
    service.decide(kind="undo", undoes=undone, why="They are one after all.")
    pipeline.drain()
    assert pipeline.record() == one

    # read again, and made anew
    pipeline.onrecord("ingest", str(articles))
    pipeline.drain()
    assert pipeline.record() == one
    pipeline.stop("aggregate", "query")
    _forget(pipeline)
    pipeline.start("aggregate")
    pipeline.drain()
    assert pipeline.record() == one
    assert (
        json.loads(pipeline.onrecord("actors", "decisions", "--json").stdout.splitlines()[-1])["decision_id"]
        == merged
    )
    pipeline.stop()


def tombstones(pipeline: Pipeline) -> dict[str, str]:
    """Whose everything is whose now, as readers of the actors' topic learn it."""
    context = pipeline.context()
    with context.log:
        found = [record for record in everything(context.log, ActorRecord.topic) if record.value is None]
    return {(record.key or b"").decode(): (record.header(MERGED_INTO) or b"").decode() for record in found}


def _forget(pipeline: Pipeline) -> None:
    """Lose the record, and keep the log."""
    address = pipeline.context().settings.store.address()
    if address.startswith("sqlite"):
        for file in pipeline.folder.glob("record.db*"):
            file.unlink()
        return
    engine = sa.create_engine(address)
    with engine.begin() as connection:
        relational.metadata.drop_all(connection)
        connection.exec_driver_sql("DROP TABLE alembic_version")
    engine.dispose()
