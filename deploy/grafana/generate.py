"""Write the dashboards' JSON: ``python deploy/grafana/generate.py``; with ``--check``, only compare (exit 1
when it differs)."""

from __future__ import annotations

import sys
from pathlib import Path

from boards import extraction, pipeline, record, runtime
from boards.frame import Board

FOLDER = Path(__file__).parent / "dashboards"


def boards() -> list[Board]:
    """Every dashboard, in the order in which a person opens them."""
    return [pipeline.board(), extraction.board(), record.board(), runtime.board()]


def generated() -> dict[str, str]:
    """File name → JSON text."""
    return {board.filename: board.json() for board in boards()}


def stale(folder: Path = FOLDER) -> list[str]:
    """Files that differ from what is generated, are missing, or are left over."""
    expected = generated()
    found = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.json")}
    return sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))


def main(arguments: list[str]) -> int:
    """Write, or compare with ``--check``."""
    if arguments == ["--check"]:
        differing = stale()
        for name in differing:
            print(f"dashboards/{name} differs from its code: run `make dashboards`", file=sys.stderr)
        return 1 if differing else 0
    if arguments:
        print(__doc__, file=sys.stderr)
        return 2
    FOLDER.mkdir(exist_ok=True)
    for name in set(stale()) - generated().keys():
        (FOLDER / name).unlink()
    for name, text in generated().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
