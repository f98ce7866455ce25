"""Check-worthiness on news: labels that hold no text, what a sentence's shipped score is, and the ranking's
figures."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.fits.claims import INVENTED
from lab.quality.checkworthiness import (
    Ranked,
    at_threshold,
    average_precision,
    figures,
    published_score,
    rank,
    table,
)
from lab.quality.gum_gold import COMMITTED as GUM
from lab.quality.gum_gold import read_gum
from lab.quality.news_labels import (
    COMMITTED,
    PROPOSITIONS,
    SOURCES,
    Label,
    locate,
    make_label,
    read_labels,
    write_labels,
)
from lab.quality.whole import Statement, Whole
from services.extract.claims.checkworthiness import WORTH_CHECKING, check_worthiness
from services.extract.claims.propositions import TYPES
from services.extract.types import Range

TEXT = "Taxes rose by 5 percent, she said. He likes cake. The bridge cost 3 million in 2019."
SPANS = (Range(0, 23),)


def label(worthy: bool = True, spans: tuple[Range, ...] = SPANS) -> Label:
    return make_label("pages", "a.html", TEXT, spans, worthy)


def test_a_sentence_is_found_again_after_the_text_moved() -> None:
    assert locate(label(), TEXT) == SPANS
    moved = "A headline\n\n" + TEXT.replace("rose by", "rose  by")
    (place,) = locate(label(), moved) or ()
    assert moved[slice(*place)] == "Taxes rose  by 5 percent"
    assert locate(label(), TEXT.replace("rose", "fell")) is None
    assert locate(label(), "") is None


@given(
    st.text(alphabet="ab \n.“é", min_size=1, max_size=40), st.text(alphabet="xy \n.", max_size=10), st.data()
)
def test_any_stretch_is_found_where_it_is_or_moved_to(text: str, before: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    span = Range(start, data.draw(st.integers(start + 1, len(text))))
    made = make_label("gum", "a", text, (span,), False)
    assert locate(made, text) == (span,)
    moved = f"{before}\n{text}"
    words = text[slice(*span)].split()
    on_borders = (start == 0 or not text[start - 1].isalnum()) and (
        span.end == len(text) or not text[span.end].isalnum()
    )
    if on_borders and made.words:
        places = locate(made, moved)
        assert places is not None
        assert "".join(words).strip(".“") in "".join(moved[slice(*places[0])].split()) or len(places) == 1


def test_labels_survive_their_file_which_holds_no_text(tmp_path: Path) -> None:
    labels = [label(), label(False, (Range(35, 49), Range(50, 60)))]
    write_labels(tmp_path / "labels.jsonl", labels)
    assert read_labels(tmp_path / "labels.jsonl") == labels
    written = (tmp_path / "labels.jsonl").read_text()
    assert "Taxes" not in written
    assert "cake" not in written


def test_the_committed_labels_are_as_the_datasheet_says() -> None:
    labels = read_labels(COMMITTED)
    counts = {
        source: (sum(x.source == source for x in labels), sum(x.worthy for x in labels if x.source == source))
        for source in SOURCES
    }
    sheet = COMMITTED.with_name("README.md").read_text(encoding="utf-8")
    assert counts.pop("polnear-train") == (0, 0)  # the network is trained on those articles
    for source, (sentences, worthy) in counts.items():
        assert f"| {source} | {sentences} | {worthy} |" in sheet
    passes = json.loads(COMMITTED.with_name("passes.json").read_text())
    agreed = [first == second for first, second in zip(passes["first"], passes["second"], strict=True)]
    assert len(agreed) == len(labels) >= 240
    assert f"agree on {sum(agreed)} of {len(agreed)}" in sheet
    settled = [
        x.worthy == first for x, first, same in zip(labels, passes["first"], agreed, strict=True) if same
    ]
    assert all(settled)  # only differences were decided anew


def test_the_propositions_are_as_the_datasheet_says_and_none_is_measured_on() -> None:
    propositions, measured = read_labels(PROPOSITIONS), read_labels(COMMITTED)
    sheet = COMMITTED.with_name("README.md").read_text(encoding="utf-8")
    invented = [json.loads(line) for line in INVENTED.read_text(encoding="utf-8").splitlines()]
    for name, worthy in (
        ("propositions.jsonl", [x.worthy for x in propositions]),
        ("invented.jsonl", [x["worthy"] for x in invented]),
    ):
        assert f"| {name} | {len(worthy)} | {sum(worthy)} |" in sheet
    assert {x.kind for x in propositions} == {x["type"] for x in invented} == {kind.value for kind in TYPES}
    assert {x.source for x in propositions} == {"gum", "polnear-train"}
    assert not {(x.file, x.spans) for x in propositions} & {(x.file, x.spans) for x in measured}


def test_the_committed_labels_of_gum_stand_in_their_texts() -> None:
    texts = {article.name: article.text for article in read_gum(GUM)}
    for item in (*read_labels(COMMITTED), *read_labels(PROPOSITIONS)):
        if item.source == "gum":
            assert locate(item, texts[item.file]) == item.spans


def test_the_shipped_score_is_the_claims_where_there_is_one() -> None:
    none = Whole(TEXT, (), (), ())
    assert published_score(none, SPANS) == check_worthiness("Taxes rose by 5 percent")
    elsewhere, close, best = (
        Statement((Range(35, 49),), 0.1),
        Statement((Range(0, 12),), 0.2),
        Statement((Range(0, 22),), 0.3),
    )
    assert published_score(Whole(TEXT, (), (), (elsewhere, close, best)), SPANS) == 0.3
    assert published_score(Whole(TEXT, (), (), (elsewhere,)), SPANS) == check_worthiness(
        "Taxes rose by 5 percent"
    )


def test_average_precision_by_hand() -> None:
    assert average_precision([0.9, 0.8, 0.7, 0.6], [True, False, True, False]) == pytest.approx(
        (1 + 2 / 3) / 2
    )
    # no order among equals
    assert average_precision([0.5, 0.5, 0.5, 0.5], [True, False, False, False]) == 0.25
    assert average_precision([0.5], [False]) == 0.0


@given(st.lists(st.tuples(st.sampled_from([0.1, 0.2, 0.3]), st.booleans()), min_size=1, max_size=12))
def test_average_precision_does_not_depend_on_the_order_of_the_rows(rows: list[tuple[float, bool]]) -> None:
    scores, labels = [score for score, _ in rows], [worthy for _, worthy in rows]
    value = average_precision(scores, labels)
    for other in (rows[::-1], sorted(rows)):
        assert average_precision([s for s, _ in other], [w for _, w in other]) == pytest.approx(value)
    assert 0.0 <= value <= 1.0


def test_figures_stand_beside_base_rate_and_baselines() -> None:
    figured = Range(50, 84)
    ranked = [
        Ranked(label(True), TEXT[slice(*SPANS[0])], 0.9),
        Ranked(label(True, (figured,)), TEXT[slice(*figured)], 0.8),
        Ranked(label(False, (Range(35, 49),)), "He likes cake.", 0.1),
    ]
    rows = figures(ranked)
    assert [(row["part"], row["ranking"], row["average_precision"]) for row in rows[:3]] == [
        ("all", "shipped scorer", 1.0),
        ("all", "longest first", 1.0),
        ("all", "most figures first", 1.0),
    ]
    assert rows[0]["base_rate"] == pytest.approx(2 / 3, abs=1e-4)
    assert {row["part"] for row in rows} == {"all", "pages"}
    assert "shipped scorer" in table(rows)
    assert at_threshold(ranked) == f"at {WORTH_CHECKING}: precision 1.000, recall 1.000, F1 1.000"


def test_labels_out_of_reach_are_counted() -> None:
    whole = Whole(TEXT, (), (), ())
    ranked, left_out = rank(
        [label(), make_label("polnear", "b", TEXT, SPANS, True)],
        lambda x: whole if x.source == "pages" else None,
    )
    assert (len(ranked), left_out) == (1, 1)
