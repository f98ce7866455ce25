"""The two facts of a claim: whether its saying is denied, and whether its proposition is a negation."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from schemas.events import Article, Stance
from services.extract.claims.denial import contradicts, is_denied, who_did_not
from services.extract.claims.negation import is_negative
from services.extract.extract import Extraction, Extractor
from services.extract.types import Range

Read = Callable[[str], Extraction]


@pytest.fixture
def read(extractor: Extractor, article: Callable[..., Article]) -> Read:
    return lambda text: extractor.extract(article(text))


NOT_SAID = [
    # by nobody
    "Nobody at the ministry claimed the dam was safe.",
    "No one in the village told police that the car was red.",
    "None of the ministers claimed the budget was balanced.",
    "Not a single witness testified that the driver was drunk.",
    "Not one councillor argued that the park should be sold.",
    "No Labour MP said the vote was unfair.",
    "No company has confirmed that the data were stolen.",
    "Nothing in the report says the dam is safe.",
    "Hardly anyone said the plan would work.",
    # by neither
    "Neither of the brothers admitted that the boat was theirs.",
    "Neither the mayor nor her deputy told reporters that the school would close.",
    "Neither Brandt nor Okafor has said the bridge is unsafe.",
    # at no time
    "Never did Tom Reyes say the harbour was full.",
    "At no time has Dr Sato claimed that the drug cures asthma.",
    "Not once did the minister say the tunnel was late.",
    "In no interview has Ms Petrov said she would resign.",
    "Under no circumstances would Hale say the river was clean.",
    "Ken Ito did not, at any point, say the plant was unsafe.",
    # something else instead
    "Rather than say the road was closed, Lena Fox left the room.",
    "Lena Fox left the room instead of saying that the road was closed.",
    "Without saying that the road was closed, Lena Fox left the room.",
    "Maria Lopez stopped short of saying the mayor had lied.",
    "Ken Ito did not go as far as to say the plant was unsafe.",
    # withheld
    "Paul Reed refused to say whether the talks had failed.",
    "Paul Reed would not say if the talks had failed.",
    "The company declined to say how many jobs would go.",
    "A spokeswoman could not say when the line would reopen.",
    "Ana Silva has yet to say that she will stand.",
    "Ana Silva failed to mention that the loan was unpaid.",
    "Brook was careful not to say the dam was safe.",
    # the saying is denied
    "Grace Kim denied having said that the vaccine was harmful.",
    "Grace Kim denied saying the vaccine was harmful.",
    "Grace Kim denied ever telling reporters that the vaccine was harmful.",
    "It was not Brook who said the road was closed.",
    "There is no evidence that Brook said the road was closed.",
    "It is untrue that Brook said the dam was safe.",
    "The minister, who had never claimed that the dam was safe, resigned.",
    "Brook hasn't said the road was closed.",
    "Brook never denied that the pump was broken.",
]

SAID = [
    "Nobody is above the law, Brook said.",
    "Brook said nobody was above the law.",
    "No minister was there when Hale said the road was closed.",
    "Brook not only said the road was closed but sent a map.",
    "Not only did Brook say the road was closed, he sent a map.",
    "Brook did not just say the road was closed; she proved it.",
    "Brook said she could not recommend the hotel more highly.",
    "It is not that the road is closed, she said.",
    "Dan Wu said nothing was wrong with the pump.",
    "Not until Friday did Brook say the road was closed.",
    "No sooner had Brook said the road was closed than it opened.",
    "Not everyone said the road was closed.",
    "It was not Hale but Brook who said the road was closed.",
    "No wonder Brook said the road was closed.",
    "No 10 said the talks had failed.",
    "Brook, who was not at the meeting, said the road was closed.",
    "Without hesitation, Brook said the road was closed.",
    "Nobody but Brook said the dam was safe.",
    "None other than Brook said the dam was safe.",
    "Brook did not hesitate to say the dam was unsafe.",
    "Brook could not have said more clearly that the dam was unsafe.",
    "Grace Kim denied that the vaccine was harmful.",
    "The mayor dismissed reports that the dam had cracked.",
    "The ministry is using the failed bill to portray its rival as weak.",
    "Hale has no doubt that the dam was unsafe.",
    "Nothing, Jane Ames said, was lost.",
    "An official who declined to be named said the road was closed.",
    "The road was closed, said an official who asked not to be named.",
    "A neighbour, who would not give her name, said the dog had barked.",
]


@pytest.mark.parametrize("text", NOT_SAID)
def test_what_is_not_said_is_no_assertion(read: Read, text: str) -> None:
    claims = read(text).claims
    assert claims
    assert {claim.negated for claim in claims} == {True}


@pytest.mark.parametrize("text", SAID)
def test_what_is_said_is_no_denial(read: Read, text: str) -> None:
    claims = read(text).claims
    assert claims
    assert {claim.negated for claim in claims} == {False}


@pytest.mark.parametrize(
    "text",
    [
        "The two sources declined to be named because the talks were private.",
        "The officials asked not to be identified by the newspaper.",
        "Lena Ortiz denied telling Imran Khan anything.",
        "Contrary to what Hale claimed, the mill never burned.",
        "Despite what the minister says, the hospital is full.",
        "No matter what Brook says, the count was fair.",
        "Whatever Brook says, the count was fair.",
        "Whatever the minister claims, the hospital is full.",
        "Contrary to what Brook said about the road, the bridge was open all day.",
    ],
)
def test_what_nobody_could_say_is_no_claim(read: Read, text: str) -> None:
    assert read(text).claims == ()


def test_what_words_are_held_against_is_not_theirs_but_another_s(read: Read) -> None:
    found = read(
        "“The vote was rigged,” Brook said. Contrary to what Brook said, the count was fair, Ines Holm told"
        " reporters."
    )
    assert [(claim.claimant.name, claim.text) for claim in found.claims if claim.kind != "quoted"] == [
        ("Ines Holm", "Contrary to what Brook said, the count was fair")
    ]


def test_what_a_speaker_is_quoted_with_stays_his(read: Read) -> None:
    found = read("Despite what Brook called “a stitch-up”, the count was fair.")
    assert [(quote.speaker.name, quote.text) for quote in found.quotes] == [("Brook", "a stitch-up")]


def test_the_subject_of_an_active_verb_is_nothing_that_was_said(read: Read) -> None:
    found = read("Water minister Paul Mbeki apologised on Friday. “I was wrong about the dam,” he said.")
    assert "Water minister Paul Mbeki" not in [claim.text for claim in found.claims]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Nobody said the plan was illegal.", "unresolved source"),
        ("No minister said the plan was legal.", "unresolved source"),
        ("Neither side said the deal was dead.", "unresolved source"),
        ("None of the ministers said the deal was dead.", "the ministers"),
        ("Not one of the witnesses said the car was red.", "the witnesses"),
        ("Nothing in the report says the dam is safe.", "the report"),
        ("Nobody but Anna Lee said the dam was safe.", "Anna Lee"),
    ],
)
def test_nobody_is_no_actor(read: Read, text: str, name: str) -> None:
    assert [claim.claimant.name for claim in read(text).claims] == [name]


def test_neither_of_two_is_each_of_them(read: Read) -> None:
    claims = read("Neither Anna Lee nor Paul Jones said the bridge was safe.").claims
    assert {claim.claimant.name for claim in claims} == {"Anna Lee", "Paul Jones"}
    assert all(claim.negated for claim in claims)


def test_what_nobody_is_said_to_have_said_is_not_the_speaker_s_around_it(read: Read) -> None:
    [outer, inner] = read("None of us said the strike was over, Carla Diaz said.").claims
    assert (outer.claimant.name, outer.negated, inner.claimant.name, inner.negated) == (
        "Carla Diaz",
        False,
        "unresolved source",
        True,
    )


def test_a_quotation_that_nobody_used_says_so(read: Read) -> None:
    found = read(
        "Brook never said “the road is closed”. Hale said “the bridge is open”. Nobody said “the dam is"
        " safe”."
    )
    assert [(quote.text, quote.negated) for quote in found.quotes] == [
        ("the road is closed", True),
        ("the bridge is open", False),
        ("the dam is safe", True),
    ]


@pytest.mark.parametrize(
    ("text", "negated", "proposition_negated"),
    [
        ("Brook said the road was closed.", False, False),
        ("Brook said the road was not closed.", False, True),
        ("Brook did not say the road was closed.", True, False),
        ("Brook did not say the road was not closed.", True, True),
        ("Brook denied that the road was closed.", False, True),
        ("Brook denied that the road was not closed.", False, False),
        ("Brook denied having said that the road was closed.", True, False),
        ("Brook rejected claims that the road was closed.", False, True),
        ("Brook ruled out that the road would be closed.", False, True),
        ("Brook never denied that the road was closed.", True, True),
        ("Brook said nobody had closed the road.", False, True),
        ("No, Brook said, the road was closed.", False, False),
    ],
)
def test_a_claim_carries_both_facts(read: Read, text: str, negated: bool, proposition_negated: bool) -> None:
    assert [(claim.negated, claim.proposition_negated) for claim in read(text).claims] == [
        (negated, proposition_negated)
    ]


def test_whoever_denies_has_the_stance_and_whoever_withholds_has_not(read: Read) -> None:
    found = read(
        "Ida Holm rejected claims that the road was closed. Paul Reed declined to say whether the road was"
        " closed."
    )
    denies, withholds = found.claims
    assert (denies.stance, denies.negated, withholds.negated) == (Stance.DENY, False, True)
    assert withholds.stance is not Stance.DENY


@pytest.mark.parametrize(
    "proposition",
    [
        "the road is not closed",
        "nobody was hurt",
        "no decision has been made",
        "there is no evidence of fraud",
        "he had nothing to hide",
        "they haven’t paid",
        "the company no longer sells cars",
        "neither the dam nor the bridge was safe",
        "we cannot afford it",
        "Ames not to close the road",
        "not to worry",
        "the men who came were not armed",
        "if it rains, the match will not start",
        "at no point was the river blocked",
        "It is not that the road is closed",
        "had “nothing to do with it”",
        "'no proof' the plane was hit",
        "I don’t think the road is closed",
        "by no means is it over",
    ],
)
def test_a_negative_proposition(proposition: str) -> None:
    assert is_negative(proposition) is True


@pytest.mark.parametrize(
    "proposition",
    [
        "the road is closed",
        "not only the road but the bridge was closed",
        "he knew the road was not closed",
        "there is no doubt that it fell",
        "the men who did not come were ill",
        "with no warning the wall fell",
        "she could not be happier",
        "he decided not to run",
        "the decision not to run was hers",
        "the road, not the bridge, is closed",
        "it is closed, isn’t it?",
        "it opened and has not closed",
        "he left because nobody spoke",
        "we can’t thank them enough",
        "no fewer than ten people came",
        "No, the road is open",
        "they listen but nothing ever happens",
        "not because it rained but because it snowed",
        "why can’t we close the road",
        "I would urge you not to go",
        "it barely survived",
        "his not having a ticket was a mistake",
    ],
)
def test_an_affirmative_proposition(proposition: str) -> None:
    assert is_negative(proposition) is False


@pytest.mark.parametrize(
    "cue", ["denied", "has rejected claims", "disputes", "dismissed", "never denied", "has ruled out"]
)
def test_a_cue_that_says_it_is_not_so(cue: str) -> None:
    assert contradicts(cue, "that the road was closed")


@pytest.mark.parametrize(
    "cue", ["said", "denied saying", "denied ever having said", "declined", "refused to say", "ruled"]
)
def test_a_cue_that_does_not(cue: str) -> None:
    assert not contradicts(cue, "that the road was closed")


@pytest.mark.parametrize(
    ("cue", "content"),
    [
        ("was denied", "visas to enter the country"),
        ("rejected", "the offer he was made"),
        ("dismissed", "the minister who had lied"),
    ],
)
def test_what_is_nothing_true_or_false_is_not_contradicted(cue: str, content: str) -> None:
    assert not contradicts(cue, content)


@pytest.mark.parametrize(
    ("source", "whom"),
    [
        ("None of the ministers", "the ministers"), ("Not one of the boys", "the boys"), ("Nobody", None), ("No minister", None),
        ("None of them", None), ("Neither Lee nor Poe", "Lee nor Poe"), ("Neither side", None), ("No 10", "No 10"), ("Lee", "Lee"),
        ("Nobody but Lee", "Nobody but Lee"), ("Nobody, Jane Ames", "Nobody, Jane Ames"),
    ],
)  # fmt: skip
def test_who_it_is_that_said_nothing(source: str, whom: str | None) -> None:
    found = who_did_not(source, Range(0, len(source)))
    assert (None if found is None else source[slice(*found)]) == whom


def test_where_negations_are_not_known_nothing_is_said_of_them() -> None:
    assert is_negative("die Straße ist nicht gesperrt", "de") is None
    assert not is_denied("Nobody said it.", Range(0, 6), Range(7, 11), (Range(12, 14),), "de")
