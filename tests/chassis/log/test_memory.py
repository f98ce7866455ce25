"""Whoever reads the log holds a few large records at a time, never a page of a hundred of them. Measured in
processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from schemas.events import Article
from services.chassis.cloudevents import encode
from services.chassis.errors import PoisonError
from services.chassis.log.sqlite import SqliteLog
from services.chassis.log.topics import declared
from services.chassis.stage.dead_letters import dead_letter
from tests.support.patience import PATIENCE_S

ROOT = Path(__file__).parents[3]
LARGE = 3_000_000
"""Bytes of an article's content; ``ingest.max_article_bytes`` is 3.5 MB."""
COUNT = 40
MB = 1_000_000
TWO_BATCHES = 60 * MB
"""The next one is read while a caller holds the last: twice
:data:`services.chassis.log.sqlite.cursors.BATCH_BYTES`, and SQLite's cache."""

# peak memory is set back before the work, so that what the imports take does not count
READER = """
import re, sys
from pathlib import Path
from schemas.events import Article
from services.chassis import dlq
from services.chassis.log.sqlite import SqliteLog
from services.chassis.log.topics import dlq_of
from services.ingest.index import ArticleIndex

def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) * 1024

def read(log):
    return sum(1 for _ in log.read(Article.topic, 0))

def letters(log):
    return sum(1 for _ in dlq.letters(log, dlq_of(Article.topic), dlq.Filter()))

def dry_run(log):
    return dlq.replay(log, dlq_of(Article.topic), dlq.Filter(), dry_run=True).replayed

def replay(log):
    return dlq.replay(log, dlq_of(Article.topic), dlq.Filter()).replayed

def poll(log):
    found = 0
    with log.stage_consumer("measured", [Article.topic], "0") as consumer:
        while batch := consumer.poll(0.0, 500).records:
            found += len(batch)
    return found

def catch_up(log):
    index = ArticleIndex(Path(sys.argv[1]).with_name("index.db"), log)
    with index.transaction():
        index.catch_up()
    return index._db.execute("SELECT count(*) FROM revisions").fetchone()[0]

with SqliteLog(Path(sys.argv[1])) as log:
    log.topics()
    Path("/proc/self/clear_refs").write_text("5")
    before = peak()
    print({work.__name__: work for work in (read, letters, dry_run, replay, poll, catch_up)}[sys.argv[2]](log), peak() - before)
"""


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A log of forty large articles and as many large dead letters."""
    path = tmp_path_factory.mktemp("large") / "log.db"
    error = PoisonError("unreadable", stage="extract", reason="html_unreadable")
    with SqliteLog(path) as log:
        log.create_topics(declared(1))
        with log.producer("test") as producer:
            for number in range(COUNT):
                article = Article(
                    article_id=f"art-{number}", content=f"{number} ".ljust(LARGE, "x"), content_type="text/plain",
                    fetched_at=datetime(2026, 11, 22, tzinfo=UTC), origin="test",
                )  # fmt: skip
                producer.append([encode(article, source="/test")])
            for record in log.read(Article.topic, 0):
                producer.append([dead_letter(record, error, group="onrecord-extract")])
    yield path
    path.unlink()


@pytest.mark.parametrize(
    ("work", "most"),
    [
        ("read", 30 * MB),
        ("letters", 25 * MB),
        ("dry_run", 25 * MB),
        ("poll", TWO_BATCHES),
        ("catch_up", 40 * MB),
        ("replay", TWO_BATCHES),
    ],
)
def test_peak_memory_with_large_records(path: Path, work: str, most: int) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", READER, path, work], cwd=ROOT, env=dict(os.environ), capture_output=True, text=True, timeout=PATIENCE_S,
        check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    found, peak = map(int, ran.stdout.split())
    assert found == COUNT
    assert peak < most, f"{peak / MB:.0f} MB more than before"
