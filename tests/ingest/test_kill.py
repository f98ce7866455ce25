"""``onrecord ingest`` killed as by a power cut, and run again: every article is on the log once."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from schemas.events import Article
from services.chassis.service import Context
from services.ingest.publish import BATCH_ITEMS
from tests.support.pipeline import Pipeline


@pytest.mark.parametrize("failpoint", ["after_commit", "after_send:150"])
def test_killed_and_run_again(tmp_path: Path, context: Context, articles: Callable[[], list[Article]], failpoint: str) -> None:
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
