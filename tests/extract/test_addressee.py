from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.extract.extract import Extractor
from services.extract.passes.addressee import addressee
from services.extract.types import Range
from tests.extract.conftest import MakeArticle


@pytest.mark.parametrize(
    ("text", "cue", "expected"),
    [
        ("“We are ready,” Lee told reporters on Monday.", "told", "reporters"),
        ("“We are ready,” Lee told reporters on Monday.", "told reporters", "reporters"),
        ("Lee tells the BBC that it is over.", "tells", "the BBC"),
        ("“Why now?” Jones asked Anna Lee.", "asked", "Anna Lee"),
        ("Lavrov told NBC’s Meet the Press that it is over.", "told", "NBC’s Meet the Press"),
        ("Trump told USA TODAY that it is over.", "told", "USA TODAY"),
        (
            "Trump told conservative news host Todd Starnes on Thursday it is over.",
            "told",
            "conservative news host Todd Starnes",
        ),
        (
            "“It is over,” Lee said in an interview with Mr. Jones.",
            "said in an interview with Mr. Jones",
            "Mr. Jones",
        ),
        ("“It is over,” he told her.", "told", "her"),
        ("Lee asked whether it was over.", "asked", None),
        ("Lee said that it was over.", "said", None),
        ("Lee had warned twice that it was over.", "had warned", None),
        ("“It is over,” he told me. Still, it was not.", "told", None),
        ("Lee wrote a letter.\n\nHe told Jones it was over.", "wrote", None),
    ],
)
def test_the_words_behind_telling_name_to_whom(text: str, cue: str, expected: str | None) -> None:
    at = Range(text.index(cue), text.index(cue) + len(cue))
    content = text.find("it ", at.end)
    found = addressee(text, at, (Range(content, content + 5),) if content > 0 else (Range(0, 1),))
    assert (text[slice(*found)] if found else None) == expected


def test_a_quote_carries_whom_it_was_said_to(extractor: Extractor, article: MakeArticle) -> None:
    text = (
        "Todd Starnes is a host. “We will have to take a different tack,” Anna Lee told Starnes on Thursday."
    )
    [quote] = extractor.extract(article(text)).quotes
    assert quote.addressee is not None
    assert (quote.addressee.name, quote.speaker.name) == ("Todd Starnes", "Anna Lee")
    assert quote.addressee.mention is not None
    assert quote.addressee.mention.exact == "Starnes"


@pytest.mark.parametrize("asker", ["Dan Holt", "councillor Ida Rask", "the coroner"])
def test_whoever_asks_is_not_asked(extractor: Extractor, article: MakeArticle, asker: str) -> None:
    [quote] = extractor.extract(article(f"“Why did no one act?” asked {asker}.")).quotes
    assert (quote.speaker.name, quote.addressee) == (asker.removeprefix("councillor "), None)


@given(st.text(alphabet="told the A. ’sB,“”\n", max_size=60), st.integers(0, 40), st.integers(1, 20))
def test_whatever_the_text_the_phrase_lies_in_it(text: str, start: int, length: int) -> None:
    cue = Range(min(start, len(text)), min(start + length, len(text)))
    found = addressee(text, cue, ())
    assert found is None or (
        0 <= found.start < found.end <= len(text) and text[slice(*found)].strip() == text[slice(*found)]
    )
