"""Speed and memory of the whole pipeline: ``make bench``.

Articles are the samples, repeated with a line of their own so that none is a duplicate. Services are started
and ready before the first article is published; the time runs from the first ``onrecord ingest`` to the
record being complete. Kafka and PostgreSQL are measured too where they can be started. Figures are of one run
on this machine; compare figures of one run only.
"""

from __future__ import annotations

import argparse
import re
import tempfile
import time
import urllib.request
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from schemas.events import Article
from services.chassis.devkafka import KafkaCluster, ToolMissing
from services.embedded import SAMPLES
from services.extract.extract import Extractor
from services.extract.tagger import Tagger
from tests.support.pipeline import Pipeline, free_port, write_articles
from tests.support.postgres import USER, find_binaries, running

REPEAT = 6
"""About 130 articles: half a minute on two cores."""


def texts(repeat: int) -> list[str]:
    """Distinct articles made of the samples."""
    samples = [file.read_text(encoding="utf-8") for file in sorted(SAMPLES.glob("*.txt"))]
    return [f"{text}\n\nEdition {number}.\n" for number in range(repeat) for text in samples]


def words(articles: list[str]) -> int:
    """Words in all articles."""
    return sum(len(re.findall(r"\S+", text)) for text in articles)


def bare(articles: list[str]) -> float:
    """Articles per second of ``extract()`` alone, one process, one thread."""
    arrived = datetime(2026, 1, 1, tzinfo=UTC)
    events = [
        Article(
            article_id=f"bench-{n}",
            content_type="text/plain",
            content=text,
            origin="bench",
            language="en",
            fetched_at=arrived,
        )
        for n, text in enumerate(articles)
    ]
    with Extractor(Tagger.load()) as extractor:
        extractor.extract(events[0])
        started = time.perf_counter()
        for event in events:
            extractor.extract(event)
        return len(events) / (time.perf_counter() - started)


def whole(folder: Path, variables: Mapping[str, str], articles: list[str]) -> tuple[float, dict[str, float]]:
    """Articles per second end to end, and peak resident memory per service in MB."""
    source = write_articles(folder / "articles", articles)
    ports = {name: free_port() for name in ("extract", "aggregate", "query")}
    with Pipeline(folder / "pipeline", {**variables, "ONRECORD_QUERY__PORT": str(free_port())}) as pipeline:
        pipeline.onrecord("topics", "create")
        for name, port in ports.items():
            pipeline.start(name, ONRECORD_OPS__PORT=str(port))
        for port in ports.values():
            pipeline.wait(lambda port=port: _ready(port), "the services to be ready")  # type: ignore[misc]
        started = time.perf_counter()
        pipeline.onrecord("ingest", str(source))
        pipeline.drain()
        elapsed = time.perf_counter() - started
        peaks = {name: _peak_mb(process.pid) for name, process in pipeline.processes.items()}
        pipeline.stop()
    return len(articles) / elapsed, peaks


def _ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _peak_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found.group(1)) / 1024 if found else float("nan")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=REPEAT, help="times the samples are repeated")
    repeat = parser.parse_args().repeat
    articles = texts(repeat)
    print(f"{len(articles)} articles, {words(articles) / len(articles):.0f} words on average")
    alone = bare(articles)
    print(f"extract() alone, one thread          {alone:6.2f} articles/s")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        _report("embedded log, SQLite", whole(folder / "sqlite", {}, articles), alone)
        binaries = find_binaries()
        if binaries is None:
            print("Kafka and PostgreSQL not measured: install Debian's package `postgresql`")
            return
        try:
            cluster = stack.enter_context(KafkaCluster())
        except ToolMissing as error:
            print(f"Kafka and PostgreSQL not measured: {error}")
            return
        server = stack.enter_context(running(binaries))
        variables = {
            "ONRECORD_LOG__ENGINE": "kafka",
            "ONRECORD_KAFKA__BOOTSTRAP_SERVERS": cluster.bootstrap,
            "ONRECORD_STORE__URL": f"postgresql+pg8000://{USER}@{server}/postgres",
        }
        _report("Kafka, PostgreSQL", whole(folder / "kafka-run", variables, articles), alone)


def _report(name: str, figures: tuple[float, dict[str, float]], alone: float) -> None:
    rate, peaks = figures
    print(f"{name:36s} {rate:6.2f} articles/s ({rate / alone:.0%} of extract() alone)")
    print("  peak memory: " + ", ".join(f"{service} {peak:.0f} MB" for service, peak in peaks.items()))


if __name__ == "__main__":
    main()
