from __future__ import annotations

import json
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.fits.claims import Prepared, Statement, fit_model
from schemas.events import ClaimType, Stance
from services.extract.claims.checkworthiness import check_worthiness
from services.extract.claims.clauses import says_something
from services.extract.claims.cues import cue_at, lemma
from services.extract.claims.denial import is_denied
from services.extract.claims.propositions import LOOKS, TYPES, Model, claim_type, looks, shipped
from services.extract.claims.words import grams
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
    assert is_denied(
        f"Lee {cue} it", Range(0, 3), Range(4, 4 + len(cue)), (Range(5 + len(cue), 7 + len(cue)),)
    )


@pytest.mark.parametrize(
    "cue", ["said", "denied", "declined", "notes", "refused", "not only said", "has not just denied"]
)
def test_denial_is_a_stance_and_no_negation(cue: str) -> None:
    assert not is_denied(
        f"Lee {cue} it", Range(0, 3), Range(4, 4 + len(cue)), (Range(5 + len(cue), 7 + len(cue)),)
    )


@pytest.mark.parametrize(
    ("proposition", "kind"),
    [
        ("Unemployment rose by 3 percent last year.", ClaimType.QUANTITY),
        ("more than half of the patients were children", ClaimType.QUANTITY),
        ("The blaze was caused by a cigarette.", ClaimType.CAUSAL),
        ("the heatwave has forced schools to close", ClaimType.CAUSAL),
        ("The law requires companies to publish their accounts.", ClaimType.RULE),
        ("tenants are entitled to a copy of the contract", ClaimType.RULE),
        ("it could take years before trade recovers", ClaimType.PREDICTION),
        ("We will open two new clinics.", ClaimType.ACTION),
        ("a bill will be introduced to protect wetlands", ClaimType.ACTION),
        ("Companies should publish their accounts.", ClaimType.ACTION),
        ("to close two schools", ClaimType.ACTION),
        ("the police arrested four people in Lima", ClaimType.EVENT),
        ("The senator voted against it.", ClaimType.EVENT),
        ("There are no lifts in the building", ClaimType.STATE),
        ("the island is part of the reserve", ClaimType.STATE),
        ("This is a terrible idea.", ClaimType.OPINION),
        ("I think the coach was right", ClaimType.OPINION),
        ("it was a wonderful night", ClaimType.OPINION),
    ],
)
def test_claims_are_typed(proposition: str, kind: ClaimType) -> None:
    assert claim_type(proposition) is kind


@given(st.text(max_size=300))
def test_any_text_has_a_type_and_a_score(text: str) -> None:
    assert 0 <= check_worthiness(text) <= 1
    assert claim_type(text) in TYPES
    assert len(looks(text)) == len(LOOKS)


def test_words_are_read_without_their_case_marks_and_digits() -> None:
    assert grams("It rose 12 %") == {"it", "rose", "00", "%", "< it", "it rose", "rose 00", "00 %", "% >"}
    assert grams("“IT” rose, 34%") == grams("It rose 12 %")
    assert grams("") == {"< >"}


def test_the_order_of_the_same_words_and_pairs_does_not_move_the_score() -> None:
    nothing = [0.0] * len(TYPES)
    words = {"a": [*nothing, 1e-17], "b": [*nothing, 1.0], "c": [*nothing, -1.0]}
    model = Model([*nothing, 0.0], {name: [*nothing, 0.0] for name in LOOKS}, words)
    assert model("a b c").worth == model("c b a").worth == 1e-17


def test_what_is_fitted_tells_types_and_worth_apart() -> None:
    rose = [
        Statement(text, True, ClaimType.QUANTITY)
        for text in ("Taxes rose by half here", "Spending rose in Ohio")
    ] * 4
    like = [
        Statement(text, False, ClaimType.OPINION) for text in ("I like this place", "We like it very much")
    ] * 4
    model = fit_model(Prepared([*rose, *like]), range(16))
    assert {model(item.text).type for item in rose} == {ClaimType.QUANTITY}
    assert {model(item.text).type for item in like} == {ClaimType.OPINION}
    assert min(model(item.text).worth for item in rose) > max(model(item.text).worth for item in like)
    assert all(any(row) for row in model.words.values())


def test_a_figure_is_more_worth_checking_than_a_courtesy() -> None:
    assert check_worthiness("Unemployment has risen to 8.5 percent, the highest rate in 20 years.") > 0.7
    assert check_worthiness("Thank you very much.") < 0.3


def test_the_shipped_model_fits_the_looks_and_says_where_it_is_from() -> None:
    file = files("services.extract.claims").joinpath("propositions.json")
    model = json.loads(file.read_text(encoding="utf-8"))
    assert list(model["looks"]) == list(LOOKS)
    assert model["columns"] == [*(kind.value for kind in TYPES), "worth"]
    assert {len(row) for part in (shipped().looks, shipped().words) for row in part.values()} == {
        len(TYPES) + 1
    }
    assert (
        model["each_publisher_left_out"]["average_precision_of_words"]
        > 1.5 * model["each_publisher_left_out"]["base_rate"]
    )
    assert len(file.read_bytes()) < 2_000_000


@pytest.mark.parametrize(
    ("said", "unsaid"),
    [
        (
            "The court ruled against the former governor.",
            "the ruling of the court against the former governor",
        ),
        ("They banned the agency from the city.", "to ban the agency from the city"),
    ],
)
def test_only_what_has_a_main_verb_says_something(said: str, unsaid: str) -> None:
    assert says_something(said)
    assert not says_something(unsaid)


@given(st.text(max_size=200))
def test_no_question_says_something(text: str) -> None:
    assert not says_something(f"{text}?")


@pytest.mark.parametrize("evidence", [-1e9, -4.0, 4.0, 1e9])
def test_the_networks_evidence_moves_the_score_and_no_score_leaves_its_bounds(evidence: float) -> None:
    sentence = "The government spent 3 billion euros on the project last year."
    undecided, with_evidence = check_worthiness(sentence, 0.0), check_worthiness(sentence, evidence)
    assert 0 <= with_evidence <= 1
    assert (with_evidence > undecided) == (evidence > 0)


@pytest.mark.parametrize("word", ["s", "ss", "es", "ed", "ing", "zes", "ies", "is", "us"])
def test_every_word_has_a_lemma(word: str) -> None:
    assert lemma(word)
