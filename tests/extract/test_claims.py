from __future__ import annotations

import json
import math
from importlib.resources import files

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.fits.claims import fit_surface
from schemas.events import ClaimType, Stance
from services.extract.claims.checkworthiness import check_worthiness, surface
from services.extract.claims.claim_types import claim_type
from services.extract.claims.clauses import says_something
from services.extract.claims.cues import cue_at, lemma
from services.extract.claims.denial import is_denied
from services.extract.claims.features import NAMES, features
from services.extract.claims.words import Surface, grams
from services.extract.types import Range


@pytest.mark.parametrize(
    ("cue", "lemma", "stance"),
    [
        ("said", "say", Stance.ASSERT), ("has repeatedly denied", "deny", Stance.DENY), ("according to", "according", Stance.ASSERT),
        ("accused", "accuse", Stance.ACCUSE), ("had announced", "announce", Stance.ASSERT), ("vowed", "vow", Stance.PROMISE),
        ("admitted", "admit", Stance.ADMIT), ("claimed", "claim", Stance.DISTANCE), ("wondered", "wonder", Stance.QUESTION),
        ("urging", "urge", Stance.DEMAND), ("predicts", "predict", Stance.PREDICT), ("criticised", "criticise", Stance.CRITICIZE),
        ("believes", "believe", Stance.BELIEVE), ("wanted", "want", Stance.WANT), ("praised", "praise", Stance.PRAISE),
        ("has previously indicated", "indicate", Stance.ASSERT), ("was told by", "tell", Stance.ASSERT), ("planning", "plan", Stance.WANT),
        ("worried", "worry", Stance.BELIEVE), ("quipped", "quip", Stance.ASSERT), ("insisted", "insist", Stance.ASSERT),
        ("criticizes", "criticize", Stance.CRITICIZE), ("emphasizes", "emphasize", Stance.ASSERT), ("teaches", "teach", Stance.ASSERT),
        ("voiced", "voice", Stance.ASSERT), ("comparing", "compare", Stance.ASSERT), ("had nominated", "nominate", Stance.OTHER),
        ("has retaliated", "retaliate", Stance.OTHER), ("analysed", "analyse", Stance.OTHER), ("treated", "treat", Stance.BELIEVE),
        ("appeared", "appear", Stance.OTHER),
        ("defeated", "defeat", Stance.OTHER), ("repeated", "repeat", Stance.ASSERT), ("revealed", "reveal", Stance.ASSERT),
        ("balked at", "balk", Stance.DENY), ("pushing for", "push", Stance.DEMAND),
        ("zorbed", "zorb", Stance.OTHER), ("’s", "’s", Stance.OTHER),
        ("said in a statement", "say", Stance.ASSERT), ("wrote in a note to", "write", Stance.ASSERT),
        ("spoke out in favor of", "favor", Stance.WANT), ("in a statement said", "say", Stance.ASSERT),
        ("has called for", "call", Stance.DEMAND), ("called", "call", Stance.ASSERT), ("called them on", "call", Stance.ASSERT),
        ("calling it so-called", "so-called", Stance.DISTANCE), ("half-joking to friends", "joke", Stance.ASSERT),
        ("harkened back to", "harken", Stance.OTHER), ("would back", "back", Stance.PRAISE), ("pleaded guilty", "plead", Stance.ADMIT),
        ("disliked", "dislike", Stance.CRITICIZE), ("naming", "name", Stance.OTHER), ("put it:", "put", Stance.OTHER),
        ("provided", "provide", Stance.OTHER), ("including", "include", Stance.OTHER), ("focuses on", "focus", Stance.OTHER),
    ],
)  # fmt: skip
def test_the_head_of_a_cue_gives_lemma_and_stance(cue: str, lemma: str, stance: Stance) -> None:
    found = cue_at(cue, Range(0, len(cue)))
    assert (found.lemma.replace("'", "’"), found.stance) == (lemma, stance)


@pytest.mark.parametrize(
    "cue",
    [
        "did not say",
        "didn’t say",
        "has never said",
        "declined to comment",
        "refused to say",
        "avoided all mention of",
        "stopped short of calling",
    ],
)
def test_negated_reporting_is_known(cue: str) -> None:
    assert is_denied(f"Lee {cue} it", Range(0, 3), Range(4, 4 + len(cue)), (Range(5 + len(cue), 7 + len(cue)),))


@pytest.mark.parametrize("cue", ["said", "denied", "declined", "notes", "refused", "not only said", "has not just denied"])
def test_denial_is_a_stance_and_no_negation(cue: str) -> None:
    assert not is_denied(f"Lee {cue} it", Range(0, 3), Range(4, 4 + len(cue)), (Range(5 + len(cue), 7 + len(cue)),))


@pytest.mark.parametrize(
    ("proposition", "kind"),
    [
        ("Unemployment rose by 3 percent last year.", ClaimType.QUANTITY),
        ("Taxes will go up next year.", ClaimType.PREDICTION),
        ("The fire was caused by a cigarette.", ClaimType.CAUSAL),
        ("The law requires companies to publish their accounts.", ClaimType.RULE),
        ("Companies should publish their accounts.", ClaimType.OPINION),
        ("He was fined because he parked there.", ClaimType.CAUSAL),
        ("Enrolment grew as a result of the campaign.", ClaimType.CAUSAL),
        ("The company paid $3 million for it.", ClaimType.QUANTITY),
        ("The ministry would close two schools", ClaimType.PREDICTION),
        ("I think the coach was right", ClaimType.OPINION),
        ("I went there and saw it.", ClaimType.EXPERIENCE),
        ("This is a terrible idea.", ClaimType.OPINION),
        ("The senator voted against it.", ClaimType.EVENT),
        ("The mayor is building a new bridge", ClaimType.EVENT),
        ("Why?", ClaimType.OTHER),
        ("whether the plan was legal", ClaimType.OTHER),
        ("to close two schools", ClaimType.OTHER),
        ("their plan for the schools", ClaimType.OTHER),
        ("a judge who was born in Ohio", ClaimType.OTHER),
        ("if the mayor would return the money", ClaimType.OTHER),
        ("him to pay for the damage", ClaimType.OTHER),
        ("it as proof that nobody had looked", ClaimType.OTHER),
        ("Smith as a danger to the party", ClaimType.OTHER),
        ("Mrs. Smith's plans for new schools", ClaimType.OTHER),
        ("the schools delivered by their communities", ClaimType.OTHER),
        ("We want to make sure that it works", ClaimType.OTHER),
        ("And that was unfair to everybody.", ClaimType.OPINION),
        ("You have got to be curious, you want to learn", ClaimType.OPINION),
        ("Let us look forward together", ClaimType.OPINION),
        ("They like that direction", ClaimType.OPINION),
        ("Voters in Ohio elected a new governor in 2012, and the Senate passed his budget", ClaimType.EVENT),
        ("The mayor told me that we had no chance.", ClaimType.EXPERIENCE),
        ("I have never been to that place.", ClaimType.EXPERIENCE),
        ("The new chip made it possible to listen anywhere.", ClaimType.CAUSAL),
        ("Smoking causes cancer", ClaimType.CAUSAL),
        ("Donors made contributions to the party", ClaimType.EVENT),
        ("Secret papers must be kept pursuant to the act.", ClaimType.RULE),
        ("The party may have to look elsewhere", ClaimType.PREDICTION),
    ],
)
def test_claims_are_typed(proposition: str, kind: ClaimType) -> None:
    assert claim_type(proposition, 0.15) is kind


@pytest.mark.parametrize(
    ("proposition", "least"),
    [("They left the party last week", 0.05), ("They are leaving the party", 0.1), ("They leave the party to others", 0.2)],
)
def test_what_is_worth_checking_is_rather_an_event_than_an_opinion(proposition: str, least: float) -> None:
    assert claim_type(proposition, least) is ClaimType.EVENT
    assert claim_type(proposition, least - 0.01) is ClaimType.OPINION


@given(st.text(max_size=300))
def test_any_text_has_a_type_and_a_score(text: str) -> None:
    worth = check_worthiness(text)
    assert 0 <= worth <= 1
    assert claim_type(text, worth) in ClaimType


def test_words_are_read_without_their_case_marks_and_digits() -> None:
    assert grams("It rose 12 %") == {"it", "rose", "00", "%", "< it", "it rose", "rose 00", "00 %", "% >"}
    assert grams("“IT” rose, 34%") == grams("It rose 12 %")
    assert grams("") == {"< >"}


def test_the_order_of_the_same_words_and_pairs_does_not_move_the_score() -> None:
    surface = Surface(0.0, dict.fromkeys(NAMES, 0.0), {"a": 1e-17, "b": 1.0, "c": -1.0})
    assert surface("a b c") == surface("c b a") == 1e-17


def test_fitted_words_tell_their_classes_apart() -> None:
    worthy, other = ["Taxes rose by half here", "Spending rose in Ohio"] * 4, ["I like this place", "We like it very much"] * 4
    surface = fit_surface([*worthy, *other], np.array([1.0] * 8 + [0.0] * 8))
    assert min(surface(text) for text in worthy) > max(surface(text) for text in other)
    assert surface.words["rose"] > 0 > surface.words["like"]
    assert all(weight for weight in surface.words.values())


def test_a_figure_is_more_worth_checking_than_a_courtesy() -> None:
    assert check_worthiness("Unemployment has risen to 8.5 percent, the highest rate in 20 years.") > 0.9
    assert check_worthiness("Thank you very much.") < 0.1


def test_the_shipped_model_fits_the_features_and_says_where_it_is_from() -> None:
    model = json.loads(files("services.extract.claims").joinpath("checkworthiness.json").read_text())
    assert list(model["weights"]) == list(NAMES)
    assert len(features("x")) == len(NAMES)
    assert model["held_out"]["average_precision"] > 2 * model["held_out"]["base_rate"]
    assert model["how"]


@pytest.mark.parametrize(
    ("said", "unsaid"),
    [
        ("The court ruled against the former governor.", "the ruling of the court against the former governor"),
        ("They banned the agency from the city.", "to ban the agency from the city"),
    ],
)
def test_what_is_neither_true_nor_false_is_less_worth_checking(said: str, unsaid: str) -> None:
    assert says_something(said)
    assert not says_something(unsaid)
    assert check_worthiness(said) > check_worthiness(unsaid)
    alone = 1 / (1 + math.exp(-surface()(unsaid)))
    assert check_worthiness(unsaid) < alone
    figure = f"{unsaid} in 2019"
    assert check_worthiness(figure) == pytest.approx(1 / (1 + math.exp(-surface()(figure))), abs=1e-4)


@given(st.text(max_size=200))
def test_no_question_says_something(text: str) -> None:
    assert not says_something(f"{text}?")


@pytest.mark.parametrize("evidence", [-1e9, -4.0, 4.0, 1e9])
def test_the_networks_evidence_moves_the_score_and_no_score_leaves_its_bounds(evidence: float) -> None:
    sentence = "The government spent 3 billion euros on the project last year."
    alone, with_evidence = check_worthiness(sentence), check_worthiness(sentence, evidence)
    assert 0 <= with_evidence <= 1
    assert (with_evidence > alone) == (evidence > 0)


@pytest.mark.parametrize("word", ["s", "ss", "es", "ed", "ing", "zes", "ies", "is", "us"])
def test_every_word_has_a_lemma(word: str) -> None:
    assert lemma(word)
