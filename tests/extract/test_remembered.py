"""Answers are remembered by word, and no text is kept alive that is longer than any word."""

from __future__ import annotations

from services.extract.remembered import remembered


def test_words_are_asked_for_once_and_long_texts_are_not_kept() -> None:
    asked: list[str] = []

    @remembered(2)
    def upper(text: str) -> str:
        asked.append(text)
        return text.upper()

    long = "a" * 100_000
    assert [upper(word) for word in ("a", "b", "a", long, "a", long)] == [
        "A",
        "B",
        "A",
        long.upper(),
        "A",
        long.upper(),
    ]
    assert asked == ["a", "b", long, long]
    upper("c")
    upper("b")
    assert asked == ["a", "b", long, long, "c", "b"]
