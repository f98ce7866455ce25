from __future__ import annotations

import errno
import io
import json
import re
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from schemas.events import Article
from services.chassis.service import Context
from services.ingest.files import Summary, ingest_paths
from services.ingest.paths import find
from services.ingest.progress import Bar, Lines, reporter

Articles = Callable[[], list[Article]]
SAMPLES = Path("services/ingest/samples")


class Quiet:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, int | None]] = []

    def __enter__(self) -> Quiet:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def update(self, done: int, total: int | None = None, note: str = "") -> None:
        self.seen.append((done, total))


def ingest(context: Context, *paths: str) -> Summary:
    return ingest_paths(context, paths, Quiet())


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "news"
    (folder / "sub").mkdir(parents=True)
    (folder / ".hidden").mkdir()
    (folder / "a.txt").write_text("First story.")
    (folder / "sub" / "b.jsonl").write_text(
        '{"content": "Second story."}\n{broken\n{"content": "Third story."}\n'
    )
    (folder / "c.html").write_text("<html><body>Fourth story.</body></html>")
    (folder / "notes.md").write_text("none")
    (folder / ".d.txt").write_text("hidden")
    (folder / ".hidden" / "e.txt").write_text("hidden")
    monkeypatch.chdir(tmp_path)
    return folder


def test_directories_are_read_with_all_below(context: Context, tree: Path, articles: Articles) -> None:
    summary = ingest(context, "news")
    assert (summary.published, summary.rejected, summary.skipped_files) == (4, 1, 1)
    assert [failure.name for failure in summary.failures] == ["news/sub/b.jsonl line 2"]
    assert str(summary.failures[0]).startswith("news/sub/b.jsonl line 2: is not JSON")
    assert {article.origin for article in articles()} == {
        "file:news/a.txt",
        "file:news/sub/b.jsonl",
        "file:news/c.html",
    }
    again = ingest(context, "news")
    assert (again.published, again.revised, again.duplicate, again.rejected) == (0, 0, 4, 1)
    assert str(again) == "0 published, 4 already known, 1 rejected, 1 file of other kinds passed over"
    assert len(articles()) == 4


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (["news/*.txt"], ["news/a.txt"]),
        (["news/**/*.jsonl"], ["news/sub/b.jsonl"]),
        (
            ["news/a.txt", "./news", "news/a.txt"],
            ["news/a.txt", "./news/a.txt", "./news/c.html", "./news/sub/b.jsonl"],
        ),
        (["-"], ["-"]),
    ],
)
def test_globs_and_repetitions(tree: Path, arguments: list[str], names: list[str]) -> None:
    found = find(arguments)
    assert [given.name for given in found.inputs] == names
    assert found.refusals == ()


def test_a_name_that_looks_like_a_pattern_is_a_name_first(tree: Path) -> None:
    (tree / "x[1].txt").write_text("Fifth story.")
    assert [given.name for given in find(["news/x[1].txt"]).inputs] == ["news/x[1].txt"]


def test_origins_do_not_tell_where_the_machine_keeps_files(
    context: Context, tree: Path, articles: Articles
) -> None:
    ingest(context, str(tree / "a.txt"))
    assert [article.origin for article in articles()] == ["file:news/a.txt"]


def test_mistakes_are_named_with_a_cure_and_do_not_stop_the_rest(
    context: Context, tree: Path, dead_letters: Callable[[], list[object]]
) -> None:
    (tree / "empty").mkdir()
    summary = ingest(context, "nowhere.txt", "*.nothing", "news/notes.md", "news/empty", "news/a.txt")
    assert summary.published == 1
    assert [re.sub(r";.*", "", str(failure)) for failure in summary.failures] == [
        "nowhere.txt: does not exist",
        "*.nothing: no file matches",
        "news/notes.md: is not a kind of file that is read",
        "news/empty: holds no article",
    ]
    assert dead_letters() == []


def test_a_file_without_permission(context: Context, tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)  # tests may run as root, who reads everything
    assert "check the file and its permissions" in ingest(context, "news/a.txt").failures[0].message


def test_a_file_that_vanishes(tree: Path) -> None:
    from services.ingest.paths import read_input
    from tests.support.arrivals import LIMITS

    (given,) = find(["news/a.txt"]).inputs
    (tree / "a.txt").unlink()
    (item,) = read_input(given, LIMITS, threading.Event())
    assert item.reason == "unreadable"  # type: ignore[union-attr]


def test_standard_input(context: Context, articles: Articles, monkeypatch: pytest.MonkeyPatch) -> None:
    data = b"".join(json.dumps({"content": f"Story {n}"}).encode() + b"\n" for n in range(250))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(data))))
    summary = ingest(context, "-")
    assert summary.published == 250
    assert {article.origin for article in articles()} == {"stdin"}
    assert (
        context.metrics.registry.get_sample_value(
            "onrecord_articles_ingested_total", {"source": "stdin", "outcome": "published"}
        )
        == 250
    )


def test_a_stop_ends_between_articles(context: Context, tree: Path) -> None:
    context.stop.set()
    assert ingest(context, "news").total == 0


def test_progress_counts_inputs(context: Context, tree: Path) -> None:
    quiet = Quiet()
    ingest_paths(context, ["news"], quiet)
    assert quiet.seen[-1] == (3, 3)


def test_the_samples(context: Context, articles: Articles) -> None:
    summary = ingest(context, str(SAMPLES))
    files = sorted(path.name for path in SAMPLES.glob("*.txt"))
    assert summary.published == len(files) >= 21
    assert summary.rejected == 0
    news = [article for article in articles() if not article.origin.endswith("lavrov.txt")]
    assert all(
        article.title and article.published_at and article.outlet == "en.wikinews.org" for article in news
    )
    attribution = (SAMPLES / "ATTRIBUTION.md").read_text()
    assert all(f"`{name}`" in attribution for name in files)
    assert all(f"<{article.url}>" in attribution for article in news)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_bar_on_a_terminal_and_lines_otherwise() -> None:
    out = Terminal()
    with reporter("reading", out) as bar:
        assert isinstance(bar, Bar)
        bar.update(1, 2, "1 published")
        bar._progress.refresh()
    assert "reading" in out.getvalue()
    assert "1/2" in out.getvalue()
    assert isinstance(reporter("reading", io.StringIO()), Lines)


def test_lines_come_every_few_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    from services.ingest import progress as module

    now = [0.0]
    monkeypatch.setattr("services.ingest.progress.time.monotonic", lambda: now[0])
    written: list[dict[str, object]] = []
    monkeypatch.setattr(
        module.logger,
        "info",
        lambda event, **fields: written.append({"event": event} | fields),
        raising=False,
    )
    with Lines("reading") as lines:
        for second in range(12):
            now[0] = float(second)
            lines.update(second, 12)
    assert [line["done"] for line in written] == [5, 10]
