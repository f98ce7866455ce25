"""From a reader's words to committed labels, and how far two readers agree."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lab.labelling.__main__ import main
from lab.labelling.agreement import agreement, kappa
from lab.labelling.reading import LabelsBroken, read_folder
from lab.quality.news_speech import main as measure
from lab.quality.news_speech_labels import Carrier, read_pages

TEXT = "“It is safe,” Ida Holm said. “It is safe,” she told reporters, and denied that tolls would rise.\n"
SAFE = {"t": "“It is safe,”", "n": 2}
FIRST: dict[str, Any] = {
    "source": {"t": "Ida Holm"}, "cue": {"t": "said"}, "content": [{"t": "“It is safe,”"}], "doubtful": False, "denied": False,
    "actor": {"name": "Ida Holm", "kind": "person", "aliases": ["Holm"], "also": []},
    "claims": [{"text": {"t": "It is safe", "n": 1}, "worth": 1, "type": "state", "negated": False}],
}  # fmt: skip
SECOND = FIRST | {"source": {"t": "she"}, "cue": {"t": "told"}, "content": [SAFE], "claims": []}


def written(folder: Path, *rows: dict[str, Any]) -> Path:
    folder.mkdir()
    (folder / "page.json").write_text(json.dumps({"page": "page.txt", "attributions": rows}))
    return folder


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    (tmp_path / "page.txt").write_text(TEXT, encoding="utf-8")
    return tmp_path


def test_words_are_found_by_their_occurrence(texts: Path) -> None:
    [page] = read_folder(written(texts / "a", FIRST, SECOND), texts)
    spans = [TEXT[slice(*a.content[0])] for a in page.attributions]
    assert spans == ["“It is safe,”"] * 2
    assert page.attributions[0].content[0].end < page.attributions[1].content[0].start


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"cue": {"t": "shouted"}}, "not on the page: 'shouted'"),
        ({"content": [{"t": "“It is safe,”", "n": 3}], "claims": []}, "occurrence 3"),
        (
            {"claims": [{"text": {"t": "Ida Holm"}, "worth": 1, "type": "state", "negated": False}]},
            "no piece of the content",
        ),
        (
            {"claims": [{"text": {"t": "It is safe"}, "worth": 1, "type": "fact", "negated": False}]},
            "not 'fact'|is one of",
        ),
        ({"actor": {"name": "x", "kind": "robot", "aliases": []}}, "not 'robot'"),
    ],
)
def test_what_is_not_on_the_page_is_named(texts: Path, wrong: dict[str, Any], told: str) -> None:
    folder = written(texts / "a", FIRST | wrong)
    with pytest.raises(LabelsBroken, match=told):
        read_folder(folder, texts)


def test_agreement_counts_what_both_found_and_how_they_judged_it(texts: Path) -> None:
    other = FIRST | {"doubtful": True, "actor": {"name": "Holm", "kind": "person", "aliases": []}}
    left, right = (
        read_folder(written(texts / "a", FIRST, SECOND), texts),
        read_folder(written(texts / "b", other), texts),
    )
    lines = agreement(left, right).lines()
    assert lines[0] == "attributions: 2 and 1; found by both, F1: any overlap 66.7, half of the words 66.7"
    assert "actor: the same for 100.0 % of 1" in lines
    assert "claim's type: the same for 100.0 % of 1, kappa 1.00" in lines
    assert any(line.startswith("doubtful: the same for 0.0 % of 1") for line in lines)


def test_kappa_is_what_is_beyond_chance() -> None:
    pairs = [(1, 1)] * 20 + [(1, 0)] * 5 + [(0, 1)] * 10 + [(0, 0)] * 15
    assert kappa(pairs) == pytest.approx(0.4)


def test_what_is_stored_holds_no_word_of_the_page_but_names_and_is_read_back(
    texts: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    folder = written(texts / "a", FIRST, SECOND)
    assert main(["--texts", str(texts), "store", str(folder), "--part", "locked", "--out", str(out)]) == 0
    assert "safe" not in (out / "page.json").read_text()
    [page] = read_pages(out)
    placed, lost = Carrier(page, TEXT).carry()
    assert not lost
    assert [TEXT[slice(*label.content[0])] for label in placed] == ["“It is safe,”"] * 2
    first = placed[0].label
    assert first.denied is False
    assert first.claims is not None
    assert [(c.worth, c.type, c.negated) for c in first.claims] == [(True, "state", False)]


def test_a_description_is_stored_in_a_few_words(texts: Path, tmp_path: Path) -> None:
    wordy = "the woman who had run the ferry since her father left it to her"
    described = FIRST | {
        "actor": {"name": wordy, "kind": "unnamed", "aliases": ["the owner", wordy], "also": []}
    }
    assert (
        main(
            [
                "--texts",
                str(texts),
                "store",
                str(written(texts / "a", described)),
                "--part",
                "work",
                "--out",
                str(tmp_path),
            ]
        )
        == 0
    )
    [page] = read_pages(tmp_path)
    actor = page.labels[0].actor
    assert actor is not None
    assert (actor.name, actor.aliases) == ("the woman who had run the ferry", ("the owner",))


def test_errors_of_locked_pages_are_never_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        measure(["--pages", str(tmp_path), "--part", "locked", "--errors"])
    assert "locked pages are a measure: their errors are not listed" in capsys.readouterr().err
