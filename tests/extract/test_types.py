from __future__ import annotations

from services.extract.types import Attribution, Range, hull


def test_a_hull_reaches_from_the_first_character_to_the_last_whatever_is_missing() -> None:
    assert hull([None, Range(7, 9), Range(2, 4)]) == (2, 9)
    text = "“No,” Lee said. “Never.”"
    attribution = Attribution("direct", (Range(0, 5), Range(16, 24)), Range(6, 9), Range(10, 14), 0.9)
    assert text[slice(*attribution.hull)] == text
    assert Attribution("direct", (Range(0, 5),), None, None, 0.9).hull == (0, 5)
