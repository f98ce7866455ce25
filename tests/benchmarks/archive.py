"""A CC-NEWS-like archive, made, and read: articles per second of processor time from ``onrecord ingest`` to
the log, and peak memory.

``python -m tests.benchmarks.archive --records 20000 --kills 3`` kills the reading so often on its way, runs
it again, and says whether every article is on the log once. ``--pages FOLDER`` makes the archive from real
pages (``*.html``, ``*.html.gz``) in place of the invented ones; such an archive stays on the machine. The
invented ones are the sample articles' paragraphs, drawn anew for every page, with as much around them as news
pages have. Of ten records three are pages; the others are requests, redirects, pictures, pages captured again
and pages not found, as crawlers meet them.
"""

from __future__ import annotations

import argparse
import gzip
import random
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psutil

from schemas.events import Article
from services.embedded import SAMPLES
from tests.support.archives import answer, info, page, request
from tests.support.pipeline import Pipeline

SEED = 20_261_130
ADDRESS = "https://outlet-{}.example/2026/03/{:02}/story-{}.html"
_SCRIPT = "<script>window.settings = {};</script>"
_SCRIPT_BYTES = 60_000
"""Of 124 real pages half have more than 180 kB, of which the article is a tenth."""


def write(path: Path, records: int, pages: Path | None) -> int:
    """Write an archive of so many records; returns how many articles are in it."""
    draw = random.Random(SEED)
    bodies = _real(pages) if pages else _invented(draw)
    articles = 0
    with path.open("wb") as file:
        file.write(gzip.compress(info()))
        for number in range(records // 2):
            address = ADDRESS.format(number % 50, number % 28 + 1, number)
            kind = draw.choices(("page", "moved", "picture", "again", "missing"), (60, 15, 10, 5, 10))[0]
            if kind == "page":
                body = answer(address, next(bodies))
                articles += 1
            elif kind == "picture":
                body = answer(
                    f"{address}.jpg", draw.randbytes(20_000), headers={"Content-Type": "image/jpeg"}
                )
            else:
                status = {
                    "moved": "301 Moved Permanently",
                    "again": "304 Not Modified",
                    "missing": "404 Not Found",
                }[kind]
                body = answer(
                    address,
                    b"<p>see elsewhere</p>",
                    status,
                    kind="revisit" if kind == "again" else "response",
                )
            file.write(gzip.compress(request(address), 1) + gzip.compress(body, 1))
    return articles


def _invented(draw: random.Random) -> Iterator[bytes]:
    texts = [file.read_text(encoding="utf-8") for file in sorted(SAMPLES.glob("*.txt"))]
    paragraphs = [part for text in texts for part in re.split(r"\n\s*\n", text) if len(part) > 80]
    filler = "".join(f"e{draw.getrandbits(64):x}:" for _ in range(_SCRIPT_BYTES // 18))
    number = 0
    while True:
        number += 1
        text = [f"Edition {number}.", *draw.sample(paragraphs, 9)]
        yield page(f"Story {number}", text, head=_SCRIPT.format(f'"{filler}{number}"'))


def _real(folder: Path) -> Iterator[bytes]:
    files = sorted((*folder.glob("*.html"), *folder.glob("*.html.gz")))
    found = [
        gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes() for file in files
    ]
    number = 0
    while True:
        for body in found:
            number += 1
            # what it says of its own address would make one article of all its copies
            own = re.sub(
                rb"<link[^>]{0,80}canonical[^>]*>|<meta[^>]{0,80}og:url[^>]*>|\"mainEntityOfPage\"", b"", body
            )
            yield own.replace(b"</body>", b"<p>Edition %d.</p></body>" % number, 1)


def run(pipeline: Pipeline, archive: Path, kill_after_s: float | None) -> tuple[float, float, int, str]:
    """Read the archive once, killed after a while where that is asked for: seconds of processor time, peak
    MB, exit code, what was said."""
    started = time.perf_counter()
    with (pipeline.folder / "ingest.err").open("w+") as said:
        command = [sys.executable, "-m", "services.cli", "ingest", str(archive)]
        process = psutil.Popen(command, env=pipeline.environment, stdout=subprocess.DEVNULL, stderr=said)
        peak = spent = 0.0
        while process.poll() is None:
            try:
                peak = max(peak, process.memory_info().rss / 1e6)
                spent = sum(process.cpu_times()[:2])
            except psutil.NoSuchProcess:
                break
            if kill_after_s is not None and time.perf_counter() - started > kill_after_s:
                process.kill()
            time.sleep(0.05)
        code = process.wait()
        said.seek(0)
        lines = said.read().splitlines()
    summary = next((line for line in reversed(lines) if line.startswith("Articles:")), "")
    return spent, peak, code, summary


def main() -> int:
    """Make, read, count."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--records", type=int, default=20_000)
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--kill-after", type=float, default=20.0, help="seconds")
    parser.add_argument("--pages", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "news.warc.gz"
        articles = write(archive, given.records, given.pages)
        print(f"{given.records} records, {articles} articles, {archive.stat().st_size / 1e6:.0f} MB")
        pipeline = Pipeline(
            Path(folder) / "run", {"ONRECORD_LOG__PARTITIONS": "3", "ONRECORD_OPS__LOG_LEVEL": "warning"}
        )
        pipeline.onrecord("topics", "create")
        seconds = 0.0
        for number in range(given.kills + 1):
            took, peak, code, summary = run(
                pipeline, archive, given.kill_after if number < given.kills else None
            )
            seconds += took
            print(
                f"run {number + 1}: {took:.0f} s of processor time, peak {peak:.0f} MB, exit {code} {summary}"
            )
        with pipeline.context().log as log:
            found = Counter(record.key for p in range(3) for record in log.read(Article.topic, p))
        twice = sum(count > 1 for count in found.values())
        print(
            f"on the log: {len(found)} of {articles} articles, {twice} twice; {articles / seconds:.0f}"
            " articles a second of it"
        )
    return 0 if len(found) == articles and not twice else 1


if __name__ == "__main__":
    raise SystemExit(main())
