"""How sure an actor is: by the manner of its resolution, given that the words are its source; whether they
are is the source's business."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.events import ActorKind, Resolution
from services.extract.actors.resolve import Resolver
from services.extract.actors.trust import UNREAD, sure, sure_of_pronoun
from services.extract.text.quotes import quoted_stretches
from services.extract.text.sentences import sentences
from services.extract.types import Attribution, Entity, Range

TEXT = (
    "Anna Lee, the mayor, said it was late. Lee said so twice. City officials said it was dear. They said it"
    " was old. A bystander said it was fine."
)


def resolver(text: str) -> tuple[Resolver, dict[str, Range]]:
    sources = {words: Range(*found.span()) for words in ("Anna Lee", "Lee said", "City officials", "They", "A bystander")
               if (found := re.search(rf"(?<!Anna ){words}", text))}  # fmt: skip
    sources["Lee"] = Range(sources["Lee said"].start, sources["Lee said"].start + 3)
    del sources["Lee said"]
    made = Resolver(
        text,
        article_id="art-1",
        entities=[Entity(Range(0, 8), "PERSON", 0.9), Entity(sources["Lee"], "PERSON", 0.9)],
        attributions=[
            Attribution("indirect", (Range(0, 1),), source, None, 0.9) for source in sources.values()
        ],
        sentences=sentences(text),
        quoted=quoted_stretches(text),
    )
    return made, sources


def test_a_name_is_surer_than_a_description_and_a_group_surer_than_one_described_person() -> None:
    made, sources = resolver(TEXT)
    sure = {words: made.resolve(source).confidence for words, source in sources.items()}
    assert sure["Lee"] >= sure["Anna Lee"] > sure["City officials"] > sure["A bystander"]
    assert sure["They"] < sure["City officials"]
    assert all(0.3 < value < 1 for value in sure.values())


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_pronoun_is_the_surer_the_surer_its_ranking(one: float, other: float) -> None:
    less, more = (sure_of_pronoun(ranked) for ranked in sorted((one, other)))
    assert 0 < less <= more < 1


@pytest.mark.parametrize(
    "how", set(Resolution) - {Resolution.UNRESOLVED, Resolution.CONTINUATION, Resolution.OTHER}
)
@pytest.mark.parametrize("kind", ActorKind)
def test_every_manner_that_is_published_has_its_share(how: Resolution, kind: ActorKind) -> None:
    assert 0 < sure(how, kind) < 1


def test_what_was_never_met_stands_at_nine_of_ten_as_read() -> None:
    assert sure(Resolution.HEADLINE, ActorKind.PERSON) == pytest.approx(9 / (9 + math.exp(UNREAD)), abs=1e-4)


def test_who_goes_on_speaking_is_as_sure_as_before() -> None:
    made, sources = resolver(TEXT)
    before = made.resolve(sources["Lee"])
    after = made.resolve(None, inherited=before)
    assert (after.name, after.resolution, after.mention) == ("Anna Lee", Resolution.CONTINUATION, None)
    assert after.confidence == before.confidence
