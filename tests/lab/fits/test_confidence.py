"""Fitting how sure attributions and actors are."""

from __future__ import annotations

import math
import random

import pytest

from lab.fits.confidence import Item, counted, fit_line, fit_shift, left_out, unread
from schemas.events import ActorKind, Resolution
from services.extract.actors.trust import RIGHT, log_odds, manner
from tests.support.statements import actor


def drawn(slope: float, offset: float, size: int = 6000) -> tuple[list[float], list[bool]]:
    """Confidences, and whether each is right by the line through their log-odds."""
    chance = random.Random(7)
    raw = [chance.uniform(0.05, 0.95) for _ in range(size)]
    return raw, [chance.random() < 1 / (1 + math.exp(-slope * log_odds(p) - offset)) for p in raw]


@pytest.mark.parametrize(("slope", "offset"), [(1.0, 0.0), (0.9, 0.5), (0.6, -0.3)])
def test_a_line_is_found_again(slope: float, offset: float) -> None:
    assert fit_line(*drawn(slope, offset)) == pytest.approx((slope, offset), abs=0.12)


@pytest.mark.parametrize("shift", [0.0, 0.8, 1.5])
def test_a_shift_is_found_again(shift: float) -> None:
    raw, right = drawn(1.0, -shift)
    assert fit_shift([log_odds(p) for p in raw], right) == pytest.approx(shift, abs=0.15)


def test_what_is_too_unsure_is_mended_on_texts_left_out() -> None:
    raw, right = drawn(1.0, 1.0)
    before, after = left_out([Item(f"text {n % 10}", p, r) for n, (p, r) in enumerate(zip(raw, right, strict=True))])
    assert after < before / 3


def test_actors_are_counted_by_manner_and_unread_ones_lower_all() -> None:
    lee = actor("Ana Lee")
    assert counted([(lee, True), (lee, False)]) == {"name, person": (1, 2)}
    assert unread(RIGHT, [(lee, True)] * 99 + [(lee, False)]) < unread(RIGHT, [(lee, True)] * 7 + [(lee, False)] * 3)


def test_every_manner_has_a_count() -> None:
    found = {manner(how, kind) for how in (Resolution.NAME, Resolution.DESCRIPTION, Resolution.TITLE) for kind in ActorKind}
    assert found - {"name, other"} < RIGHT.keys()
