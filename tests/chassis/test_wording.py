"""When two wordings are one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.wording import SHINGLE, Tolerance, alike, identifier, shingles, words_in

EDITED, CUT = Tolerance(0.7, 0.15), Tolerance(0.9, 0.05)
TUNNEL = "The tunnel under the river will open in March and nobody will pay for it"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Don’t “panic”, [he said] 1,000 cafés", "don't panic 1000 cafes"),
        ("The minister’s plan costs 3.5 million.", "the minister plan costs 3.5 million"),
        ("ISIS’ best, ISIS’s best", "isis best isis best"),
        ("我们会赢 at 5:30", "我 们 会 赢 at 5:30"),
        ("हिन्दी में", "हिन्दी में"),
        ("—…«»", ""),
    ],
)
def test_words_are_compared_without_marks_and_case(text: str, words: str) -> None:
    assert " ".join(words_in(text)) == words


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (TUNNEL.upper(), True),
        ("will open in March and nobody will pay", True),
        (f"I tell you: {TUNNEL}, whatever they say.", True),
        (TUNNEL.replace("under the river", "beneath the river"), True),
        (TUNNEL.replace("March", "April"), False),
        (TUNNEL.replace("will open", "will not open"), False),
        (f"It is not true that {TUNNEL}", False),
        (TUNNEL.replace("nobody will pay for it", "100 people will pay for it"), False),
        ("The tunnel is a disgrace and we shall fill it in", False),
    ],
)
def test_a_wording_may_be_cut_and_edited_and_nothing_else(other: str, same: bool) -> None:
    one, two = (words_in(TUNNEL),), (words_in(other),)
    assert alike(one, two, EDITED) is same
    assert alike(two, one, EDITED) is same


def test_a_piece_is_compared_by_itself() -> None:
    pieces = (
        words_in("We shall fight on and on and on until it is done"),
        words_in("The tunnel under the river will open"),
    )
    assert alike(pieces, (words_in(TUNNEL),), CUT)


TEXTS = st.lists(st.sampled_from([*TUNNEL.split(), "not", "seven", "7", "zwölf", "我"]), max_size=14).map(
    lambda found: tuple(found)
)


@given(one=TEXTS, other=TEXTS)
def test_it_does_not_matter_which_is_compared_with_which(
    one: tuple[str, ...], other: tuple[str, ...]
) -> None:
    assert alike((one,), (one,), CUT)
    assert alike((one,), (other,), EDITED) == alike((other,), (one,), EDITED)


@given(words=TEXTS, before=TEXTS, behind=TEXTS)
def test_whatever_holds_a_wording_shares_its_shingles(
    words: tuple[str, ...], before: tuple[str, ...], behind: tuple[str, ...]
) -> None:
    found = shingles((*before, *words, *behind), "ana")
    assert shingles(words, "ana") <= found
    assert bool(shingles(words, "ana")) == (len(words) >= SHINGLE)
    assert not shingles(words, "bo") & found
    assert -(2**63) <= identifier(words, "ana") < 2**63
