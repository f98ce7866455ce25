from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lab.quality import page_reading
from lab.quality.page_reading import LOCKED, READ, Found, Right, main, publishers, score_page

RIGHT = Right(
    "Harbour closed",
    ("Ann Lee",),
    datetime(2026, 5, 1, 9, 30, tzinfo=UTC),
    ("The gates broke in the storm.", "Nobody was hurt."),
)


def test_each_figure_falls_with_its_own_fault() -> None:
    text = "The gates broke in the storm.\n\nNobody was hurt."
    whole = score_page("a", RIGHT, Found("Harbour closed", ("Ann Lee",), RIGHT.published_at, text))
    assert (whole.f1, whole.paragraphs, whole.title, whole.day, whole.minute, whole.authors) == (
        1.0,
        1.0,
        True,
        True,
        True,
        True,
    )
    found = score_page(
        "a",
        RIGHT,
        Found(
            "Harbour shut", ("Courier",), datetime(2026, 5, 1, tzinfo=UTC), "Nobody was hurt. Read on here."
        ),
    )
    assert [found.precision, found.recall, found.paragraphs] == pytest.approx([3 / 6, 3 / 9, 0.5])
    assert (found.title, found.day, found.minute, found.authors) == (False, True, False, False)


def test_publishers_are_in_one_part_each() -> None:
    assert publishers(READ)
    assert not publishers(READ) & publishers(LOCKED)


def test_figures_are_printed_and_locked_errors_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    split = tmp_path / "split.json"
    split.write_text(json.dumps({READ: ["Courier"], LOCKED: ["Echo"]}))
    monkeypatch.setattr(page_reading, "SPLIT", split)
    body = {"summary": [], "sections": [{"headline": [], "paragraphs": list(RIGHT.paragraphs)}]}
    right = {
        "title": RIGHT.title,
        "authors": ["Ann Lee"],
        "publishing_date": "2026-05-01 09:30:00+00:00",
        "body": body,
    }
    page = (
        "<html><head><title>Harbour closed</title></head><body><p>"
        + "</p><p>".join(RIGHT.paragraphs)
        + "</p></body></html>"
    )
    (tmp_path / "xx_Courier_2026_05_01.html.gz").write_bytes(gzip.compress(page.encode()))
    (tmp_path / "xx_Courier_2026_05_01.json").write_text(json.dumps(right))
    assert main(["--pages", str(tmp_path), "--errors"]) == 0
    printed = capsys.readouterr().out
    assert "title           1.000" in printed
    assert "right ['Ann Lee']" in printed
    assert main(["--pages", str(tmp_path), "--part", LOCKED]) == 2
    with pytest.raises(SystemExit):
        main(["--pages", str(tmp_path), "--part", LOCKED, "--errors"])
