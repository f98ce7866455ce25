"""Draw the dashboards from real data.

Without arguments: start the pipeline on a real Kafka, PostgreSQL and Prometheus, live through some minutes,
and draw them. ``--prometheus http://127.0.0.1:9090 --minutes 60`` draws what a running installation has lived
through.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

from boards.queries import SERVICES
from pictures.page import Page
from pictures.source import Source

HERE = Path(__file__).parent


def draw(source: Source, folder: Path) -> list[Path]:
    """One PNG per committed dashboard into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for file in sorted((HERE / "dashboards").glob("*.json")):
        path = folder / f"{file.stem}.png"
        Page(json.loads(file.read_text(encoding="utf-8")), source).draw().save(path)
        written.append(path)
    return written


def everything(address: str, start: float, end: float, interval: float) -> Source:
    """All services and instances of a Prometheus."""
    return Source(address.rstrip("/"), start, end, interval, {"job": "|".join(SERVICES), "instance": ".*"})


def main(arguments: list[str]) -> int:
    """Parse the command line and draw."""
    parser = argparse.ArgumentParser(description="Draw the dashboards from real data.")
    parser.add_argument(
        "--prometheus", help="address of a Prometheus that scrapes onrecord (else everything is started)"
    )
    parser.add_argument(
        "--data", type=Path, help="where the started servers keep data and logs (a temporary folder)"
    )
    parser.add_argument("--minutes", type=float, default=60, help="length of the time range")
    parser.add_argument("--until", type=float, default=None, help="its end, Unix seconds (now)")
    parser.add_argument(
        "--interval", type=float, default=15, help="scrape interval in seconds, as the data source is told"
    )
    parser.add_argument("--out", type=Path, default=HERE / "screenshots", help="folder for the pictures")
    given = parser.parse_args(arguments)
    if given.prometheus:
        end = given.until or time.time()
        _report(draw(everything(given.prometheus, end - given.minutes * 60, end, given.interval), given.out))
        return 0
    # the scenario is part of the tests, which are no installed package
    sys.path.insert(0, str(HERE.parents[1]))
    from pictures import day

    folder = given.data or Path(tempfile.mkdtemp(prefix="onrecord-pictures-"))
    folder.mkdir(parents=True, exist_ok=True)
    with day.lived(folder) as (address, start, end):
        _report(draw(everything(address, start, end, day.INTERVAL_S), given.out))
    return 0


def _report(paths: list[Path]) -> None:
    for path in paths:
        print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
