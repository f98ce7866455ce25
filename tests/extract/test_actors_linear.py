"""Rules about actors take time in proportion to what they read, also where it is all capitals or figures."""

from __future__ import annotations

import pytest

from services.extract.actors.relative import _AGE_AND_PLACE


@pytest.mark.timeout(20)
@pytest.mark.parametrize("between", [" of " + "NEWS" * 20 + " and a man", ", 45" + "1" * 78 + " and", " of the" + " WASHINGTON" * 6 + " x"])
def test_capitals_and_figures_between_a_name_and_who_are_read_once(between: str) -> None:
    assert _AGE_AND_PLACE.fullmatch(between) is None  # one way of reading them for each letter would take for ever


def test_age_and_place_are_known() -> None:
    assert _AGE_AND_PLACE.fullmatch(", 45, of Bowie, Md., ")
