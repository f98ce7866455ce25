"""The scorer on cases small enough to count by hand."""

from pathlib import Path

import pytest

from lab.quality.kinds import attribution_type
from lab.quality.polnear import GoldArticle, GoldAttribution
from lab.quality.scoring import (
    EXACT,
    FULL,
    ITEM,
    JACCARD,
    OVERLAP,
    WHO_SAID_WHAT,
    Count,
    add_up,
    bootstrap_f1,
    score_article,
)
from services.extract.types import Attribution, Range

TEXT = "The ministry said the bridge will reopen in May. “We are late,” its head added."


def at(words: str, start: int = 0) -> Range:
    place = TEXT.index(words, start)
    return Range(place, place + len(words))


GOLD = (
    GoldAttribution((at("The ministry"),), (at("said"),), (at("the bridge will reopen in May"),)),
    GoldAttribution((at("its head"),), (at("added"),), (at("“We are late,”"),)),
)


def article(*gold: GoldAttribution) -> GoldArticle:
    return GoldArticle("a", TEXT, gold or GOLD, 1, Path("a.ann"))


def found(source: str | None, cue: str | None, *content: str) -> Attribution:
    return Attribution(
        "indirect",
        tuple(at(part) for part in content),
        at(source) if source else None,
        at(cue) if cue else None,
        1.0,
    )


PERFECT = (
    found("The ministry", "said", "the bridge will reopen in May"),
    found("its head", "added", "“We are late,”"),
)


def test_the_annotation_itself_scores_full_marks() -> None:
    counts = score_article(article(), PERFECT)
    for measure in (ITEM, WHO_SAID_WHAT, FULL):
        for level in (EXACT, OVERLAP, JACCARD):
            assert counts[measure, level, "all"] == Count(2, 2, 2)
            assert counts[measure, level, "direct"] == Count(1, 1, 1)
            assert counts[measure, level, "indirect, speech cue"] == Count(1, 1, 1)
    assert counts["source span", EXACT, "all"] == Count(2, 2, 2)


def test_nothing_found_counts_as_missed_and_nothing_else() -> None:
    counts = score_article(article(), ())
    assert counts[ITEM, OVERLAP, "all"] == Count(0, 0, 2)
    assert counts["content span", EXACT, "all"] == Count(0, 0, 2)
    assert counts[ITEM, OVERLAP, "all"].f1 == 0


def test_a_short_content_overlaps_but_is_not_half_of_it() -> None:
    counts = score_article(article(), (found("The ministry", "said", "in May"), PERFECT[1]))
    assert counts[ITEM, OVERLAP, "all"].hits == 2
    assert counts[ITEM, JACCARD, "all"].hits == 1  # 2 of 6 tokens
    assert counts[ITEM, EXACT, "all"].hits == 1


def test_the_wrong_source_spoils_who_said_what_but_not_the_content() -> None:
    counts = score_article(
        article(), (found("its head", "said", "the bridge will reopen in May"), PERFECT[1])
    )
    assert counts[ITEM, EXACT, "all"].hits == 2
    assert counts[WHO_SAID_WHAT, OVERLAP, "all"].hits == 1
    assert counts[FULL, OVERLAP, "all"].hits == 1


def test_a_missing_source_agrees_only_with_a_missing_source() -> None:
    nameless = GoldAttribution((), (at("said"),), (at("the bridge will reopen in May"),))
    assert (
        score_article(article(nameless), (found(None, "said", "the bridge will reopen in May"),))[
            FULL, EXACT, "all"
        ].hits
        == 1
    )
    assert score_article(article(nameless), PERFECT[:1])[WHO_SAID_WHAT, OVERLAP, "all"].hits == 0
    assert score_article(article(nameless), PERFECT[:1])[ITEM, EXACT, "all"].hits == 1


def test_items_are_matched_one_to_one() -> None:
    halves = (
        found("The ministry", "said", "the bridge will"),
        found("The ministry", "said", "reopen in May"),
    )
    counts = score_article(article(GOLD[0]), halves)
    assert counts[ITEM, OVERLAP, "all"] == Count(1, 2, 1)


def test_one_item_over_two_annotated_ones_is_one_hit() -> None:
    counts = score_article(article(), (found(None, None, TEXT),))
    assert counts[ITEM, OVERLAP, "all"] == Count(1, 1, 2)


def test_the_matching_prefers_the_greater_sum() -> None:
    # The first prediction overlaps both annotated contents, the second only the one that the first overlaps
    # best.
    both = Attribution("indirect", (Range(at("the bridge").start, at("“We").end),), None, None, 1.0)
    counts = score_article(article(), (both, found("The ministry", "said", "the bridge will reopen in May")))
    assert counts[ITEM, OVERLAP, "all"].hits == 2


def test_a_part_of_a_token_touches_the_whole_token_and_white_space_nothing() -> None:
    word = at("bridge")
    counts = score_article(
        article(GoldAttribution((), (), (word,))),
        (Attribution("indirect", (Range(word.start - 1, word.end - 2),), None, None, 1.0),),
    )
    assert counts[ITEM, EXACT, "all"].hits == 1


def test_a_source_shared_by_two_attributions_is_one_span() -> None:
    shared = (GOLD[0], GoldAttribution((at("The ministry"),), (), (at("“We are late,”"),)))
    assert score_article(article(*shared), ())["source span", EXACT, "all"] == Count(0, 0, 1)


def test_an_unmatched_prediction_counts_in_the_subset_of_its_own_type() -> None:
    counts = score_article(article(GOLD[0]), PERFECT)
    assert counts[ITEM, EXACT, "direct"] == Count(0, 1, 0)
    assert counts[ITEM, EXACT, "speech"] == Count(1, 2, 1)
    assert counts[ITEM, EXACT, "indirect, other cue"] == Count(0, 0, 0)


@pytest.mark.parametrize(
    ("content", "cue", "kind"),
    [
        ("“We are late,”", "added", "direct"),
        ('"We are late".', "", "direct"),
        ("“We are late,” and tired of it", "added", "mixed"),
        ("that they are “late” again", "said", "mixed"),
        ("that they are late", "has repeatedly Said", "indirect, speech cue"),
        ("that they are late", "according to", "indirect, speech cue"),
        ("that they are late", "believes", "indirect, other cue"),
        ("that they are late", "", "indirect, other cue"),
    ],
)
def test_the_frozen_type_rule(content: str, cue: str, kind: str) -> None:
    text = content + "\n" + cue
    cues = (Range(len(content) + 1, len(text)),) if cue else ()
    assert attribution_type(text, (Range(0, len(content)),), cues) == kind


def test_micro_totals_and_their_interval() -> None:
    good, bad = score_article(article(), PERFECT), score_article(article(), ())
    key = (ITEM, EXACT, "all")
    assert add_up([good, bad])[key] == Count(2, 2, 4)
    assert bootstrap_f1([good] * 5, key) == (1.0, 1.0)
    low, high = bootstrap_f1([good, bad] * 10, key)
    assert 0.3 < low < add_up([good, bad] * 10)[key].f1 < high < 0.9
    assert bootstrap_f1([good, bad] * 10, key) == (low, high)
