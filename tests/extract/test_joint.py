"""Joint speakers: each has the statement, and names the others."""

from __future__ import annotations

import re

import pytest

from lab.quality.whole import plain_article
from schemas.events import ActorKind, Claim, Quote, Resolution
from services.extract.actors.cast import Cast
from services.extract.extract import Extractor
from services.extract.types import Entity, Range

SAID = "The minister, Jack Moss, and his deputy, Ruth Penn, said the road was safe. {}"


def who(statement: Quote | Claim) -> tuple[str, tuple[str, ...]]:
    actor = statement.speaker if isinstance(statement, Quote) else statement.claimant
    return actor.name, tuple(other.name for other in statement.jointly_with)


def found(extractor: Extractor, text: str, words: str) -> list[Quote | Claim]:
    extraction = extractor.extract(plain_article("a", text))
    statements: list[Quote | Claim] = [*extraction.quotes, *extraction.claims]
    assert {*extraction.document.quote_ids, *extraction.document.claim_ids} == {
        statement.event_id for statement in statements
    }
    return [item for item in statements if words in item.text]


def test_two_who_speak_together_have_a_statement_each(extractor: Extractor) -> None:
    claims = found(extractor, SAID.format("It rained."), "the road was safe")
    assert sorted(map(who, claims)) == [("Jack Moss", ("Ruth Penn",)), ("Ruth Penn", ("Jack Moss",))]
    mentions = [claim.claimant.mention for claim in claims if isinstance(claim, Claim)]
    assert sorted(mention.exact for mention in mentions if mention is not None) == ["Jack Moss", "Ruth Penn"]
    assert len({claim.event_id for claim in claims}) == len({claim.partition_key for claim in claims}) == 2


@pytest.mark.parametrize(
    "later", ["Both said the wall would hold for years.", "They said the wall would hold for years."]
)
def test_both_are_meant_again(extractor: Extractor, later: str) -> None:
    claims = found(extractor, SAID.format(later), "the wall would hold")
    assert sorted(map(who, claims)) == [("Jack Moss", ("Ruth Penn",)), ("Ruth Penn", ("Jack Moss",))]


def test_a_claim_of_a_joint_quote_belongs_to_its_own_speakers_quote(extractor: Extractor) -> None:
    text = "Jack Moss and Ruth Penn wrote: “The road costs 4 million euros a year.”"
    statements = found(extractor, text, "4 million")
    quotes = {who(item): item.event_id for item in statements if isinstance(item, Quote)}
    assert len(quotes) == 2
    assert {who(item): item.quote_id for item in statements if isinstance(item, Claim)} == quotes


def test_neither_said_is_denied_of_both(extractor: Extractor) -> None:
    claims = found(
        extractor, "Neither Anna Lee nor Paul Jones said the bridge was safe.", "the bridge was safe"
    )
    assert len(claims) == 2
    assert all(claim.negated for claim in claims)


@pytest.mark.parametrize(
    "text",
    [
        "Anna Lee or Paul Jones said the bridge was safe.",
        "Anna Lee said Paul Jones was late and the bridge was safe.",
    ],
)
def test_one_of_two_and_one_of_another_are_not_joint(extractor: Extractor, text: str) -> None:
    assert all(not claim.jointly_with for claim in found(extractor, text, "safe"))


@pytest.mark.parametrize("before", ["", "Anna Lee and Paul Jones said it rained. "])
@pytest.mark.parametrize("source", ["Anna Lee or Paul Jones", "Anna Lee, Paul Jones or Kim Day"])
@pytest.mark.parametrize("later", ["They", "Both"])
def test_one_of_several_is_not_meant_as_all_of_them(
    extractor: Extractor, before: str, source: str, later: str
) -> None:
    text = f"{before}{source} said the bridge was safe. {later} said the wall would hold for years."
    assert [who(claim) for claim in found(extractor, text, "the bridge was safe")] == [(source, ())]
    assert [claim.jointly_with for claim in found(extractor, text, "the wall would hold")] == [()]


TWO_OF_ONE_NAME = (
    "Ruth Penn came.\n\nAnn Moss and Jack Moss met the council.\n\n“We checked it twice a year,” {} wrote. {}"
)


@pytest.mark.parametrize("pair", ["Penn and Moss", "Moss and Penn"])
def test_a_joint_speaker_whose_surname_two_bear_is_nobody_of_them(extractor: Extractor, pair: str) -> None:
    statements = found(
        extractor, TWO_OF_ONE_NAME.format(pair, "They said the wall would hold for years."), ""
    )
    speakers = [item.speaker for item in statements if isinstance(item, Quote)]
    assert sorted((speaker.name, speaker.resolution) for speaker in speakers) == [
        ("Moss", Resolution.UNRESOLVED),
        ("Ruth Penn", Resolution.SURNAME),
    ]
    assert "Jack Moss" not in {who(item)[0] for item in statements}


def test_a_joint_speaker_is_no_surer_than_the_surname(extractor: Extractor) -> None:
    text = "Ann Moss met Ruth Penn.\n\nJack Moss came. “We checked it twice a year,” Penn and Moss wrote."
    sure = {
        who(quote)[0]: quote.speaker.confidence
        for quote in found(extractor, text, "We checked it")
        if isinstance(quote, Quote)
    }
    assert sure["Jack Moss"] == pytest.approx(0.9 * sure["Ruth Penn"])


@pytest.mark.parametrize(
    ("text", "mentions"),
    [
        (
            "Jack Pennington met Ruth Penn. [Pennington and Penn] wrote.",
            [("Jack Pennington", "Pennington"), ("Ruth Penn", "Penn")],
        ),
        (
            "Ruth Penn met Ann Moss and Jack Moss. [Penn and Moss] wrote.",
            [("Ruth Penn", "Penn"), ("Jack Moss", "Moss")],
        ),
        ("Ruth Penn met Jack Moss. [Moss and Moss] wrote.", []),
        ("Ruth Penn met Jack Moss. [Moss and Hill] wrote.", []),
    ],
)
def test_a_firm_whose_name_is_two_surnames_is_two_persons(text: str, mentions: list[tuple[str, str]]) -> None:
    firm = Range(text.index("["), text.index("]") - 1)
    text = text.replace("[", "").replace("]", "")
    names = [
        Entity(Range(*match.span()), "PERSON", 0.9) for match in re.finditer(r"(?:Jack|Ruth|Ann) \w+", text)
    ]
    cast = Cast(text, [*names, Entity(firm, "ORGANIZATION", 0.9)])
    assert [
        (member.name, text[slice(*at)]) for at, member in cast.within(firm) if member.kind is ActorKind.PERSON
    ] == mentions


def test_surnames_alone_are_two_persons_and_no_firm(extractor: Extractor) -> None:
    claims = found(
        extractor, SAID.format("“We checked it twice a year,” Moss and Penn wrote."), "We checked it"
    )
    assert {who(claim)[0] for claim in claims} == {"Jack Moss", "Ruth Penn"}
