"""Which rules statements are grouped by."""

from __future__ import annotations

import pytest

from services.aggregate import grouping
from services.chassis import wording


def test_other_rules_and_other_words_have_another_number(monkeypatch: pytest.MonkeyPatch) -> None:
    number = grouping.rules.__wrapped__
    assert number() == grouping.rules()
    monkeypatch.setattr(grouping, "RULES", grouping.RULES + 1)
    assert number() != grouping.rules()
    monkeypatch.undo()
    monkeypatch.setattr(grouping, "data", lambda: wording.data().replace(b'"not", ', b""))
    assert number() != grouping.rules()
