"""``make quality`` on an invented corpus and recorded output: figures, calibration, JSON and pages in one
run."""

import json
from pathlib import Path

import pytest

from lab.quality.__main__ import main

TEXT = "The ministry said the bridge will reopen in May. Bo asked why.\n"


def span(words: str) -> dict[str, int]:
    start = TEXT.index(words)
    return {"start": start, "end": start + len(words)}


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    split = tmp_path / "corpus" / "dev"
    (split / "text").mkdir(parents=True)
    (split / "attributions").mkdir()
    (split / "text" / "outlet_a.txt").write_text(TEXT, encoding="utf-8")
    places = {"T1\tSource": "The ministry", "T2\tCue": "said", "T3\tContent": "the bridge will reopen in May"}
    lines = [f"{key} {span(words)['start']} {span(words)['end']}\t{words}" for key, words in places.items()]
    (split / "attributions" / "outlet_a_x.ann").write_text(
        "\n".join([*lines, "E1\tAttribution:T2 Source:T1 Cue:T2 Content:T3"])
    )
    return split.parent


@pytest.fixture
def predictions(tmp_path: Path) -> Path:
    found = [
        {
            "kind": "indirect",
            "content": [span("the bridge will reopen")],
            "source": span("ministry"),
            "cue": span("said"),
            "confidence": 0.8,
            "source_confidence": 0.9,
        },
        {
            "kind": "indirect",
            "content": [span("why")],
            "source": span("Bo"),
            "cue": span("asked"),
            "confidence": 0.4,
        },
    ]
    path = tmp_path / "predictions.jsonl"
    path.write_text(
        json.dumps({"path": "outlet_a.txt", "text": TEXT, "attributions": found}) + "\n", encoding="utf-8"
    )
    return path


def test_one_run_gives_table_calibration_json_and_pages(
    corpus: Path, predictions: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--corpus", str(corpus), "--predictions", str(predictions)]
    assert main([*arguments, "--json", str(tmp_path / "out.json"), "--html", str(tmp_path / "pages")]) == 0
    said = capsys.readouterr().out
    assert "who-said-what, overlap" in said
    assert "2 judged, expected calibration error 0.300" in said  # .8 right, .4 wrong
    assert "2 errors in" in said
    data = json.loads((tmp_path / "out.json").read_text())
    assert data["calibration"]["attribution"]["bins"][0]["items"] == 1
    assert (
        "confidence of source, where content is right (J ≥ .5): 1 judged, expected calibration error 0.100"
        in said
    )
    assert data["calibration"]["source"]["bins"][0]["confidence"] == 0.9
    overlap = next(
        row
        for row in data["figures"]
        if (row["measure"], row["level"], row["subset"]) == ("full attribution", "overlap", "all")
    )
    assert (overlap["hits"], overlap["predicted"], overlap["gold"]) == (1, 2, 1)
    page = (tmp_path / "pages" / "article-001.html").read_text(encoding="utf-8")
    assert "edges of content" in page
    assert "ends early" in page


def test_pages_of_gum_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--gum", "--html", str(tmp_path / "pages")])
    assert "GUM has clauses only" in capsys.readouterr().err
