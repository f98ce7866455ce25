"""When a resolved name is the labelled one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.quality.actors import GoldActor, is_right, shares_source
from lab.quality.names import name_words, part_of, same_person, without_titles
from schemas.events import Actor, ActorKind, Resolution
from services.extract.types import Range

TEXT = "Ana Maria Weiss spoke. Hill agreed. The ministry's head, an old friend, did not."


def actor(name: str, kind: ActorKind = ActorKind.PERSON) -> Actor:
    return Actor(actor_id="x", name=name, kind=kind, resolution=Resolution.NAME, confidence=0.9)


def gold(name: str, kind: str = "person", source: str = "she", aliases: tuple[str, ...] = ()) -> GoldActor:
    return GoldActor("a", 0, source, 0, name, kind, aliases)


@pytest.mark.parametrize(
    ("found", "wanted", "right"),
    [
        (actor("Ana Maria Weiss"), gold("Ana Maria Weiss"), True),
        (actor("Ana Weiss"), gold("Ana Maria Weiss"), True),
        (actor("Weiss"), gold("Ana Maria Weiss"), False),  # the article has more
        (actor("Hill"), gold("Bo Hill"), True),  # the article has no more
        (actor("Eva Weiss"), gold("Ana Maria Weiss"), False),
        (actor("Ana Weiss", ActorKind.ORGANIZATION), gold("Ana M. Weiss"), False),
        (actor("Anita Weiss"), gold("Ana Maria Weiss", aliases=("Anita Weiss",)), True),
        (
            actor("the head of the ministry", ActorKind.UNNAMED),
            gold("ministry's head", "unnamed", aliases=("head of the ministry",)),
            True,
        ),
        (actor("he", ActorKind.UNNAMED), gold("ministry's head", "unnamed", source="he"), False),
    ],
)
def test_is_right(found: Actor, wanted: GoldActor, right: bool) -> None:
    assert is_right(found, wanted, TEXT) is right


def test_what_stands_before_a_name_is_taken_off_with_its_title() -> None:
    assert without_titles(name_words("union president Ana Berg")) == ("ana", "berg")
    assert without_titles(name_words("Ana Berg")) == ("ana", "berg")
    assert without_titles(name_words("the president")) == ("president",)


@given(st.text(max_size=30))
def test_any_text_has_words_of_a_name(name: str) -> None:
    words = name_words(name)
    assert words
    assert 1 <= len(without_titles(words)) <= len(words)
    assert part_of(words, words)
    assert same_person(words, words) is (len(words) > 1)


def test_a_part_of_a_name_is_right_only_where_the_article_has_no_more() -> None:
    assert is_right(actor("Laura"), gold("Laura Hill", aliases=("Laura",)), "His wife, Laura, agreed.")
    assert not is_right(
        actor("Laura"), gold("Laura Hill", aliases=("Laura",)), "His wife, Laura Hill, agreed."
    )


@pytest.mark.parametrize(
    ("found", "wanted", "shares"),
    [
        (Range(4, 6), (Range(5, 9),), True),
        (Range(4, 6), (Range(6, 9),), False),
        (None, (Range(0, 9),), False),
        (Range(4, 6), (), False),
    ],
)
def test_a_found_source_is_matched_where_it_touches_the_annotated_one(
    found: Range | None, wanted: tuple[Range, ...], shares: bool
) -> None:
    assert shares_source(found, wanted, {place: place for place in range(10)}) is shares
    assert not shares_source(found, wanted, {})  # what the reader added stands nowhere in the input
