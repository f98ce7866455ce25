"""The gate: what counts as a fall, what is stored, and that figures of another sample are not compared."""

from pathlib import Path

import pytest

from lab.quality.gate import (
    STORED,
    Figure,
    Measured,
    falls,
    gum_sample,
    judge,
    load,
    measure_gum,
    measure_polnear,
)
from lab.quality.gum import Entity, GumArticle, GumRelation, Mention
from lab.quality.gum_gold import COMMITTED, read_gum
from lab.quality.news_labels import COMMITTED as LABELS
from lab.quality.news_labels import make_label, read_labels
from lab.quality.news_speech_labels import COMMITTED as SPEECH
from lab.quality.news_speech_labels import GUM, make_page, read_pages
from lab.quality.news_speech_labels import make_label as make_speech
from lab.quality.polnear import GoldArticle, GoldAttribution
from lab.quality.whole import Statement, Whole
from schemas.events import Actor, ActorKind, Resolution
from services.extract.types import Attribution, Range

SYSTEM = {"extractor": "0", "model": "x", "model_sha256": "0" * 64}


def measured(value: float, error: float = 5.0, items: int = 1000, sample: str = "s") -> Measured:
    return Measured(
        "news", sample, {"found": Figure(value, items), "error": Figure(error, items, less_is_better=True)}
    )


@pytest.mark.parametrize(
    ("now", "fallen"),
    [
        (measured(80.0), []),
        (measured(79.5), []),  # within half a point
        (measured(99.0, 0.0), []),  # better is never a fall
        (measured(79.4), ["found fell from 80.0 to 79.4"]),
        (measured(80.0, 5.6), ["error rose from 5.0 to 5.6"]),
        (measured(70.0, 9.0), ["found fell", "error rose"]),
        (measured(78.2, items=100), []),  # two items of a hundred
        (measured(77.9, items=100), ["found fell"]),
    ],
)
def test_a_figure_may_fall_by_its_tolerance(now: Measured, fallen: list[str]) -> None:
    said = falls(measured(80.0), now)
    assert len(said) == len(fallen)
    assert all(expected in line for expected, line in zip(fallen, said, strict=True))


def test_other_samples_and_other_figures_are_not_passed_over() -> None:
    assert "sample" in falls(measured(80.0), measured(80.0, sample="other"))[0]
    more = Measured("news", "s", {"found": Figure(80.0, 10), "new": Figure(1.0, 10)})
    assert [line.split(": ")[1] for line in falls(measured(80.0), more)] == [
        "error is stored but no longer measured",
        "new is not stored yet; --update stores it",
    ]


def test_update_stores_what_the_next_run_compares_with(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert judge([measured(80.0)], tmp_path, SYSTEM, update=False) == 1
    assert "--update stores them" in capsys.readouterr().err
    assert judge([measured(80.0)], tmp_path, SYSTEM, update=True) == 0
    assert load(tmp_path, "news") == measured(80.0)
    assert judge([measured(80.0)], tmp_path, SYSTEM, update=False) == 0
    capsys.readouterr()
    assert judge([measured(60.0)], tmp_path, SYSTEM, update=False) == 1
    said = capsys.readouterr()
    assert said.err == "news: found fell from 80.0 to 60.0; 0.5 points are tolerated\n"
    assert "80.0" in said.out
    assert load(tmp_path, "news") == measured(80.0)  # a comparison stores nothing


def test_the_stored_figures_belong_to_the_committed_sample() -> None:
    stored = load(STORED, "gum")
    assert stored is not None
    speech = [page for page in read_pages(SPEECH) if page.part == GUM]
    assert stored.sample == gum_sample(read_gum(COMMITTED), read_labels(LABELS), speech), (
        "run python -m lab.quality.gate --update"
    )


TEXT = "Ana Weiss said the bridge cost 3 million. She hopes so."
ACTOR = Actor(
    actor_id="person:ana-weiss",
    name="Ana Weiss",
    kind=ActorKind.PERSON,
    resolution=Resolution.NAME,
    confidence=0.9,
)
FOUND = Whole(
    TEXT,
    (Attribution("indirect", (Range(15, 40),), Range(0, 9), Range(10, 14), 0.75, source_confidence=0.8),),
    (ACTOR,),
    (Statement((Range(15, 40),), 0.9),),
)


def test_the_figures_of_gum() -> None:
    article = GumArticle(
        "a",
        TEXT,
        (
            GumRelation(Range(15, 40), (Range(0, 9),), (Range(10, 14),)),
            GumRelation(Range(52, 54), (Range(42, 45),), ()),
        ),
        (Mention(1, Range(0, 9), Range(0, 9), "name"), Mention(1, Range(42, 45), Range(42, 45), "pronoun")),
        {1: Entity("person", None)},
    )
    labels = [
        make_label("gum", "a", TEXT, [Range(15, 40)], True),
        make_label("gum", "a", TEXT, [Range(42, 54)], False),
    ]
    said = make_speech(TEXT, [Range(0, 9)], [Range(10, 14)], [Range(15, 40)])
    missed = make_speech(TEXT, [Range(42, 45)], [Range(10, 14)], [Range(46, 54)])
    figures = measure_gum(
        [article], labels, [make_page("a", GUM, TEXT, (said, missed))], lambda _name, _text: FOUND
    ).figures
    assert figures["who-said-what, speech, overlap"] == Figure(66.67, 2)
    assert figures["clause found"] == Figure(50.0, 2)
    assert figures["name source → canonical name, matched"] == Figure(100.0, 1)
    assert figures["pronoun source → entity, end to end"] == Figure(0.0, 1)
    assert figures["actors, calibration error"] == Figure(10.0, 1, less_is_better=True)
    assert figures["check-worthiness, average precision"] == Figure(100.0, 2)


def test_the_figures_of_polnear_and_the_sample_they_belong_to() -> None:
    gold = (GoldAttribution((Range(0, 9),), (Range(10, 14),), (Range(15, 40),)),)
    first = measure_polnear([GoldArticle("a", TEXT, gold, 1, Path("a.ann"))], lambda _name, _text: FOUND)
    assert first.figures["full attribution, exact, all"] == Figure(100.0, 1)
    assert first.figures["attribution, calibration error"] == Figure(25.0, 1, less_is_better=True)
    assert first.figures["source, calibration error"] == Figure(20.0, 1, less_is_better=True)
    other = measure_polnear([GoldArticle("a", TEXT, (), 1, Path("a.ann"))], lambda _name, _text: FOUND)
    assert other.sample != first.sample
