"""Rules about actors take time in proportion to what they read, also where it is all capitals or figures."""

from __future__ import annotations

import pytest

from services.extract.actors.relative import _AGE_AND_PLACE
from services.extract.actors.resolve import Resolver
from services.extract.text.sentences import sentences
from services.extract.types import Attribution, Entity, Range


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "between",
    [" of " + "NEWS" * 20 + " and a man", ", 45" + "1" * 78 + " and", " of the" + " WASHINGTON" * 6 + " x"],
)
def test_capitals_and_figures_between_a_name_and_who_are_read_once(between: str) -> None:
    # one way of reading them for each letter would take for ever
    assert _AGE_AND_PLACE.fullmatch(between) is None


@pytest.mark.parametrize(
    ("lead", "found"),
    [("", True), ("“But ", True), ("However, ", True), ("x " * 40, False), ("Lee left ", False)],
)
def test_it_is_an_organisation_that_opens_a_sentence_however_long_that_is(lead: str, found: bool) -> None:
    text = f"{lead}Acme shut the plant. It said so."
    place = Range(text.index("Acme"), text.index("Acme") + 4)
    source = Range(text.index("It"), text.index("It") + 2)
    spoken = Attribution("indirect", (Range(source.end + 1, source.end + 5),), source, None, 0.9)
    resolver = Resolver(
        text,
        article_id="a",
        entities=[Entity(place, "ORGANIZATION", 0.9)],
        attributions=[spoken],
        sentences=sentences(text),
        quoted=(),
    )
    assert (resolver.resolve(source).name == "Acme") is found


def test_age_and_place_are_known() -> None:
    assert _AGE_AND_PLACE.fullmatch(", 45, of Bowie, Md., ")
