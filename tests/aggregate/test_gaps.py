"""Pieces that stand apart in an article are never told as one sentence."""

from __future__ import annotations

from services.aggregate.changes import StatementChange, change_of
from tests.support.stories import Said, story

TEXT = "“The tunnel will open in March,” Ida Holm said. “It is safe.”"


def test_pieces_of_an_earlier_extractors_quote_stand_apart_on_record() -> None:
    _, quote = story("art-1", TEXT, [Said("Ida Holm", ["The tunnel will open in March,", "It is safe."])])
    joined = quote.model_copy(update={"text": "The tunnel will open in March, It is safe."})
    change = change_of(joined)
    assert isinstance(change, StatementChange)
    assert change.row["text"] == "The tunnel will open in March, […] It is safe."
