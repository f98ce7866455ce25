"""The exact output of committed articles, and that the gate would see any rule go."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.gate import __main__ as gate
from lab.gate.recording import NotRecorded, Recorded, Recorder
from services.extract.extract import EXTRACTOR_VERSION
from services.extract.rules import RULES, UnknownRule, checked
from services.extract.tagger import Tagger


@pytest.fixture(scope="module")
def recorded() -> Recorded:
    return Recorded(gate.RECORDING)


def test_the_output_of_one_version_never_changes(recorded: Recorded) -> None:
    assert gate.VERSION.read_text(encoding="utf-8").strip() == EXTRACTOR_VERSION, "run `make gate ACCEPT=1`"
    lines = gate.differences(dict(gate.outputs(recorded)))
    assert not lines, "\n".join(lines[:40]) + "\nmeant? raise EXTRACTOR_VERSION and run `make gate ACCEPT=1`"


def test_the_network_is_the_one_whose_answers_are_recorded(recorded: Recorded) -> None:
    assert recorded.model_sha256 == Tagger.load().model_sha256, "run `make gate ACCEPT=1`"


@pytest.fixture(scope="module")
def with_all_rules(recorded: Recorded) -> dict[str, str]:
    return dict(gate.outputs(recorded))


@pytest.mark.parametrize("rule", RULES)
def test_without_a_rule_the_gate_fails(recorded: Recorded, with_all_rules: dict[str, str], rule: str) -> None:
    try:
        same = all(with_all_rules[name] == text for name, text in gate.outputs(recorded, [rule]))
    except NotRecorded:
        same = False  # without it other passages are read again: the output is another
    assert not same, f"no article in lab/gate/articles shows what {rule!r} does: add one, or delete the rule"


def test_a_rule_that_does_not_exist_is_refused() -> None:
    with pytest.raises(UnknownRule, match="no rule is named nonsense; there are: turns, "):
        checked(["nonsense"])


def test_a_changed_output_is_accepted_with_a_new_version_only(
    recorded: Recorded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(gate, "EXPECTED", tmp_path / "expected")
    monkeypatch.setattr(gate, "VERSION", tmp_path / "expected" / "VERSION")
    monkeypatch.setattr(gate, "RECORDING", tmp_path / "network.jsonl.gz")
    monkeypatch.setattr(gate, "articles", lambda: {"one": "“We will not go there again,” Anna Lee said."})
    monkeypatch.setattr(gate, "Tagger", type("Loaded", (), {"load": staticmethod(lambda: recorded_tagger)}))
    recorded_tagger = Recorder(Tagger.load())
    assert gate.main(["--accept"]) == 0
    assert gate.main([]) == 0
    stored = (tmp_path / "expected" / "one.txt").read_text(encoding="utf-8")
    (tmp_path / "expected" / "one.txt").write_text("digest another\n" + stored, encoding="utf-8")
    assert gate.main([]) == 1
    assert gate.main(["--accept"]) == 1
    assert "raise it first" in capsys.readouterr().out
    monkeypatch.setattr(gate, "EXTRACTOR_VERSION", "99.0.0")
    assert gate.main(["--accept"]) == 0
    assert gate.main([]) == 0


def test_what_the_docs_show_of_an_article_on_its_way_is_what_happens(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert gate.main(["--trace", "dam"]) == 0
    happens = {line.strip() for line in capsys.readouterr().out.splitlines()}
    happens |= {
        line.strip()
        for line in (gate.EXPECTED / "german_speech.de.txt").read_text(encoding="utf-8").splitlines()
    }
    page = (Path(__file__).parents[3] / "docs" / "extraction.md").read_text(encoding="utf-8")
    of_output = (
        "person ",
        "location ",
        "indirect ",
        "direct ",
        "mixed ",
        "source ",
        "sure ",
        "== ",
        "+ ",
        "- ",
        "quote ",
        "claim ",
    )
    shown = [
        line.strip()
        for line in page.splitlines()
        if line.startswith("    ") and line.strip().startswith(of_output)
    ]
    assert len(shown) > 30
    assert [line for line in shown if line not in happens] == []
