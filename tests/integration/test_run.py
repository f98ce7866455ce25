"""``onrecord run`` and ``make run`` as a newcomer types them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.patience import PATIENCE_S
from tests.support.pipeline import Pipeline, free_port
from tests.support.terminal import CTRL_C, Terminal
from tests.support.web import Site

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "services.cli"]
STORY = """<html><head><title>Tunnel to open</title></head><body><article><h1>Tunnel to open</h1>
<p>“The tunnel will open in {month},” Transport Minister Ida Holm said on Tuesday.</p>
<p>Holm told reporters that the work had cost less than was planned.</p>
</article></body></html>"""

Record = dict[str, list[tuple[object, ...]]]


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as site:
        yield site


def offer(site: Site, *months: str) -> None:
    """A feed with a page for each month, the newest first."""
    items = "".join(
        f"<item><link>{site.url}/{month}</link><guid>{month}</guid></item>" for month in reversed(months)
    )
    feed = f'<?xml version="1.0"?><rss version="2.0"><channel><title>News</title>{items}</channel></rss>'
    for month in months:
        site.answers[f"/{month}"] = (200, {"Content-Type": "text/html"}, STORY.format(month=month).encode())
    site.answers["/feed"] = (200, {"Content-Type": "application/rss+xml"}, feed.encode())


def of_feed(site: Site) -> dict[str, str]:
    """Settings with this site's feed, read at once and often."""
    return {
        "ONRECORD_INGEST__FEEDS": f"{site.url}/feed",
        "ONRECORD_INGEST__ALLOW_PRIVATE_ADDRESSES": "true",
        "ONRECORD_INGEST__HOST_INTERVAL_S": "0.001",
        "ONRECORD_INGEST__POLL_INTERVAL_S": "0.1",
        "ONRECORD_INGEST__FETCH_TIMEOUT_S": f"{PATIENCE_S:g}",
    }


def texts(pipeline: Pipeline) -> list[str]:
    return sorted(str(row[4]) for row in pipeline.record()["statements"] if row[5] == "quote")


@pytest.mark.parametrize("serve", [(), ("--no-serve",)], ids=["serving", "once"])
def test_a_wrong_path_on_a_terminal_ends_with_an_error_that_names_it(
    pipeline_at: Callable[..., Pipeline], serve: tuple[str, ...]
) -> None:
    pipeline = pipeline_at()
    with Terminal(
        [*COMMAND, "run", *serve, "services/ingest/samples", "no such/story.txt", "*.nothing"],
        pipeline.environment,
    ) as terminal:
        assert terminal.end() == 2
    assert "onrecord: no such/story.txt: does not exist; check the path" in terminal.seen
    assert "onrecord: *.nothing: no file matches; check the pattern" in terminal.seen
    assert "Serving" not in terminal.seen
    assert not (pipeline.folder / "log.db").exists(), "nothing was begun"


@pytest.mark.parametrize("serve", [(), ("--no-serve",)], ids=["serving", "once"])
def test_with_nothing_to_read_it_says_what_to_do(
    pipeline_at: Callable[..., Pipeline], serve: tuple[str, ...]
) -> None:
    done = pipeline_at().onrecord("run", *serve, expect=2)
    for cure in ("onrecord run my-articles/", "ONRECORD_INGEST__FEEDS", "--samples"):
        assert cure in done.stderr
    assert "Serving" not in done.stdout


def test_what_is_on_record_is_shown_without_naming_anything(embedded: tuple[Pipeline, Record, str]) -> None:
    pipeline, _, printed = embedded
    assert pipeline.onrecord("run", "--no-serve").stdout == printed


def test_off_a_terminal_it_prints_its_table_and_no_log(
    embedded: tuple[Pipeline, Record, str], articles: Path
) -> None:
    pipeline, _, printed = embedded
    assert printed.startswith("On record")
    done = pipeline.onrecord("run", "--no-serve", str(articles))
    assert done.stderr == f"Articles: 0 published, {len(list(articles.iterdir()))} already known\n"


def test_a_log_is_written_where_a_level_asks_for_it(
    pipeline_at: Callable[..., Pipeline], articles: Path
) -> None:
    pipeline = pipeline_at(ONRECORD_OPS__LOG_LEVEL="info")
    done = pipeline.onrecord("run", "--no-serve", str(articles / "lavrov.txt"))
    assert "stage started" in [
        json.loads(line)["message"] for line in done.stderr.splitlines() if line.startswith("{")
    ]
    assert "{" not in done.stdout


def test_feeds_of_the_settings_are_read_and_no_samples(
    pipeline_at: Callable[..., Pipeline], site: Site
) -> None:
    offer(site, "March")
    pipeline = pipeline_at(**of_feed(site))
    done = pipeline.onrecord("run", "--no-serve")
    assert "Articles: 1 published" in done.stderr
    assert "Ida Holm" in done.stdout
    assert texts(pipeline) == ["The tunnel will open in March,"]


def test_paths_and_feeds_together(pipeline_at: Callable[..., Pipeline], site: Site, articles: Path) -> None:
    offer(site, "March")
    done = pipeline_at(**of_feed(site)).onrecord("run", "--no-serve", str(articles / "lavrov.txt"))
    assert "Ida Holm" in done.stdout
    assert "Sergei Lavrov" in done.stdout


def test_while_it_serves_feeds_are_polled_again(pipeline_at: Callable[..., Pipeline], site: Site) -> None:
    offer(site, "March")
    pipeline = pipeline_at(**of_feed(site), ONRECORD_QUERY__PORT=str(free_port()))
    with Terminal([*COMMAND, "run"], pipeline.environment) as terminal:
        terminal.wait_for("Serving the record on")
        offer(site, "March", "April")
        pipeline.wait(lambda: len(texts(pipeline)) == 2, "the second article")
        terminal.press(CTRL_C)
        assert terminal.end() == 0, terminal.seen


def test_ctrl_c_while_it_works_exits_130_and_the_next_run_goes_on(
    embedded: tuple[Pipeline, Record, str], pipeline_at: Callable[..., Pipeline], articles: Path
) -> None:
    pipeline = pipeline_at(ONRECORD_STAGE__MAX_RECORDS="1")
    with Terminal([*COMMAND, "run", "--no-serve", str(articles)], pipeline.environment) as terminal:
        terminal.wait_for(r"extracting.* [1-9]\d*/\d+")
        terminal.press(CTRL_C)
        assert terminal.end() == 130, terminal.seen
    assert "stopped before everything was on record; run again to go on" in terminal.seen
    assert "Traceback" not in terminal.seen
    assert "On record" not in terminal.seen
    kept = pipeline.event_ids()["onrecord.documents"]
    assert 0 < len(kept) < len(embedded[1]["documents"]), "it stopped half-way, and kept what was done"
    pipeline.onrecord("run", "--no-serve")
    assert pipeline.record() == embedded[1]
    assert set(kept) < set(pipeline.event_ids()["onrecord.documents"])


def test_ctrl_c_ends_extract_with_130(pipeline_at: Callable[..., Pipeline]) -> None:
    with Terminal(
        [*COMMAND, "extract", *(["services/ingest/samples"] * 20)], pipeline_at().environment
    ) as terminal:
        terminal.wait_for("“")
        terminal.press(CTRL_C)
        assert terminal.end() == 130, terminal.seen
    assert "Traceback" not in terminal.seen


def test_ctrl_c_ends_reading_standard_input(pipeline_at: Callable[..., Pipeline]) -> None:
    """Nobody has typed anything: the read that waits would go on by itself after the signal."""
    pipeline = pipeline_at()
    pipeline.onrecord("topics", "create")
    with Terminal([*COMMAND, "ingest", "-"], pipeline.environment) as terminal:
        terminal.wait_for("reading articles")
        terminal.press(CTRL_C)
        assert terminal.end() == 130, terminal.seen
    assert "Traceback" not in terminal.seen


@pytest.mark.parametrize(
    ("names", "given", "published"),
    [
        (["my articles/a b.txt"], "my articles/a b.txt", 1),
        (["my articles/a b.txt", "my articles/c.txt"], "my articles", 2),
        (["my articles/a b.txt", "my articles/c.txt", "d.txt"], "my articles/*.txt d.txt", 3),
        (["a b.txt", "c d.txt"], "'a b.txt' \"c d.txt\"", 2),
        (["minister's $x `id`.txt"], "minister's $x `id`.txt", 1),
    ],
)
def test_make_run_takes_paths_as_they_are_typed(
    pipeline_at: Callable[..., Pipeline],
    articles: Path,
    tmp_path: Path,
    names: list[str],
    given: str,
    published: int,
) -> None:
    for name, source in zip(names, sorted(articles.iterdir()), strict=False):
        file = tmp_path / "stories" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, file)
    pipeline = pipeline_at(PATHS=given, SERVE="0")
    # the targets of this checkout with the environment the tests run in, which is as it should be
    make = [
        "make",
        "-s",
        "-f",
        str(ROOT / "Makefile"),
        f"VENV={sys.prefix}",
        "-o",
        f"{sys.prefix}/.run",
        "run",
    ]
    done = subprocess.run(
        make, cwd=tmp_path / "stories", env=pipeline.environment | {"PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, timeout=PATIENCE_S, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert f"Articles: {published} published" in done.stderr
