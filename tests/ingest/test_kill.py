"""``onrecord ingest`` killed as by a power cut, and run again: every article is on the log once."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from schemas.events import Article
from services.chassis.service import Context
from services.ingest.publish import BATCH_ITEMS
from tests.support.archives import answer, info, packed, page, request
from tests.support.patience import PATIENCE_S, until
from tests.support.pipeline import Pipeline


@pytest.mark.parametrize("failpoint", ["after_commit", "after_send:150"])
def test_killed_and_run_again(
    tmp_path: Path, context: Context, articles: Callable[[], list[Article]], failpoint: str
) -> None:
    count = 2 * BATCH_ITEMS + 10
    news = tmp_path / "news.jsonl"
    news.write_text("".join(json.dumps({"content": f"Story number {n}."}) + "\n" for n in range(count)))
    pipeline = Pipeline(tmp_path, {"ONRECORD_LOG__PARTITIONS": "3"})
    killed = pipeline.onrecord("ingest", str(news), expect=None, failpoint=failpoint)
    assert killed.returncode == -9
    assert len(articles()) < count
    done = pipeline.onrecord("ingest", str(news))
    assert "published" in done.stderr
    contents = [article.content for article in articles()]
    assert len(contents) == len(set(contents)) == count
    assert {article.revision for article in articles()} == {1}


def test_an_archive_killed_thrice_is_read_on_at_the_record(
    tmp_path: Path, context: Context, articles: Callable[[], list[Article]]
) -> None:
    count = 6 * BATCH_ITEMS + 10
    address = "https://gazette.example/2026/story-{}"
    records = [info()]
    for n in range(count):
        records += [
            request(address.format(n)),
            answer(address.format(n), page(f"Story {n}", [f"Edition {n} of the paper."] * 20)),
        ]
        records += [answer(address.format(n), b"", "404 Not Found")] if n % 5 == 0 else []
    archive = tmp_path / "news.warc.gz"
    archive.write_bytes(packed(records))
    pipeline = Pipeline(tmp_path, {"ONRECORD_LOG__PARTITIONS": "3"})

    for failpoint in ("after_commit", f"after_send:{BATCH_ITEMS + BATCH_ITEMS // 2}"):
        killed = pipeline.onrecord("ingest", str(archive), expect=None, failpoint=failpoint)
        assert killed.returncode == -9, killed.stderr
    before = len(articles())
    assert 0 < before < count
    reading = subprocess.Popen(
        [sys.executable, "-m", "services.cli", "ingest", str(archive)], env=pipeline.environment
    )
    until(lambda: len(articles()) > before, "more articles")
    reading.kill()
    assert reading.wait(PATIENCE_S) == -9
    before = len(articles())
    assert before < count

    done = pipeline.onrecord("ingest", str(archive))
    published = re.search(r"Articles: (\d+) published(?:, (\d+) already known)?", done.stderr)
    assert published, done.stderr
    assert int(published[1]) == count - before
    # what was on the log though its mark was not yet written: a batch at most, and not all from the beginning
    assert int(published[2] or 0) <= BATCH_ITEMS
    assert sorted(article.title or "" for article in articles()) == sorted(f"Story {n}" for n in range(count))
    assert {article.revision for article in articles()} == {1}
    again = pipeline.onrecord("ingest", str(archive))
    assert f"0 published, {count} already known" in again.stderr
