"""One version of the extractor always gives the same bytes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from services.extract.extract import EXTRACTOR_VERSION, Extractor
from services.extract.tagger import Tagger
from tests.extract import outputs as module
from tests.extract.outputs import CURE, FILE, outputs, same, sample_articles, summed_up


def test_the_same_version_gives_the_same_bytes(tagger: Tagger) -> None:
    kept, made = json.loads(FILE.read_text()), outputs(tagger)
    assert made["articles"].keys() == kept["articles"].keys(), f"the sample articles changed: {CURE}"
    changed = [name for name, one in made["articles"].items() if not same(one, kept["articles"][name])]
    assert (made["version"], made["model_sha256"]) == (kept["version"], kept["model_sha256"]), f"the version or the model changed: {CURE}"
    assert not changed, f"the output for {', '.join(changed)} changed and the version did not: {CURE}"


def test_a_changed_rule_is_noticed_and_cannot_be_written_off_without_a_version(
    tagger: Tagger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    article = next(one for one in sample_articles() if "lavrov" in one.origin)
    with Extractor(tagger) as extractor:
        before = summed_up(extractor, article)
        monkeypatch.setattr("services.extract.extract.reconcile", lambda *_, **__: [])
        assert not same(summed_up(extractor, article), before)
    monkeypatch.undo()
    kept = tmp_path / "outputs.json"
    kept.write_text(json.dumps(json.loads(FILE.read_text()) | {"articles": {"lavrov.txt": "another"}}))
    monkeypatch.setattr(module, "FILE", kept)
    monkeypatch.setattr(module, "outputs", lambda _: {"version": EXTRACTOR_VERSION, "articles": {}})
    assert module.main() == 1
    assert "raise EXTRACTOR_VERSION" in capsys.readouterr().err
    monkeypatch.setattr(module, "outputs", lambda _: {"version": "99.0.0", "articles": {}})
    assert module.main() == 0
    assert json.loads(kept.read_text())["version"] == "99.0.0"
