"""Fitting how sure attributions and actors are."""

from __future__ import annotations

import math
import random

import pytest

from lab.fits.confidence import Item, counted, fit_line, fit_pronouns, fit_shift, left_out, ranked, unread
from schemas.events import Actor, ActorKind, Resolution, Span
from services.extract.actors.trust import log_odds, sure_of_pronoun
from tests.support.statements import actor


def drawn(slope: float, offset: float, size: int = 6000) -> tuple[list[float], list[bool]]:
    """Confidences, and whether each is right by the line through their log-odds."""
    chance = random.Random(7)
    raw = [chance.uniform(0.05, 0.95) for _ in range(size)]
    return raw, [chance.random() < 1 / (1 + math.exp(-slope * log_odds(p) - offset)) for p in raw]


def pronoun(word: str, sure: float) -> Actor:
    how = {
        "mention": Span(start=0, end=len(word), exact=word),
        "resolution": Resolution.PRONOUN,
        "confidence": sure,
    }
    return actor("Ana Lee").model_copy(update=how)


@pytest.mark.parametrize(("slope", "offset"), [(1.0, 0.0), (0.9, 0.5), (0.6, -0.3)])
def test_a_line_is_found_again(slope: float, offset: float) -> None:
    raw, right = drawn(slope, offset)
    assert fit_line([log_odds(p) for p in raw], right) == pytest.approx((slope, offset), abs=0.12)


@pytest.mark.parametrize("shift", [0.0, 0.8, 1.5])
def test_a_shift_is_found_again(shift: float) -> None:
    raw, right = drawn(1.0, -shift)
    assert fit_shift([log_odds(p) for p in raw], right) == pytest.approx(shift, abs=0.15)


def test_what_is_too_unsure_is_mended_on_texts_left_out() -> None:
    raw, right = drawn(1.0, 1.0)
    before, after = left_out(
        [Item(f"text {n % 10}", p, r) for n, (p, r) in enumerate(zip(raw, right, strict=True))]
    )
    assert after < before / 3


def test_actors_are_counted_by_manner_without_what_is_as_sure_as_something_else() -> None:
    lee, nobody = actor("Ana Lee"), actor("Ana Lee").model_copy(update={"resolution": Resolution.UNRESOLVED})
    council = actor("Council", kind=ActorKind.ORGANIZATION)
    judged = [
        (lee, True),
        (lee, False),
        (nobody, False),
        (pronoun("he", 0.9), True),
        (pronoun("I", 0.9), True),
        (council, True),
    ]
    assert counted(judged) == {"name, person": (1, 2), "name, other": (1, 1)}


@pytest.mark.parametrize("probability", [0.3, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("word", ["he", "She", "his remarks", "he himself"])
def test_what_ranked_a_pronoun_is_read_back(word: str, probability: float) -> None:
    assert ranked(pronoun(word, sure_of_pronoun(probability))) == pytest.approx(
        log_odds(probability), abs=0.02
    )


def test_nothing_ranked_a_name_or_the_first_person() -> None:
    assert ranked(pronoun("I", 0.9)) is ranked(actor("Ana Lee")) is None


@pytest.mark.parametrize(("slope", "offset"), [(1.0, 0.0), (0.6, 1.5)])
def test_a_pronouns_line_is_found_again(slope: float, offset: float) -> None:
    raw, right = drawn(slope, offset)
    judged = [(pronoun("he", sure_of_pronoun(p)), r) for p, r in zip(raw, right, strict=True)]
    names = [(actor("Ana Lee"), False)] * 100
    assert fit_pronouns([*judged, *names]) == pytest.approx((slope, offset), abs=0.12)


def test_unread_is_how_far_shares_are_too_sure() -> None:
    """81 of 81 with nine of ten before them stand at 90 of 91, log-odds 4.5; where 9 of 10 are right (2.2),
    they are lower by 2.3."""
    names = [(actor("Ana Lee"), True)] * 900 + [(actor("Ana Lee"), False)] * 100
    pronouns = [(pronoun(word, 0.9), False) for word in ("he", "I")] * 500
    assert unread({"name, person": (81, 81)}, [*names, *pronouns]) == pytest.approx(2.3, abs=0.05)
