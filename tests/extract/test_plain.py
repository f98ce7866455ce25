from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.extract.text.furniture import is_furniture
from services.extract.text.plain import normalise


def test_the_sample_is_unwrapped_and_its_torn_sentence_joined(sample: str) -> None:
    text, _ = normalise(sample)
    assert "suggesting it was open to the idea in principle but not ready to commit." in text
    assert "https://" not in text
    assert "Related article" not in text
    assert len(text.split("\n\n")) == 12
    assert "\n" not in text.replace("\n\n", "")


def test_paragraphs_of_one_line_stay_apart() -> None:
    text, _ = normalise(
        "A headline\nThe first paragraph is a single long line that ends here.\nThe second one follows at"
        " once.\n"
    )
    assert text.split("\n\n") == [
        "A headline",
        "The first paragraph is a single long line that ends here.",
        "The second one follows at once.",
    ]


def test_a_compound_wrapped_at_its_hyphen_keeps_it_and_gets_no_space() -> None:
    wrapped = (
        "The ministers met for a long face-\nto-face talk that went on until the early hours of the\nmorning,"
        " officials said.\n"
    )
    assert (
        normalise(wrapped)[0]
        == "The ministers met for a long face-to-face talk that went on until the early hours of the morning,"
        " officials said."
    )


def test_a_pointer_that_wraps_goes_whole() -> None:
    text, _ = normalise(
        "The talks went on until late in the night and nobody\nwanted to speak to the press about what was"
        " said.\n\nRelated article: What stands in the way of a meeting\nbetween the two leaders?\n\nThe"
        " ministers left in the morning.\n"
    )
    assert text.endswith("about what was said.\n\nThe ministers left in the morning.")


def test_invisible_characters_go_and_joiners_stay() -> None:
    assert (
        normalise("in\u00adter\u200bnational \u202eevil\u202c \x00man\ufeff 👩\u200d👩")[0]
        == "international evil man 👩\u200d👩"
    )


def test_signs_that_were_escaped_once_too_often_are_signs() -> None:
    written = "&ldquo;It&rsquo;s over,&rdquo; said&nbsp; Lee &amp; &#8220;Co&#x201d; &lt;b&gt; AT&T; R&D"
    text, runs = normalise(written)
    assert text == "“It’s over,” said Lee & “Co” &lt;b&gt; AT&T; R&D"
    assert all(text[t : t + n] == written[i : i + n] for t, i, n in runs)


def test_an_escaped_sign_that_carries_no_reading_goes_like_any_other() -> None:
    text, _ = normalise("re&#173;ports&#8203; of&#x200b;fi&#65279;cials&#10;said")
    assert text == "reports officials said"


@pytest.mark.parametrize(
    "line",
    ["https://example.org/a?b=c", "Related article: Why?", "READ MORE: Something", "Advertisement", "Story continues below advertisement",
     "- Advertisement 1Story continues below", "© 2026 Example Ltd.", "Page 3 of 5", "* * *", "Sign up for our weekly newsletter",
     "Article content", "Most read in Football", "“swipe left below to view more authors”Swipe →"],
)  # fmt: skip
def test_furniture_is_known(line: str) -> None:
    assert is_furniture(line)


@pytest.mark.parametrize(
    "line",
    [
        "Related: no",
        "He said: “Read more books.”",
        "More people came.",
        "Share prices fell.",
        "Print is dead, he said.",
        "Most read the report twice.",
        "Article content is king.",
    ],
)
def test_running_text_is_no_furniture(line: str) -> None:
    assert is_furniture(line) == (line == "Related: no")


@given(st.text(max_size=300) | st.text(alphabet="ab \n-.“”\t\u00adA:/", max_size=300))
def test_offsets_map_every_character_back(content: str) -> None:
    text, runs = normalise(content)
    copied = 0
    for start, source, length in runs:
        assert text[start : start + length].split() == content[source : source + length].split()
        copied += length
    assert [run[0] for run in runs] == sorted(run[0] for run in runs)
    assert [run[1] for run in runs] == sorted(run[1] for run in runs)
    outside = set(range(len(text))) - {i for start, _, length in runs for i in range(start, start + length)}
    assert all(text[i].isspace() for i in outside)
    assert text == text.strip()
